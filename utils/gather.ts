import { setImmediate } from "node:timers";

/** Does items in batches, one batch at a time. */
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
 * @param options `max` items in one batch; `queueMax` waiting items, beyond which `refuse()` is thrown;
 *   `observe` is told of each batch that has ended, well or not, and of its milliseconds
 */
export function gather<Item, Result>(
  run: (batch: Item[]) => Promise<Outcome<Result>>,
  options: {
    max: number;
    queueMax: number;
    refuse: () => Error;
    observe?: ((batch: Item[], ms: number) => void) | undefined;
  },
): Gatherer<Item, Result> {
  interface Waiting {
    item: Item;
    resolve(result: Result): void;
    reject(reason: unknown): void;
  }
  let queue: Waiting[] = [];
  let draining: Promise<void> | undefined;

  async function drain(): Promise<void> {
    // A microtask later, so that what one tick brings (a burst from one socket) goes together.
    await Promise.resolve();
    let settle: (() => void) | undefined;
    while (queue.length > 0 || settle) {
      const batch = queue.slice(0, options.max);
      queue = queue.slice(options.max);
      const running = batch.length > 0 ? perform(batch) : undefined;
      // A turn later it is sent.
      if (running && settle) await new Promise((resolve) => setImmediate(resolve));
      settle?.();
      settle = await running;
    }
    draining = undefined;
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
      options.observe?.(items, performance.now() - begun);
    }
  }

  return {
    add(item) {
      if (queue.length >= options.queueMax) return Promise.reject(options.refuse());
      const { promise, resolve, reject } = Promise.withResolvers<Result>();
      queue.push({ item, resolve, reject });
      draining ??= drain();
      return promise;
    },
    idle: () => draining ?? Promise.resolve(),
    get waiting() {
      return queue.length;
    },
  };
}
