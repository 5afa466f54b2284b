import { openPostgres, select } from "@/db/database.ts";
import { migrate } from "@/db/migrate.ts";
import { deleteExpiredRateLimits, openInDatabase } from "@/db/rate_limits.ts";
import { createFailureLimit, createRateLimit, openInMemory } from "@/utils/rate_limit.ts";
import { sql } from "drizzle-orm";
import assert from "node:assert/strict";
import { createTestDatabase, testPostgresUrl } from "../support/postgres.ts";
import { testDatabases } from "../support/server.ts";
import { until } from "../support/until.ts";

for (const { name, open, ignore } of testDatabases) {
  Deno.test({
    name: `limits in the database are one for all who count there (${name})`,
    ignore,
    async fn() {
      const database = await open();
      const here = openInDatabase(database.db, openInMemory);
      const there = openInDatabase(database.db, openInMemory);
      const one = createRateLimit(here, "test", 3, 60);
      const other = createRateLimit(there, "test", 3, 60);
      assert.equal(await one.take("ana"), 0);
      assert.equal(await other.take("ana"), 0);
      await other.giveBack("ana");
      assert.equal(await other.take("ana"), 0);
      assert.equal(await one.take("ana"), 0);
      const wait = await other.take("ana");
      assert.ok(wait > 50 && wait <= 60, `${wait} s`);
      assert.equal(await other.take("jonas"), 0);

      const brief = createRateLimit(here, "brief", 1, 0.2);
      assert.equal(await brief.take("ana"), 0);
      await until(async () => await brief.take("ana") === 0);
      await database.close();
    },
  });

  Deno.test({
    name: `failures are one for all who count there, at once too (${name})`,
    ignore,
    async fn() {
      const database = await open();
      const waits = { first: 60, longest: 3_600, forgotten: 86_400 };
      const limits = [1, 2].map(() =>
        createFailureLimit(openInDatabase(database.db, openInMemory), "test", 5, waits)
      );
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => limits.map((limit) => limit.take("ana"))).flat(),
      );
      assert.equal(answers.filter((wait) => wait === 0).length, 5);
      await limits[0]?.clear("ana");
      assert.equal(await limits[1]?.take("ana"), 0);
      await database.close();
    },
  });

  Deno.test({
    name: `the table of limits holds no names, and only what still counts (${name})`,
    ignore,
    async fn() {
      const database = await open();
      const inDatabase = openInDatabase(database.db, openInMemory);
      await createRateLimit(inDatabase, "test", 3, 60).take("ana@example.com 203.0.113.9");
      await createRateLimit(inDatabase, "test", 3, 600).take("jonas");
      const rows = () => select<{ key: string }>(database.db, sql`select key from rate_limits`);
      for (const { key } of await rows()) assert.match(key, /^[\w-]{43}$/);
      assert.equal((await rows()).length, 2);
      await deleteExpiredRateLimits(database.db, Date.now() + 61_000);
      assert.equal((await rows()).length, 1);
      await database.close();
    },
  });
}

Deno.test({
  name: "while the database is away, this process counts alone",
  ignore: testPostgresUrl === undefined,
  async fn() {
    const url = await createTestDatabase(testPostgresUrl as string);
    const database = await openPostgres(url);
    await migrate(database.db);
    const open = openInDatabase(database.db, openInMemory);
    const limit = createRateLimit(open, "test", 2, 60);
    const failures = createFailureLimit(open, "failures", 2, {
      first: 60,
      longest: 60,
      forgotten: 60,
    });
    await database.close();
    for (const one of [limit, failures]) {
      assert.deepEqual([await one.take("ana"), await one.take("ana")], [0, 0]);
      assert.ok(await one.take("ana") > 0);
    }
    await failures.clear("ana");
    assert.equal(await failures.take("ana"), 0);
  },
});
