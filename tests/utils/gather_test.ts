import assert from "node:assert/strict";
import { gather, gatherLookups } from "@/utils/gather.ts";
import { until } from "../support/until.ts";

/** A gatherer whose batches end when the test says so. */
function underControl(
  { queueMax = 100, ...options }: {
    max?: number;
    lanes?: number;
    queueMax?: number;
    observe?: (items: string[], ms: number) => void;
  } = {},
) {
  const batches: { items: string[]; end: PromiseWithResolvers<string[]> }[] = [];
  const begun: (() => void)[] = [];
  const gatherer = gather<string, string>(
    (items) => {
      const end = Promise.withResolvers<string[]>();
      batches.push({ items, end });
      begun.splice(0).forEach((wake) => wake());
      return end.promise;
    },
    { max: 10, queue: { max: queueMax, refuse: () => new Error("Full") }, ...options },
  );
  return {
    gatherer,
    batches,
    /** The items of a batch, once it runs. */
    async items(n: number): Promise<string[]> {
      while (batches.length <= n) await new Promise<void>((resolve) => begun.push(resolve));
      return batches[n]!.items;
    },
    end: (n: number) => batches[n]!.end.resolve(batches[n]!.items.map((item) => `${item}!`)),
    fail: (n: number, reason: Error) => batches[n]!.end.reject(reason),
  };
}

Deno.test("gather() runs what one tick brings as one batch, in order", async () => {
  const { gatherer, batches, items, end } = underControl();
  const results = ["a", "b", "c"].map((item) => gatherer.add(item));
  assert.deepEqual(await items(0), ["a", "b", "c"]);
  end(0);
  assert.deepEqual(await Promise.all(results), ["a!", "b!", "c!"]);
  assert.equal(batches.length, 1);
});

Deno.test("gather() keeps what comes meanwhile for the next batch, one at a time", async () => {
  const { gatherer, batches, items, end } = underControl();
  const first = gatherer.add("a");
  await items(0);
  const later = [gatherer.add("b"), gatherer.add("c")];
  assert.equal(batches.length, 1);
  end(0);
  assert.equal(await first, "a!");
  assert.deepEqual(await items(1), ["b", "c"]);
  end(1);
  assert.deepEqual(await Promise.all(later), ["b!", "c!"]);
});

Deno.test("gather() does as many batches at once as it has lanes, and is idle after the last", async () => {
  const { gatherer, batches, items, end } = underControl({ lanes: 2 });
  const first = [gatherer.add("a"), gatherer.add("b")];
  assert.deepEqual(await items(0), ["a", "b"]);
  const second = gatherer.add("c");
  assert.deepEqual(await items(1), ["c"]);
  const third = gatherer.add("d");
  assert.equal(batches.length, 2);
  const order: string[] = [];
  const idle = gatherer.idle().then(() => order.push("idle"));
  end(1);
  assert.equal(await second, "c!");
  assert.deepEqual(await items(2), ["d"]);
  end(0);
  await Promise.all(first);
  end(2);
  await third.then(() => order.push("third"));
  await idle;
  assert.deepEqual(order, ["third", "idle"]);
});

Deno.test("gather() splits what is too much for one batch", async () => {
  const { gatherer, items, end } = underControl({ max: 2 });
  const results = ["a", "b", "c"].map((item) => gatherer.add(item));
  assert.deepEqual(await items(0), ["a", "b"]);
  end(0);
  assert.deepEqual(await items(1), ["c"]);
  end(1);
  assert.deepEqual(await Promise.all(results), ["a!", "b!", "c!"]);
});

Deno.test("gather() fails the items of a failed batch and goes on with the next", async () => {
  const { gatherer, items, end, fail } = underControl();
  const failed = [gatherer.add("a"), gatherer.add("b")];
  await items(0);
  const next = gatherer.add("c");
  fail(0, new Error("Out of order"));
  for (const one of failed) await assert.rejects(one, /Out of order/);
  await items(1);
  end(1);
  assert.equal(await next, "c!");
});

Deno.test("gather() refuses what is beyond its queue, and takes items again later", async () => {
  const { gatherer, items, end } = underControl({ queueMax: 2 });
  const first = gatherer.add("a");
  await items(0);
  const waiting = [gatherer.add("b"), gatherer.add("c")];
  await assert.rejects(gatherer.add("d"), /Full/);
  end(0);
  await first;
  await items(1);
  const again = gatherer.add("e");
  end(1);
  assert.deepEqual(await Promise.all(waiting), ["b!", "c!"]);
  await items(2);
  end(2);
  assert.equal(await again, "e!");
});

Deno.test("gather() is idle when nothing waits and nothing is under way", async () => {
  const { gatherer, items, end } = underControl();
  await gatherer.idle();
  let idle = false;
  const result = gatherer.add("a");
  const waited = gatherer.idle().then(() => idle = true);
  await items(0);
  const later = gatherer.add("b");
  end(0);
  await result;
  await items(1);
  assert.equal(idle, false);
  end(1);
  await later;
  await waited;
  await gatherer.idle();
});

Deno.test("gather() says what waits, and tells of each batch that has ended, also of one that failed", async () => {
  const observed: [items: string[], ms: number][] = [];
  const observe = (items: string[], ms: number) => observed.push([items, ms]);
  const { gatherer, items, end, fail } = underControl({ max: 2, observe });
  const results = ["a", "b", "c"].map((item) => gatherer.add(item).catch(() => "failed"));
  await items(0);
  assert.deepEqual([gatherer.waiting, observed], [1, []]);
  fail(0, new Error("Away"));
  await items(1);
  end(1);
  assert.deepEqual(await Promise.all(results), ["failed", "failed", "c!"]);
  await gatherer.idle();
  assert.equal(gatherer.waiting, 0);
  assert.deepEqual(observed.map(([items]) => items), [["a", "b"], ["c"]]);
  assert.ok(observed.every(([, ms]) => ms >= 0));
});

Deno.test("gather() has a batch finished once the next one is on its way", async () => {
  const order: string[] = [];
  const waiting = Promise.withResolvers<void>();
  const gatherer = gather<string, string>(
    async (items) => {
      order.push(`run ${items}`);
      if (items.includes("a")) await waiting.promise;
      return () => {
        order.push(`finish ${items}`);
        return items;
      };
    },
    { max: 10 },
  );
  const results = [gatherer.add("a")];
  await Promise.resolve();
  results.push(gatherer.add("b"));
  waiting.resolve();
  assert.deepEqual(await Promise.all(results), ["a", "b"]);
  assert.deepEqual(order, ["run a", "run b", "finish a", "finish b"]);
  assert.equal(await gatherer.add("c"), "c");
  assert.deepEqual(order.slice(4), ["run c", "finish c"]);
});

Deno.test("gather() fails the items of a batch that cannot be finished", async () => {
  const gatherer = gather<string, string>(
    () =>
      Promise.resolve(() => {
        throw new Error("Out of order");
      }),
    { max: 10 },
  );
  await assert.rejects(gatherer.add("a"), /Out of order/);
});

Deno.test("gatherLookups() finds what many ask for at once by few queries, each key once", async () => {
  const queries: string[][] = [];
  const store = new Map([["a", 1], ["b", 2], ["c", 3]]);
  const lookUp = gatherLookups<{ key: string; value: number }>(
    (keys) => {
      queries.push(keys);
      // In another order than asked for, as a database may answer.
      const found = keys.filter((key) => store.has(key)).reverse();
      return Promise.resolve(found.map((key) => ({ key, value: store.get(key)! })));
    },
    ({ key }) => key,
    3,
  );
  const found = await Promise.all(["a", "b", "a", "x", "c"].map(lookUp));
  assert.deepEqual(found.map((one) => one?.value), [1, 2, 1, undefined, 3]);
  assert.deepEqual(queries, [["a", "b"], ["x", "c"]]);
  store.set("a", 4);
  assert.equal((await lookUp("a"))?.value, 4);
});

Deno.test("gatherLookups() never answers from a query that was under way, and fails those alone who shared it", async () => {
  const queries: { keys: string[]; end: PromiseWithResolvers<{ key: string; at: number }[]> }[] =
    [];
  const lookUp = gatherLookups(
    (keys) => {
      const end = Promise.withResolvers<{ key: string; at: number }[]>();
      queries.push({ keys, end });
      return end.promise;
    },
    ({ key }) => key,
    10,
  );
  const before = lookUp("a");
  await until(() => queries.length === 1);
  const after = lookUp("a");
  await until(() => queries.length === 2);
  queries[1]!.end.resolve([{ key: "a", at: 2 }]);
  queries[0]!.end.reject(new Error("The connection died"));
  await assert.rejects(before, /The connection died/);
  assert.equal((await after)?.at, 2);
});
