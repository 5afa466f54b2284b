/**
 * Gathers what arrives while work is under way into one batch: nothing waits for company, and what
 * waits anyway shares the next trip. Under load the batches grow by themselves; a lone item starts
 * at once.
 *
 * @param run does a batch: gets 1 to `max` items, gives one result for each, in their order. What
 *   it throws is thrown to each item of the batch.
 * @param options `max` items in one batch; `queueMax` waiting items, beyond which `refuse()` is thrown
 * @returns a function that takes an item and gives its result when its batch is done
 */
export function gather<Item, Result>(
  run: (batch: Item[]) => Promise<Result[]>,
  options: { max: number; queueMax: number; refuse: () => Error },
): (item: Item) => Promise<Result> {
  interface Waiting {
    item: Item;
    resolve(result: Result): void;
    reject(reason: unknown): void;
  }
  let queue: Waiting[] = [];
  let running = false;

  async function drain(): Promise<void> {
    running = true;
    while (queue.length > 0) {
      const batch = queue.slice(0, options.max);
      queue = queue.slice(options.max);
      try {
        const results = await run(batch.map((waiting) => waiting.item));
        batch.forEach((waiting, at) => waiting.resolve(results[at] as Result));
      } catch (reason) {
        for (const waiting of batch) waiting.reject(reason);
      }
    }
    running = false;
  }

  return (item) => {
    if (queue.length >= options.queueMax) return Promise.reject(options.refuse());
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    queue.push({ item, resolve, reject });
    // A microtask later, so that what one tick brings (a burst from one socket) goes together.
    if (!running) {
      running = true;
      queueMicrotask(drain);
    }
    return promise;
  };
}
