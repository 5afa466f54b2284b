/** Does items in batches, one batch at a time. */
export interface Gatherer<Item, Result> {
  /** Takes an item; gives its result when its batch is done. */
  add(item: Item): Promise<Result>;
  /** Resolves when nothing waits and nothing is under way. */
  idle(): Promise<void>;
  /** How many items wait for their batch. */
  readonly waiting: number;
}

/**
 * Gathers what arrives while work is under way into one batch: nothing waits for company, and what
 * waits anyway shares the next trip. Under load the batches grow by themselves; a lone item starts
 * at once.
 *
 * @param run does a batch: gets 1 to `max` items, gives for each, in their order, its result or the
 *   error that it failed with. What it throws is thrown to each item of the batch.
 * @param options `max` items in one batch; `queueMax` waiting items, beyond which `refuse()` is thrown;
 *   `observe` is told of each batch that has ended, well or not, and of its milliseconds
 */
export function gather<Item, Result>(
  run: (batch: Item[]) => Promise<(Result | Error)[]>,
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
    while (queue.length > 0) {
      const batch = queue.slice(0, options.max);
      queue = queue.slice(options.max);
      const items = batch.map((waiting) => waiting.item);
      const begun = performance.now();
      try {
        const results = await run(items);
        batch.forEach((waiting, at) => {
          const result = results[at] as Result | Error;
          if (result instanceof Error) waiting.reject(result);
          else waiting.resolve(result);
        });
      } catch (reason) {
        for (const waiting of batch) waiting.reject(reason);
      }
      options.observe?.(items, performance.now() - begun);
    }
    draining = undefined;
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
