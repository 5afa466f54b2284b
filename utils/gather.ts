import { setImmediate } from "node:timers";

/** Does items in batches, one batch at a time, or a few. */
export interface Gatherer<Item, Result> {
  /** Takes an item; gives its result when its batch is done. */
  add(item: Item): Promise<Result>;
  /** Resolves when nothing waits and nothing is under way. */
  idle(): Promise<void>;
  /** How many items wait for their batch. */
  readonly waiting: number;
}

type Outcome<Result> = (Result | Error)[] | (() => (Result | Error)[]);

/**
 * Gathers what arrives while work is under way into one batch: nothing waits for company, and what
 * waits anyway shares the next trip. Under load the batches grow by themselves; a lone item starts
 * at once.
 *
 * @param run does a batch: gets 1 to `max` items, gives for each, in their order, its result or the
 *   error that it failed with; or a function that does, which is called when the next batch is on
 *   its way, if one waits, so that what is left to do here overlaps what that one waits for. What
 *   either throws is thrown to each item of the batch.
 * @param options `max` items in one batch; `lanes` batches at once, one if left out; `queue.max`
 *   waiting items, beyond which `queue.refuse()` is thrown (left out: any number); `observe` is told
 *   of each batch that has ended, well or not, and of its milliseconds
 */
export function gather<Item, Result>(
  run: (batch: Item[]) => Promise<Outcome<Result>>,
  options: {
    max: number;
    lanes?: number;
    queue?: { max: number; refuse: () => Error };
    observe?: ((batch: Item[], ms: number) => void) | undefined;
  },
): Gatherer<Item, Result> {
  interface Waiting {
    item: Item;
    resolve(result: Result): void;
    reject(reason: unknown): void;
  }
  const { max, lanes = 1, queue: bound, observe } = options;
  let queue: Waiting[] = [];
  const draining = new Map<symbol, Promise<void>>();

  async function drain(lane: symbol): Promise<void> {
    // A microtask later, so that what one tick brings (a burst from one socket) goes together.
    await Promise.resolve();
    let settle: (() => void) | undefined;
    while (queue.length > 0 || settle) {
      const batch = queue.slice(0, max);
      queue = queue.slice(max);
      const running = batch.length > 0 ? perform(batch) : undefined;
      // A turn later it is sent.
      if (running && settle) await new Promise((resolve) => setImmediate(resolve));
      settle?.();
      settle = await running;
    }
    draining.delete(lane);
  }

  /** @returns how to tell those who wait for the batch what came of it */
  async function perform(batch: Waiting[]): Promise<() => void> {
    const items = batch.map((waiting) => waiting.item);
    const begun = performance.now();
    const reject = (reason: unknown) => {
      for (const waiting of batch) waiting.reject(reason);
    };
    try {
      const outcome = await run(items);
      return () => {
        try {
          const results = typeof outcome === "function" ? outcome() : outcome;
          batch.forEach((waiting, at) => {
            const result = results[at] as Result | Error;
            if (result instanceof Error) waiting.reject(result);
            else waiting.resolve(result);
          });
        } catch (reason) {
          reject(reason);
        }
      };
    } catch (reason) {
      return () => reject(reason);
    } finally {
      observe?.(items, performance.now() - begun);
    }
  }

  return {
    add(item) {
      if (bound && queue.length >= bound.max) return Promise.reject(bound.refuse());
      const { promise, resolve, reject } = Promise.withResolvers<Result>();
      queue.push({ item, resolve, reject });
      if (draining.size < lanes) {
        const lane = Symbol();
        draining.set(lane, drain(lane));
      }
      return promise;
    },
    async idle() {
      while (draining.size > 0) await Promise.all(draining.values());
    },
    get waiting() {
      return queue.length;
    },
  };
}

/** Lookups under way at once: one on a connection that has died holds up only those it carries. */
export const lookupLanes = 4;

/**
 * Finds things by their keys: what is asked for while queries are under way shares the next, so that
 * a crowd which asks all at once costs few of them. Never answers from before it was asked.
 *
 * @param find gets 1 to `max` keys, none twice, and gives what there is of them, in any order
 * @param keyOf the key of something found
 * @returns looks one up; undefined: there is none
 */
export function gatherLookups<Found>(
  find: (keys: string[]) => Promise<Found[]>,
  keyOf: (found: Found) => string | null,
  max: number,
): (key: string) => Promise<Found | undefined> {
  const { add } = gather<string, Found | undefined>(async (keys) => {
    const found = await find([...new Set(keys)]);
    const byKey = new Map(found.map((one) => [keyOf(one), one]));
    return keys.map((key) => byKey.get(key));
  }, { max, lanes: lookupLanes });
  return add;
}
