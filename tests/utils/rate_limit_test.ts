import assert from "node:assert/strict";
import { createRateLimit } from "@/utils/rate_limit.ts";

Deno.test("a rate limit lets so many through and then says how long to wait", async () => {
  const limit = createRateLimit(3, 60);
  for (let n = 0; n < 3; n++) assert.equal(await limit("ana"), 0);
  const wait = await limit("ana");
  assert.ok(wait > 50 && wait <= 60 && Number.isInteger(wait), `${wait} s`);
});

Deno.test("a rate limit counts for each key alone", async () => {
  const limit = createRateLimit(1, 60);
  assert.equal(await limit("ana"), 0);
  assert.ok(await limit("ana") > 0);
  assert.equal(await limit("jonas"), 0);
});

Deno.test("a rate limit has room again after the seconds it named", async () => {
  const limit = createRateLimit(1, 1);
  assert.equal(await limit("ana"), 0);
  const wait = await limit("ana");
  assert.equal(wait, 1);
  await new Promise((resolve) => setTimeout(resolve, wait * 1000));
  assert.equal(await limit("ana"), 0);
});

Deno.test("a rate limit of less than one lets nothing through", async () => {
  const limit = createRateLimit(0.5, 60);
  assert.ok(await limit("ana") > 0);
});
