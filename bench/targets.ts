/**
 * What is put under load, each in a process of its own.
 *
 * @module
 */
import { type OpenDatabase, openEmbedded, openPostgres, select } from "@/db/database.ts";
import { migrate } from "@/db/migrate.ts";
import type { TestPostgres } from "@/tests/support/postgres.ts";
import { sql } from "drizzle-orm";
import { insertPairs, secret, tokenSeconds } from "./accounts.ts";
import type { Pair } from "./load/plan.ts";
import type { Part } from "./options.ts";
import { freePort, type Running, startServer } from "./processes.ts";

export interface Target {
  name: string;
  /** Whether this is what the others are compared with. */
  ceiling: boolean;
  server: Running;
  /** Postgres' first process, which started its others. */
  databasePid?: number;
  /** How many messages it has acknowledged so far, by all loads. */
  acknowledged: number;
  /** How many it has stored, after it has stopped; left out if it stores none. */
  countStored?(): Promise<number>;
}

/** Starts those that are wanted; they stop when disposed of, if they have not before. */
export async function openTargets(
  only: readonly Part[],
  pairs: Pair[],
  postgres: TestPostgres | undefined,
): Promise<{ all: Target[] } & AsyncDisposable> {
  await using opening = new AsyncDisposableStack();
  const all: Target[] = [];
  const add = (target: Target) => {
    all.push(target);
    opening.defer(target.server.stop);
  };
  if (only.includes("postgres") && postgres) add(await onPostgres(postgres, pairs));
  if (only.includes("relay")) add(await relay());
  if (only.includes("pglite")) {
    const folder = await Deno.makeTempDir({ prefix: "parley-bench-" });
    opening.defer(() => Deno.remove(folder, { recursive: true }));
    add(await onPGlite(folder, pairs));
  }
  const opened = opening.move();
  return { all, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** The ceiling. It stands between the others, so that each is measured beside it. */
async function relay(): Promise<Target> {
  const port = freePort();
  const server = await startServer(port, ["--allow-net", "bench/peers/relay.ts", String(port)]);
  return { name: "relay, stores nothing", ceiling: true, server, acknowledged: 0 };
}

async function onPostgres(postgres: TestPostgres, pairs: Pair[]): Promise<Target> {
  const databaseUrl = await postgres.createDatabase();
  const open = () => openPostgres(databaseUrl, 1);
  await prepare(await open(), pairs);
  const databasePid = await postmasterPid(databaseUrl);
  return { ...parley("Parley on Postgres", await startParley({ databaseUrl }), open), databasePid };
}

async function onPGlite(folder: string, pairs: Pair[]): Promise<Target> {
  const open = () => openEmbedded(`${folder}/postgres`);
  await prepare(await open(), pairs);
  return parley("Parley on PGlite", await startParley({ folder }), open);
}

/** The first line of a file that the server keeps. */
export async function postmasterPid(databaseUrl: string): Promise<number> {
  const { db, close } = await openPostgres(databaseUrl, 1);
  const [row] = await select<{ file: string }>(
    db,
    sql`select pg_read_file('postmaster.pid') as file`,
  );
  await close();
  return Number.parseInt(row?.file ?? "");
}

async function prepare(database: OpenDatabase, pairs: Pair[]): Promise<void> {
  await migrate(database.db);
  await insertPairs(database.db, pairs);
  await database.close();
}

function parley(name: string, server: Running, open: () => Promise<OpenDatabase>): Target {
  return {
    name,
    ceiling: false,
    server,
    acknowledged: 0,
    async countStored() {
      const database = await open();
      const [row] = await select<{ stored: number }>(
        database.db,
        sql`select count(*)::int as stored from messages`,
      );
      await database.close();
      return row?.stored ?? 0;
    },
  };
}

/**
 * Starts `main.ts start`, as `deno task start` does, on one of the two databases.
 *
 * @param env further settings
 * @param program what to start instead
 */
export function startParley(
  on: { databaseUrl: string } | { folder: string },
  env: Record<string, string> = {},
  program: string[] = ["main.ts", "start"],
): Promise<Running> {
  const port = freePort();
  const permissions = ["--allow-net", "--allow-env", "--allow-sys=hostname,networkInterfaces"];
  if ("folder" in on) {
    permissions.push(`--allow-read=.,${on.folder}`, `--allow-write=${on.folder}`);
  } else permissions.push("--allow-read=.");
  return startServer(port, [...permissions, ...program], {
    HOST: "127.0.0.1",
    PORT: String(port),
    JWT_SECRET: secret,
    TOKEN_TTL_SECONDS: String(tokenSeconds),
    // The rates are counted as ever, but not met.
    RATE_LIMIT_SCALE: "1000000",
    LOG_LEVEL: "error",
    ...("folder" in on ? { DATA_DIR: on.folder } : { DATABASE_URL: on.databaseUrl }),
    ...env,
  });
}
