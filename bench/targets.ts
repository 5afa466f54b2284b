/**
 * What is put under load, each in a process of its own.
 *
 * @module
 */
import { type OpenDatabase, openEmbedded, openPostgres, select } from "@/db/database.ts";
import { migrate } from "@/db/migrate.ts";
import type { TestPostgres } from "@/tests/support/postgres.ts";
import { sql } from "drizzle-orm";
import { insertPairs, makePairs, secret, tokenSeconds } from "./accounts.ts";
import type { Account, Pair } from "./load/plan.ts";
import type { Protocol } from "./load/wire.ts";
import type { Part } from "./options.ts";
import { startNats } from "./peers/nats/peer.ts";
import { startSocketIo } from "./peers/socketio/peer.ts";
import { deno, freePort, type Running, startServer } from "./processes.ts";

/** What a target is to the others: measured, or what they are measured against. */
export type Role = "parley" | "embedded" | "ceiling" | "peer" | "broker";

export interface Target {
  name: string;
  role: Role;
  protocol: Protocol;
  server: Running;
  /** Postgres' first process, which started its others. */
  databasePid?: number;
  /** How many messages it has acknowledged so far, by all loads. */
  acknowledged: number;
  /** Stops it, and tells how many it has stored; left out if it stores none. */
  countStored?(): Promise<number>;
}

/** Starts those that are wanted; they stop when disposed of, if they have not before. */
export async function openTargets(
  only: readonly Part[],
  pairs: Pair[],
  postgres: TestPostgres | undefined,
  say: (what: string) => void,
): Promise<{ all: Target[] } & AsyncDisposable> {
  await using opening = new AsyncDisposableStack();
  const all: Target[] = [];
  const add = (target: Target | undefined) => {
    if (!target) return;
    all.push(target);
    opening.defer(target.server.stop);
  };
  const makeFolder = async () => {
    const folder = await Deno.makeTempDir({ prefix: "parley-bench-" });
    opening.defer(() => Deno.remove(folder, { recursive: true }));
    return folder;
  };
  if (only.includes("postgres") && postgres) add(await onPostgres(postgres, pairs));
  if (only.includes("relay")) add(await relay());
  if (only.includes("socketio") && postgres) add(await startSocketIo(postgres, pairs, say));
  if (only.includes("nats")) add(await startNats(await makeFolder()));
  if (only.includes("pglite")) add(await onPGlite(await makeFolder(), pairs));
  const opened = opening.move();
  return { all, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** It stands between the others, so that each is measured beside it. */
async function relay(): Promise<Target> {
  return {
    name: "relay, stores nothing",
    role: "ceiling",
    protocol: "parley",
    server: await startRelay(),
    acknowledged: 0,
  };
}

/** Hands frames on and stores nothing. */
export function startRelay(): Promise<Running> {
  const port = freePort();
  return startServer(port, deno(["--allow-net", "bench/peers/relay.ts", String(port)]));
}

/** Holds sockets and nothing else. */
export function startBare(port = freePort()): Promise<Running> {
  return startServer(port, deno(["--allow-net", "bench/peers/bare.ts", String(port)]));
}

async function onPostgres(postgres: TestPostgres, pairs: Pair[]): Promise<Target> {
  const databaseUrl = await postgres.createDatabase();
  const open = () => openPostgres(databaseUrl, 1);
  await prepare(await open(), pairs);
  const databasePid = await postmasterPid(databaseUrl);
  const server = await startParley({ databaseUrl });
  return { ...parley("Parley on Postgres", "parley", server, open), databasePid };
}

async function onPGlite(folder: string, pairs: Pair[]): Promise<Target> {
  const open = () => openEmbedded(`${folder}/postgres`);
  await prepare(await open(), pairs);
  return parley("Parley on PGlite", "embedded", await startParley({ folder }), open);
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

/** A database of its own with so many members, each two of whom have a conversation. */
export async function openMembers(
  count: number,
  postgres: TestPostgres,
): Promise<{ pairs: Pair[]; members: Account[]; databaseUrl: string }> {
  const pairs = await makePairs(count);
  const databaseUrl = await postgres.createDatabase();
  await prepare(await openPostgres(databaseUrl, 1), pairs);
  return { pairs, members: pairs.flatMap((pair) => pair.members), databaseUrl };
}

async function prepare(database: OpenDatabase, pairs: Pair[]): Promise<void> {
  await migrate(database.db);
  await database.db.transaction((tx) => insertPairs(tx, pairs));
  await database.close();
}

function parley(
  name: string,
  role: Role,
  server: Running,
  open: () => Promise<OpenDatabase>,
): Target {
  return {
    ...{ name, role, server },
    protocol: "parley",
    acknowledged: 0,
    async countStored() {
      await server.stop();
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
 */
export function startParley(
  on: { databaseUrl: string } | { folder: string },
  env: Record<string, string> = {},
  { port = freePort(), program = ["main.ts", "start"] } = {},
): Promise<Running> {
  const permissions = ["--allow-net", "--allow-env", "--allow-sys=hostname,networkInterfaces"];
  if ("folder" in on) {
    permissions.push(`--allow-read=.,${on.folder}`, `--allow-write=${on.folder}`);
  } else permissions.push("--allow-read=.");
  const settings = {
    HOST: "127.0.0.1",
    PORT: String(port),
    JWT_SECRET: secret,
    TOKEN_TTL_SECONDS: String(tokenSeconds),
    // The rates are counted as ever, but not met.
    RATE_LIMIT_SCALE: "1000000",
    LOG_LEVEL: "error",
    ...("folder" in on ? { DATA_DIR: on.folder } : { DATABASE_URL: on.databaseUrl }),
    ...env,
  };
  return startServer(port, deno([...permissions, ...program], settings));
}
