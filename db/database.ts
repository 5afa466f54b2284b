/**
 * The database: Drizzle over postgres.js (a server) or over PGlite (embedded).
 *
 * @module
 */
import { type SQL, sql } from "drizzle-orm";
import type { Sql } from "postgres";
import type { PgDatabase, PgQueryResultHKT } from "drizzle-orm/pg-core";
import type { BackendProfile, Db as QueueDriver } from "pg-boss";
import { newId } from "@/utils/ids.ts";
import { selectEpoch } from "./epoch.ts";
import * as schema from "./schema.ts";
import { watchedSocket } from "./watched_socket.ts";

/** One type serves the pool, the embedded database and a transaction. */
export type Database = PgDatabase<PgQueryResultHKT, typeof schema>;

/** What pg-boss speaks through, and what kind of database it is to it. */
export interface QueueDatabase {
  backend: BackendProfile;
  db: QueueDriver;
}

/** An open database and what only its driver can do. */
export interface OpenDatabase {
  db: Database;
  /**
   * The same database for what nobody waits for: messages do not queue behind it. A commit here may
   * get lost when the database's machine fails; what it noted is done again.
   */
  background: Database;
  /** The same once more, for the rare thing that takes its time: nothing of it is given up. */
  unhurried: Database;
  /**
   * Calls `heard` for each NOTIFY on the channel, after the notifying transaction's commit and in
   * order; at most once: what is said while the connection is away is lost.
   * `onListening` is called at the start and after each reconnection.
   */
  listen(
    channel: string,
    heard: (payload: string) => void,
    onListening?: () => void,
  ): Promise<() => Promise<void>>;
  /** Which history it tells: another one after it was restored, or lost what was written last. */
  epoch(): Promise<string>;
  /** The same database as the job queue takes it; see `db/queue.ts`. */
  queueDatabase: QueueDatabase;
  /** Waits for queries under way, then closes. */
  close(): Promise<void>;
}

/** Connections for what nobody waits for. */
const backgroundSize = 3;

/** A statement is given up after this, and a wait for a lock. Milliseconds. */
const limits = { statement_timeout: 10_000, lock_timeout: 3_000 };
/**
 * Statements are parsed once a connection, but planned for what they are given each time: what is
 * quick for one member is not for another. `store_messages` and `move_marks` say otherwise.
 */
const planning = { plan_cache_mode: "force_custom_plan" };
/** A connection that brings no answer for so long is dead. */
const silenceMs = 12_000;
/** How often it is seen whether the connection that listens is alive: nothing else is said on it. */
const pulseMs = 10_000;

/** Opens a Postgres server's database. Connects at the first query; up to `poolSize` connections. */
export async function openPostgres(url: string, poolSize = 10): Promise<OpenDatabase> {
  const [{ default: postgres }, { drizzle }] = await Promise.all([
    import("postgres"),
    import("drizzle-orm/postgres-js"),
  ]);
  const options = {
    onnotice: () => {},
    connect_timeout: 10,
    // Soon again: no one else is there to be spared, and many wait.
    backoff: () => Math.random(),
  };
  // Its types do not know of it.
  const watched = {
    socket: (to: Parameters<typeof watchedSocket>[0]) => watchedSocket(to, silenceMs),
  };
  const open = (max: number, connection: Record<string, string | number>) =>
    keepStatements(postgres(url, {
      ...options,
      max,
      ...watched,
      connection: { ...limits, ...planning, ...connection },
    }));
  const client = open(poolSize, {});
  const background = open(Math.min(poolSize, backgroundSize), { synchronous_commit: "off" });
  const unhurried = postgres(url, { ...options, max: 1, idle_timeout: 20 });
  const db = drizzle(client, { schema });
  return {
    db,
    background: drizzle(background, { schema }),
    unhurried: drizzle(unhurried, { schema }),
    async listen(channel, heard, onListening) {
      const { unlisten } = await client.listen(channel, heard, onListening);
      const pulse = setInterval(
        () =>
          client.listen(`${channel}_pulse`, () => {}).then(({ unlisten }) => unlisten())
            // It listens again as soon as it can.
            .catch(() => {}),
        pulseMs,
      );
      return async () => {
        clearInterval(pulse);
        await unlisten();
      };
    },
    epoch: () => selectEpoch(db),
    queueDatabase: { backend: "postgres", db: postgresQueueDriver(background) },
    async close() {
      await Promise.all([client, background, unhurried].map((one) => one.end({ timeout: 5 })));
    },
  };
}

/**
 * Drizzle has a statement parsed each time it runs, by a round trip of its own. Their texts are few,
 * so each connection may keep them. With `?prepare=false` in its URL, as some poolers need, the
 * driver does not.
 */
function keepStatements(client: Sql): Sql {
  const { unsafe } = client;
  client.unsafe = (text, params, options) => unsafe(text, params, { prepare: true, ...options });
  return client;
}

/**
 * Opens the embedded database in `dataDir`, or in memory if it is left out.
 * `loadDataDir` starts it from a dumped directory. The caller holds the folder's lock.
 */
export async function openEmbedded(
  dataDir?: string,
  loadDataDir?: Blob,
): Promise<OpenDatabase & { dump(): Promise<Blob> }> {
  const [{ PGlite }, { drizzle }, { fromPglite }] = await Promise.all([
    import("@electric-sql/pglite"),
    import("drizzle-orm/pglite"),
    import("pg-boss"),
  ]);
  if (dataDir && !await hasDatabase(dataDir)) {
    // Beside it, so that what is there under its name is complete, however this ends.
    const making = `${dataDir}.new`;
    await Deno.remove(making, { recursive: true }).catch(() => {});
    await (await PGlite.create({ dataDir: making })).close();
    await Deno.rename(making, dataDir);
  }
  const client = await PGlite.create({ dataDir, loadDataDir });
  const db = drizzle(client, { schema });
  // While it was closed its folder may have been replaced, and a power failure may have cost it.
  const epoch = Promise.resolve(newId());
  return {
    db,
    background: db,
    unhurried: db,
    async listen(channel, heard, onListening) {
      const unlisten = await client.listen(channel, heard);
      onListening?.();
      return () => unlisten();
    },
    epoch: () => epoch,
    queueDatabase: { backend: "pglite", db: fromPglite(client) },
    dump: () => client.dumpDataDir("none"),
    close: () => client.close(),
  };
}

/**
 * Whether there is a database in a folder; none is in one that is missing or empty.
 *
 * @throws {Error} if there is something else, or a database's remains: PGlite would make a new one
 *   in their place
 */
async function hasDatabase(folder: string): Promise<boolean> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) names.push(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  if (names.length > 0 && !names.includes("PG_VERSION")) throw new Error("PG_VERSION is missing");
  return names.length > 0;
}

/** pg-boss over the same pool, so that there is one driver and one way to read DATABASE_URL. */
function postgresQueueDriver(client: Sql): QueueDriver {
  let sessionStatements: string[] = [];
  return {
    setSessionStatements(statements) {
      sessionStatements = statements;
      return Promise.resolve();
    },
    async executeSql(text, values) {
      // A connection of its own: some of pg-boss's texts are whole transactions.
      const connection = await client.reserve();
      try {
        for (const statement of sessionStatements) await connection.unsafe(statement);
        const result = await connection.unsafe(text, values?.map(toParameter) as never[]);
        // Of several statements there is a result for each.
        const isMany = Array.isArray(result[0]);
        return { rows: isMany ? (result as unknown as unknown[][]).flat() : [...result] };
      } catch (error) {
        // Such a text may have failed half-way: nobody else is to find its transaction open.
        await connection.unsafe("rollback").catch(() => {});
        throw error;
      } finally {
        connection.release();
      }
    },
  };
}

/** Drizzle takes the turning of dates and JSON into text away from postgres.js. */
function toParameter(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  const isJson = typeof value === "object" && value !== null && !Array.isArray(value);
  return isJson ? JSON.stringify(value) : value;
}

/** Runs a statement and gives its rows, which the two drivers wrap differently. */
export async function select<Row>(db: Database, query: SQL): Promise<Row[]> {
  const result: unknown = await db.execute(query);
  return (Array.isArray(result) ? result : (result as { rows: unknown[] }).rows) as Row[];
}

/** Writes an array as Postgres does. */
export function arrayLiteral(values: (string | null)[]): string {
  const quote = (value: string) => `"${value.replace(/["\\]/g, "\\$&")}"`;
  return `{${values.map((value) => value === null ? "null" : quote(value)).join(",")}}`;
}

/** Whether the database answers. */
export async function isReady(db: Database): Promise<boolean> {
  try {
    await db.execute(sql`select 1`);
    return true;
  } catch {
    return false;
  }
}

/** The SQLSTATE and the constraint of a database error, wherever the driver put them. */
export function databaseError(
  error: unknown,
): { code: string; constraint: string | undefined } | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const fields = at as { code?: unknown; constraint?: string; constraint_name?: string };
    if (typeof fields.code === "string") {
      return { code: fields.code, constraint: fields.constraint ?? fields.constraint_name };
    }
  }
}

const uniqueViolation = "23505";

/** Whether the error says that a unique constraint, or just the one named, was violated. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  const found = databaseError(error);
  return found?.code === uniqueViolation &&
    (constraint === undefined || found.constraint === constraint);
}

/** Whether the error says that the database's user lacks a right. */
export const isForbidden = (error: unknown): boolean => databaseError(error)?.code === "42501";

/**
 * Whether the error is the database being away, restarting, full, overloaded or a copy that takes
 * no writes, so that the same statement may work later: SQLSTATE classes 08 (connection), 53
 * (resources), 57 (operator intervention, timeouts), 58 (the system's errors), 40 (deadlock,
 * serialization), 55P03 (lock timeout), 25006 (read-only), and the drivers' own connection errors.
 */
export function isTransient(error: unknown): boolean {
  const code = databaseError(error)?.code;
  return code !== undefined &&
    (/^(08|53|57|58|40|55P03|25006)/.test(code) ||
      /^(CONNECT|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)/.test(code));
}
