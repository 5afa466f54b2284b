/**
 * Real Redis servers for tests, empty, on free ports of 127.0.0.1. They keep nothing on disk, so a
 * restart loses all that they held, and they cannot outlive the process that started them.
 *
 *     Deno.test({ name: "…", ignore: !hasRedis, async fn() {
 *       await using redis = await startRedis();
 *
 * @module
 */
import { readConfig } from "@/utils/config.ts";
import type { RedisAddress } from "@/utils/redis.ts";
import { findProgram, type KeptProcess, startKept } from "./kept_process.ts";
import { freePort } from "./postgres_server.ts";
import { warnMissing } from "./tools.ts";
import { isListening, until } from "./until.ts";

/** A Redis that can be disturbed. */
export interface RedisServer extends AsyncDisposable {
  /** For `REDIS_URL`. */
  readonly url: string;
  /** Ends it at once; whoever connects is refused until it is resumed. */
  halt(): Promise<void>;
  resume(): Promise<void>;
  /** Stops it in the middle of what it does: until it goes on, nobody gets an answer. */
  freeze(): void;
  thaw(): void;
}

const program = await findProgram("redis-server", "valkey-server");

/** What the program makes of such a URL. */
export function addressOf({ url }: { url: string }): RedisAddress {
  return readConfig({ DATABASE_URL: "postgres://unused", REDIS_URL: url }, "development")
    .redis as RedisAddress;
}

/** Whether there is one to be had; the tests that need it are skipped where there is none. */
export const hasRedis = program !== undefined;
if (!hasRedis) {
  warnMissing("a Redis server", "Install redis-server or valkey-server", "None is on the PATH");
}

/** Starts one server. */
export async function startRedis(...settings: string[]): Promise<RedisServer> {
  const folder = await Deno.makeTempDir({ prefix: "parley-redis-" });
  const port = freePort();
  let server: KeptProcess | undefined;

  async function resume(): Promise<void> {
    const listen = ["--bind", "127.0.0.1", "--port", String(port)];
    server = await startKept(folder, [
      ...[program as string, ...listen, "--save", "", ...settings],
    ]);
    await until(() => isListening(port));
  }

  async function halt(): Promise<void> {
    await server?.kill();
    server = undefined;
  }

  await resume();
  return {
    url: `redis://127.0.0.1:${port}`,
    halt,
    resume,
    freeze: () => Deno.kill((server as KeptProcess).pid, "SIGSTOP"),
    thaw: () => Deno.kill((server as KeptProcess).pid, "SIGCONT"),
    async [Symbol.asyncDispose]() {
      await halt();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Starts a cluster of three servers, each with a third of the slots. */
export async function startRedisCluster(): Promise<AsyncDisposable & { url: string }> {
  const servers = await Promise.all(
    [1, 2, 3].map(() => startRedis("--cluster-enabled", "yes", "--cluster-node-timeout", "2000")),
  );
  const hosts = servers.map(({ url }) => new URL(url).host);
  const ask = async (...args: string[]) => {
    const cli = (program as string).replace(/server$/, "cli");
    const { success, stdout } = await new Deno.Command(cli, { args }).output();
    const said = new TextDecoder().decode(stdout);
    if (!success) throw new Error(said);
    return said;
  };
  await ask("--cluster", "create", ...hosts, "--cluster-yes");
  // Each of them finds out by itself.
  for (const { url } of servers) {
    await until(async () => (await ask("-u", url, "cluster", "info")).includes("cluster_state:ok"));
  }
  return {
    url: `redis+cluster://${hosts.join()}`,
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
    },
  };
}
