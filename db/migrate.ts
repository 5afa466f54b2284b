/**
 * Brings a database to this version's schema.
 *
 * @module
 */
import { sql } from "drizzle-orm";
import { readMigrationFiles } from "drizzle-orm/migrator";
import { fileURLToPath } from "node:url";
import { type Database, select } from "./database.ts";

/** Any number: the advisory lock under which instances that start together take turns. */
const migrationLock = 7_221_936;

/**
 * Applies what `drizzle/` has and the database has not, then the functions, in one transaction
 * under an advisory lock: all of it or nothing, once, however many instances start at the same time.
 * Drizzle's own migrator opens a transaction of its own and so cannot run under a lock.
 */
export function migrate(db: Database): Promise<void> {
  const migrations = readMigrationFiles({
    migrationsFolder: fileURLToPath(new URL("../drizzle", import.meta.url)),
  });
  return underMigrationLock(db, async (tx) => {
    await tx.execute(sql`
      create table if not exists schema_migrations (
        hash text primary key,
        applied_at timestamptz not null default now()
      )
    `);
    const rows = await select<{ hash: string }>(tx, sql`select hash from schema_migrations`);
    const applied = new Set(rows.map((row) => row.hash));
    for (const migration of migrations.filter(({ hash }) => !applied.has(hash))) {
      for (const statement of migration.sql) await tx.execute(sql.raw(statement));
      await tx.execute(sql`insert into schema_migrations (hash) values (${migration.hash})`);
    }
    const functions = await Deno.readTextFile(new URL("./functions.sql", import.meta.url));
    for (const statement of splitFunctions(functions)) await tx.execute(sql.raw(statement));
  });
}

/**
 * Does something while no other instance does such a thing.
 *
 * @param db nothing on it is given up: a large table takes its time, and another may be at it
 * @param work gets the transaction that holds the lock
 */
export function underMigrationLock<Result>(
  db: Database,
  work: (tx: Database) => Promise<Result>,
): Promise<Result> {
  return db.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(${migrationLock})`);
    return await work(tx);
  });
}

/** Neither driver takes several statements in one prepared call. */
function splitFunctions(source: string): string[] {
  return source.split(/(?=^create or replace function)/m)
    .filter((part) => part.startsWith("create"));
}
