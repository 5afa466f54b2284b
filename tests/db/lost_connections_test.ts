import assert from "node:assert/strict";
import { databaseError, isReady, isTransient, openPostgres } from "@/db/database.ts";
import { sql } from "drizzle-orm";
import postgres from "postgres";
import { createTestDatabase, testPostgresUrl } from "../support/postgres.ts";

const patienceMs = 20_000;

Deno.test({
  name: "connections that the database drops under load cost what was under way, and nothing more",
  ignore: testPostgresUrl === undefined,
  async fn() {
    const url = await createTestDatabase(testPostgresUrl as string);
    const uncaught: unknown[] = [];
    const note = (event: ErrorEvent | PromiseRejectionEvent) => {
      event.preventDefault();
      uncaught.push("reason" in event ? event.reason : event.error);
    };
    addEventListener("error", note);
    addEventListener("unhandledrejection", note);
    const { db, close } = await openPostgres(url);
    const foe = postgres(url, { max: 1 });
    try {
      const lost: unknown[] = [];
      let isOver = false;
      let done = 0;
      const work = Array.from({ length: 40 }, async (_, n) => {
        while (!isOver) {
          const query = sql`select pg_sleep(0.002), ${"x".repeat(n * 100)}::text`;
          await (n % 3 > 0 ? db.execute(query) : db.transaction(async (tx) => {
            for (let count = 0; count < 3; count++) await tx.execute(query);
          })).then(() => done++, (error) => lost.push(error));
        }
      });
      for (let round = 0; round < 40; round++) {
        const before = done;
        const end = performance.now() + patienceMs;
        while (done < before + 20) {
          assert.ok(performance.now() < end, "No query gets through any more");
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        await foe`
          select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and pid <> pg_backend_pid()
        `;
      }
      isOver = true;
      await Promise.all(work);
      assert.ok(await isReady(db));
      assert.deepEqual(uncaught, []);
      assert.ok(lost.length > 0);
      // What is lost says so, and is tried again.
      const others = lost.filter((error) => !isTransient(error));
      assert.deepEqual(others.map((error) => databaseError(error) ?? error), []);
    } finally {
      removeEventListener("error", note);
      removeEventListener("unhandledrejection", note);
      await foe.end({ timeout: 1 });
      await close();
    }
  },
});
