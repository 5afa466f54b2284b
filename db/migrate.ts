/**
 * Brings a database to this version's schema.
 *
 * @module
 */
import { reasonOf } from "@/utils/log.ts";
import { sql } from "drizzle-orm";
import { readMigrationFiles } from "drizzle-orm/migrator";
import { fileURLToPath } from "node:url";
import { type Database, databaseError, select } from "./database.ts";

/** Any number: the advisory lock under which instances that start together take turns. */
const migrationLock = 7_221_936;

const folder = new URL("../drizzle/", import.meta.url);

/** The database cannot be brought to this version's schema; it stays as it was. */
export class MigrationError extends Error {
  override name = "MigrationError";
}

/**
 * Applies what `drizzle/` has and the database has not, then the functions, in one transaction
 * under an advisory lock: all of it or nothing, once, however many instances start at the same time.
 * Drizzle's own migrator opens a transaction of its own and so cannot run under a lock.
 *
 * @throws {MigrationError} also if a later version of the program was here before
 */
export function migrate(db: Database): Promise<void> {
  const migrations = readMigrations();
  return underMigrationLock(db, async (tx) => {
    await apply(tx, "schema_migrations", [`
      create table if not exists schema_migrations (
        hash text primary key,
        applied_at timestamptz not null default now()
      )
    `]);
    const rows = await select<{ hash: string }>(tx, sql`select hash from schema_migrations`);
    const applied = new Set(rows.map((row) => row.hash));
    const known = new Set(migrations.map(({ hash }) => hash));
    const unknown = applied.difference(known).size;
    if (unknown > 0) {
      throw new MigrationError(
        `the database is newer than this program: ${unknown} of its migrations are not known here; ` +
          "start the version that made them, or a later one",
      );
    }
    for (const { hash, name, statements } of migrations) {
      if (applied.has(hash)) continue;
      await apply(tx, name, statements);
      await tx.execute(sql`insert into schema_migrations (hash) values (${hash})`);
    }
    const functions = await Deno.readTextFile(new URL("./functions.sql", import.meta.url));
    await apply(tx, "functions.sql", splitFunctions(functions));
  });
}

/** In their order. */
function readMigrations(): { hash: string; name: string; statements: string[] }[] {
  const { entries } = JSON.parse(Deno.readTextFileSync(new URL("meta/_journal.json", folder)));
  return readMigrationFiles({ migrationsFolder: fileURLToPath(folder) })
    .map(({ hash, sql }, n) => ({ hash, name: entries[n].tag, statements: sql }));
}

/** @throws {MigrationError} */
async function apply(tx: Database, name: string, statements: string[]): Promise<void> {
  try {
    for (const statement of statements) await tx.execute(sql.raw(statement));
  } catch (error) {
    // Drizzle's own message quotes the statement and not what is wrong with it.
    const { cause = error } = error as Error;
    throw new MigrationError(
      `the migration ${name} failed and left the database as it was: ${reasonOf(cause)} ` +
        `(${databaseError(error)?.code})`,
      { cause: error },
    );
  }
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
