import assert from "node:assert/strict";
import { openPostgres, select } from "@/db/database.ts";
import { migrate } from "@/db/migrate.ts";
import { openQueue, type Outcome, type Queue } from "@/db/queue.ts";
import { newId } from "@/utils/ids.ts";
import { sql } from "drizzle-orm";
import { createTestDatabase, testPostgresUrl } from "../support/postgres.ts";
import { silentLog, testDatabases } from "../support/server.ts";

const log = silentLog;
const parts = { limitSeconds: 1, retryDelaySeconds: 1, retryLimit: 1 };

/** Waits until something holds, at most 20 s. */
async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + 20_000;
  while (!await holds()) {
    if (performance.now() > end) throw new Error(`Waited 20 s until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const job = (name: string) => ({ id: newId(), data: { name } });

for (const { name, open, ignore } of testDatabases) {
  Deno.test({
    name: `a job that never ends fails alone, and is given up with its reason (${name})`,
    ignore,
    async fn() {
      const database = await open();
      const queue: Queue = await openQueue(database, { work: parts }, { log });
      const done: string[] = [];
      try {
        await queue.work<{ name: string }>("work", ({ data }): Promise<Outcome> => {
          done.push(data.name);
          if (data.name === "hangs") return new Promise(() => {});
          if (data.name === "refused") return Promise.resolve({ done: false, reason: "No such" });
          return Promise.resolve({ done: true });
        });
        const names = ["hangs", "refused", ...Array.from({ length: 12 }, (_, n) => `quick ${n}`)];
        await queue.add(database.db, "work", names.map(job));
        await until(
          async () => (await queue.undelivered(10)).length === 2,
          "two jobs were given up",
        );
        const given = await queue.undelivered<{ name: string }>(10);
        assert.deepEqual(
          given.map(({ queue, data, reason }) => [queue, data.name, reason]).sort(),
          [["work", "hangs", "Not done within 1 s"], ["work", "refused", "No such"]],
        );
        assert.deepEqual(
          done.toSorted(),
          [...names, "hangs"].toSorted(),
          "only what failed is tried again",
        );
      } finally {
        await queue.close();
        await database.close();
      }
    },
  });

  Deno.test({
    name: `jobs are added in the transaction that is handed over (${name})`,
    ignore,
    async fn() {
      const database = await open();
      const queue = await openQueue(database, { work: parts }, { log });
      const count = async () => {
        const [row] = await select<{ count: number }>(
          database.db,
          sql`select count(*)::int as count from pgboss.job where name = 'work'`,
        );
        return row?.count;
      };
      try {
        await assert.rejects(database.db.transaction(async (tx) => {
          await queue.add(tx, "work", [job("one")]);
          throw new Error("Undone");
        }));
        assert.equal(await count(), 0);
        await database.db.transaction((tx) => queue.add(tx, "work", [job("one"), job("two")]));
        assert.equal(await count(), 2);
      } finally {
        await queue.close();
        await database.close();
      }
    },
  });

  Deno.test({
    name: `a text of statements that fails half-way leaves no transaction open (${name})`,
    ignore,
    async fn() {
      const database = await open();
      try {
        for (let n = 0; n < 12; n++) {
          await assert.rejects(
            database.queueDatabase.db.executeSql("begin; select 1 / 0; commit"),
          );
        }
        const rows = await Promise.all(
          Array.from({ length: 12 }, () => select(database.db, sql`select 1 as one`)),
        );
        assert.ok(rows.every(([row]) => (row as { one: number }).one === 1));
      } finally {
        await database.close();
      }
    },
  });
}

Deno.test({
  name: "instances that start together on a new database all open the queue",
  ignore: testPostgresUrl === undefined,
  async fn() {
    const url = await createTestDatabase(testPostgresUrl as string);
    const databases = await Promise.all(Array.from({ length: 4 }, () => openPostgres(url)));
    await Promise.all(databases.map(({ db }) => migrate(db)));
    const queues = await Promise.all(
      databases.map((database) => openQueue(database, { work: parts }, { log })),
    );
    await Promise.all(queues.map((queue) => queue.close()));
    await Promise.all(databases.map((database) => database.close()));
  },
});
