/**
 * Several server processes on one Postgres, with a Redis between them and a proxy before them.
 *
 * @module
 */
import { freePort } from "@/tests/support/postgres_server.ts";
import { type Program, startProgram } from "@/tests/support/process.ts";
import { hasRedis, type RedisServer, startRedis } from "@/tests/support/redis.ts";
import { hasHaproxy, startHaproxy } from "./haproxy.ts";

/** Whether this machine has what it takes, besides Postgres. */
export const canCluster: boolean = hasRedis && hasHaproxy;

export interface Cluster extends AsyncDisposable {
  /** Where members connect to. */
  url: string;
  redis: RedisServer;
  servers: Instance[];
}

/** One server, which may be ended and started again at the same address. */
export interface Instance {
  url: string;
  program: Program;
  /** Resolves when it is ready. */
  start(): Promise<void>;
}

/** Starts it all on free ports of 127.0.0.1; the page is to be built before. */
export async function openCluster(
  count: number,
  env: { DATABASE_URL: string } & Record<string, string>,
): Promise<Cluster> {
  await using opening = new AsyncDisposableStack();
  const redis = opening.use(await startRedis());
  const servers = Array.from({ length: count }, () => {
    const port = freePort();
    const launch = () => startProgram("start", { ...env, REDIS_URL: redis.url, PORT: `${port}` });
    const server: Instance = {
      url: `http://127.0.0.1:${port}`,
      program: launch(),
      async start() {
        server.program = launch();
        await server.program.ready;
      },
    };
    opening.defer(async () => {
      server.program.kill("SIGTERM");
      await server.program.exited;
    });
    return server;
  });
  await Promise.all(servers.map(({ program }) => program.ready));
  const ports = servers.map(({ url }) => Number(new URL(url).port));
  const { url } = opening.use(await startHaproxy(ports));
  const opened = opening.move();
  return { url, redis, servers, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
