/**
 * A real Postgres for tests and measurements.
 *
 * `deno task test` opens one for the whole run and hands its address to the test files, which make
 * databases of their own there:
 *
 *     Deno.test({ name: "…", ignore: !testPostgresUrl, async fn() {
 *       const url = await createTestDatabase(testPostgresUrl!);
 *
 * @module
 */
import postgres from "postgres";
import { type PostgresServer, startServer } from "./postgres_server.ts";

/** The run's Postgres, or undefined where there is none, and the tests that need it are skipped. */
export const testPostgresUrl: string | undefined = Deno.env.get("TEST_DATABASE_URL") || undefined;

/** A Postgres in which to make databases. */
export interface TestPostgres {
  /** A database of its own; those that are made here have names that begin with this one's. */
  readonly url: string;
  /** Makes an empty database, or a copy of the one at `template`, and returns its URL. */
  createDatabase(template?: string): Promise<string>;
  /** Drops what was made, and ends the server if it was started here. */
  stop(): Promise<void>;
}

/** A Postgres that was started here and can be disturbed. */
export type OwnPostgres =
  & TestPostgres
  & Pick<PostgresServer, "restart" | "halt" | "resume" | "freeze" | "thaw">;

/**
 * Starts a Postgres of one's own on 127.0.0.1, empty, in a temporary folder.
 * `durable` keeps a real server's settings: it waits for the disk, which tests need not.
 * It ends with this process, however that ends. Throws if there is no Postgres to be had.
 */
export async function startPostgres({ durable = false } = {}): Promise<OwnPostgres> {
  const server = await startServer(durable);
  return { ...server, ...await openRun(server.url, () => server.stop()) };
}

/** Opens the existing server at `TEST_DATABASE_URL` if that is set, else starts one. */
export function openPostgres(): Promise<TestPostgres> {
  return testPostgresUrl ? openRun(testPostgresUrl) : startPostgres();
}

/**
 * Makes an empty database beside the one at `url`, or a copy of the one at `template`, to which
 * nobody may be connected. Returns its URL. It is dropped when the run ends.
 */
export async function createTestDatabase(url: string, template?: string): Promise<string> {
  const name = `${databaseName(url)}_${crypto.randomUUID().slice(0, 8)}`;
  const copied = template ? ` template "${databaseName(template)}"` : "";
  await administer(url, (sql) => sql.unsafe(`create database "${name}"${copied}`));
  return atDatabase(url, name);
}

/** Makes the database under whose name a run's databases are gathered. */
async function openRun(serverUrl: string, stopServer?: () => Promise<void>): Promise<TestPostgres> {
  const name = `parley_test_${crypto.randomUUID().slice(0, 8)}`;
  await administer(serverUrl, (sql) => sql.unsafe(`create database "${name}"`));
  const url = atDatabase(serverUrl, name);
  return {
    url,
    createDatabase: (template) => createTestDatabase(url, template),
    // A server that was started here goes with all that is in it.
    stop: stopServer ?? (() => dropRun(serverUrl, name)),
  };
}

function dropRun(serverUrl: string, run: string): Promise<void> {
  return administer(serverUrl, async (sql) => {
    const rows = await sql<{ datname: string }[]>`
      select datname from pg_database where starts_with(datname, ${run})
    `;
    for (const { datname } of rows) await sql.unsafe(`drop database "${datname}" with (force)`);
  });
}

async function administer(url: string, work: (sql: postgres.Sql) => Promise<unknown>) {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await work(sql);
  } finally {
    await sql.end();
  }
}

function databaseName(url: string): string {
  return decodeURIComponent(new URL(url).pathname.slice(1));
}

function atDatabase(url: string, name: string): string {
  const at = new URL(url);
  at.pathname = `/${name}`;
  return at.href;
}
