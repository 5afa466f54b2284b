import assert from "node:assert/strict";
import { createTestDatabase, testPostgresUrl } from "../support/postgres.ts";
import { fuzz } from "./fuzz.ts";

/** A runtime grows until it collects; what leaks would show in the long run, by much more. MiB. */
const growthMax = 250;

for (
  const { name, ignore, inputs, database } of [
    // It takes one statement at a time, and four times as long.
    { name: "PGlite", ignore: false, inputs: 1_000, database: () => Promise.resolve(undefined) },
    {
      name: "Postgres",
      ignore: testPostgresUrl === undefined,
      inputs: 3_000,
      database: () => createTestDatabase(testPostgresUrl as string),
    },
  ]
) {
  Deno.test({
    name: `whatever is sent is answered as the protocol says, on ${name}`,
    ignore,
    async fn() {
      const databaseUrl = await database();
      const { frames, requests, memory } = await fuzz({ seed: 4, inputs, databaseUrl });
      assert.ok(frames + requests >= inputs);
      assert.ok(memory.after - memory.before < growthMax, JSON.stringify(memory));
    },
  });
}
