import assert from "node:assert/strict";
import { sql } from "drizzle-orm";
import { type Database, openEmbedded, openPostgres, select } from "@/db/database.ts";
import { migrate } from "@/db/migrate.ts";
import { insertUser, selectUser } from "@/db/users.ts";
import { newId } from "@/utils/ids.ts";
import { createTestDatabase, testPostgresUrl } from "../support/postgres.ts";

/** Empty databases: nothing was migrated yet. */
const emptyDatabases = [
  { name: "PGlite", open: () => openEmbedded(), ignore: false },
  {
    name: "Postgres",
    open: async () => openPostgres(await createTestDatabase(testPostgresUrl!)),
    ignore: testPostgresUrl === undefined,
  },
];

const migrations = [...Deno.readDirSync(new URL("../../drizzle", import.meta.url))]
  .filter((entry) => entry.name.endsWith(".sql"));

async function countApplied(db: Database): Promise<number> {
  const [row] = await select<{ count: number }>(
    db,
    sql`select count(*)::int as count from schema_migrations`,
  );
  return row!.count;
}

for (const { name, open, ignore } of emptyDatabases) {
  Deno.test({
    name: `migrating applies all there is, and again it applies nothing (${name})`,
    ignore,
    async fn() {
      const database = await open();
      const { db } = database;
      await migrate(db);
      assert.equal(await countApplied(db), migrations.length);
      const user = await insertUser(db, { id: newId(), username: "ana", displayName: "Ana" });

      await migrate(db);
      assert.equal(await countApplied(db), migrations.length);
      assert.deepEqual(await selectUser(db, user.id), user);
      await database.close();
    },
  });

  Deno.test({
    name: `a migration that fails leaves nothing behind (${name})`,
    ignore,
    async fn() {
      const database = await open();
      const { db } = database;
      // In the way of one of the tables.
      await db.execute(sql`create table messages (id int)`);
      await assert.rejects(migrate(db));
      const rows = await select<{ name: string }>(
        db,
        sql`select table_name as name from information_schema.tables where table_schema = 'public'`,
      );
      assert.deepEqual(rows.map((row) => row.name), ["messages"]);

      await db.execute(sql`drop table messages`);
      await migrate(db);
      assert.equal(await countApplied(db), migrations.length);
      await database.close();
    },
  });
}

Deno.test({
  name: "instances that start at once on an empty database migrate it once",
  ignore: testPostgresUrl === undefined,
  async fn() {
    const url = await createTestDatabase(testPostgresUrl!);
    const instances = await Promise.all([1, 2, 3, 4].map(() => openPostgres(url, 2)));
    await Promise.all(instances.map(({ db }) => migrate(db)));
    assert.equal(await countApplied(instances[0]!.db), migrations.length);
    await Promise.all(instances.map((instance) => instance.close()));
  },
});
