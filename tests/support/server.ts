/**
 * A real server on a free port, on a database of its own, for one test.
 *
 * @module
 */
import type { OpenDatabase } from "@/db/database.ts";
import { openEmbedded, openPostgres } from "@/db/database.ts";
import { migrate } from "@/db/migrate.ts";
import { insertUser } from "@/db/users.ts";
import { serve, type ServeParts, type Server } from "@/main.ts";
import { readConfig } from "@/utils/config.ts";
import { newId } from "@/utils/ids.ts";
import { createLog, type Log } from "@/utils/log.ts";
import { createTestDatabase, testPostgresUrl } from "./postgres.ts";

/** What test servers sign with. */
export const testSecret = "a secret for tests, long enough to be taken";

/** Settings every test server begins with; the rates are high enough never to meet them by chance. */
const environment = {
  PORT: "0",
  HOST: "127.0.0.1",
  JWT_SECRET: testSecret,
  LOCAL_ACCOUNTS: "true",
  RATE_LIMIT_SCALE: "1000",
};

let template: Promise<Blob> | undefined;

/** An embedded, migrated database in memory, copied from one that was made once. */
export async function openTestEmbedded(): ReturnType<typeof openEmbedded> {
  template ??= (async () => {
    const database = await openEmbedded();
    await migrate(database.db);
    const dump = await database.dump();
    await database.close();
    return dump;
  })();
  return await openEmbedded(undefined, await template);
}

/** A migrated database of a real Postgres server. */
export async function openTestPostgres(url: string): Promise<OpenDatabase> {
  const database = await openPostgres(await createTestDatabase(url));
  await migrate(database.db);
  return database;
}

/** The databases that what touches storage is tested on. */
export const testDatabases: { name: string; open(): Promise<OpenDatabase>; ignore: boolean }[] = [
  { name: "PGlite", open: openTestEmbedded, ignore: false },
  {
    name: "Postgres",
    open: () => openTestPostgres(testPostgresUrl as string),
    ignore: testPostgresUrl === undefined,
  },
];

/** A log that says nothing; errors fail the test that caused them by what they break. */
export const silentLog: Log = createLog("error", "text", () => {});

export interface TestServerOptions extends Partial<ServeParts> {
  database?: OpenDatabase;
  env?: Record<string, string>;
}

export interface TestServer extends Server {
  /** A member, without the trouble of registering, and a token of theirs. */
  addUser(username: string): Promise<TestUser>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface TestUser {
  id: string;
  username: string;
  token: string;
}

/** `await using server = await startServer()`. */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { database = await openTestEmbedded(), env, ...parts } = options;
  const config = readConfig({ ...environment, ...env }, "production");
  const server = await serve(config, database, { log: silentLog, ...parts });
  return {
    ...server,
    async addUser(username) {
      const displayName = username[0]?.toUpperCase() + username.slice(1);
      const { id } = await insertUser(database.db, { id: newId(), username, displayName });
      return { id, username, token: (await server.tokens.sign(id)).token };
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}
