import assert from "node:assert/strict";
import { createFailureLimit, createRateLimit, mostKeys, openInMemory } from "@/utils/rate_limit.ts";
import { until } from "../support/until.ts";

const limitOf = (points: number, seconds: number) =>
  createRateLimit(openInMemory, "test", points, seconds);

Deno.test("a rate limit lets so many through and then says how long to wait", async () => {
  const limit = limitOf(3, 60);
  for (let n = 0; n < 3; n++) assert.equal(await limit.take("ana"), 0);
  const wait = await limit.take("ana");
  assert.ok(wait > 50 && wait <= 60 && Number.isInteger(wait), `${wait} s`);
});

Deno.test("a rate limit counts for each key alone", async () => {
  const limit = limitOf(1, 60);
  assert.equal(await limit.take("ana"), 0);
  assert.ok(await limit.take("ana") > 0);
  assert.equal(await limit.take("jonas"), 0);
});

Deno.test("a rate limit has room again when its time is over", async () => {
  const limit = limitOf(1, 0.1);
  assert.equal(await limit.take("ana"), 0);
  assert.equal(await limit.take("ana"), 1, "Never sooner than is told");
  await until(async () => await limit.take("ana") === 0);
});

Deno.test("a clock that is put back holds nothing against anyone", async () => {
  const { now } = Date;
  const limit = limitOf(1, 60);
  const failures = createFailureLimit(openInMemory, "failures", 1, {
    first: 60,
    longest: 600,
    forgotten: 3_600,
  });
  assert.equal(await limit.take("ana"), 0);
  assert.equal(await failures.take("ana"), 0);
  try {
    Date.now = () => now() - 60 * 60_000;
    for (const one of [limit, failures]) {
      assert.equal(await one.take("ana"), 0);
      const wait = await one.take("ana");
      assert.ok(wait > 50 && wait <= 120, `${wait} s`);
    }
  } finally {
    Date.now = now;
  }
});

Deno.test("a rate limit of less than one lets nothing through", async () => {
  assert.ok(await limitOf(0.5, 60).take("ana") > 0);
});

Deno.test("what is given back to a rate limit has not been counted", async () => {
  const limit = limitOf(1, 60);
  for (let n = 0; n < 3; n++) {
    assert.equal(await limit.take("ana"), 0);
    await limit.giveBack("ana");
  }
});

Deno.test("a flood of keys ends where memory would, and spares those that were there", async () => {
  const limit = limitOf(2, 600);
  assert.equal(await limit.take("ana"), 0);
  const before = Deno.memoryUsage().heapUsed;
  let refused = 0;
  for (let n = 0; n < 4 * mostKeys; n++) if (await limit.take(`2001:db8:${n}::/64`) > 0) refused++;
  const bytes = Deno.memoryUsage().heapUsed - before;
  assert.ok(refused > 2 * mostKeys, `${refused} refused`);
  assert.ok(bytes < 150_000_000, `${bytes} bytes`);
  assert.equal(await limit.take("ana"), 0);
});

const waits = { first: 60, longest: 3_600, forgotten: 86_400 };

Deno.test("the last of the free failures is followed by a wait", async () => {
  const limit = createFailureLimit(openInMemory, "test", 5, waits);
  for (let n = 0; n < 5; n++) assert.equal(await limit.take("ana"), 0);
  const wait = await limit.take("ana");
  assert.ok(wait > 50 && wait <= 60, `${wait} s`);
  assert.equal(await limit.take("jonas"), 0);
});

Deno.test("each failure after a wait makes the next wait twice as long", async () => {
  const limit = createFailureLimit(openInMemory, "test", 2, {
    first: 0.05,
    longest: 0.2,
    forgotten: 60,
  });
  const started: number[] = [];
  while (started.length < 7) {
    if (await limit.take("ana") === 0) started.push(performance.now());
    else await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const waited = started.slice(1).map((at, n) => at - (started[n] as number));
  // Timers may be late, and never early by more than their own grain.
  for (const [n, least] of [0, 50, 100, 200, 200, 200].entries()) {
    assert.ok((waited[n] as number) >= least - 2, `${waited}`);
  }
});

Deno.test("many tries at once gain nothing", async () => {
  const limit = createFailureLimit(openInMemory, "test", 5, waits);
  const answers = await Promise.all(Array.from({ length: 200 }, () => limit.take("ana")));
  assert.equal(answers.filter((wait) => wait === 0).length, 5);
});

Deno.test("who succeeds has all failures forgiven, and what came to nothing is none", async () => {
  const limit = createFailureLimit(openInMemory, "test", 3, waits);
  for (let n = 0; n < 3; n++) await limit.take("ana");
  assert.ok(await limit.take("ana") > 0);
  await limit.clear("ana");
  for (let n = 0; n < 6; n++) {
    assert.equal(await limit.take("ana"), 0);
    await limit.giveBack("ana");
  }
});
