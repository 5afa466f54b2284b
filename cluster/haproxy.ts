/**
 * HAProxy before several servers, as one would run it: whoever connects goes to the one with the
 * fewest connections, wherever they were before.
 *
 * @module
 */
import { join } from "node:path";
import { findProgram, startKept } from "@/tests/support/kept_process.ts";
import { freePort } from "@/tests/support/postgres_server.ts";
import { warnMissing } from "@/tests/support/tools.ts";
import { isListening, until } from "@/tests/support/until.ts";

const program = await findProgram("haproxy");

/** Whether there is one to be had. */
export const hasHaproxy = program !== undefined;
if (!hasHaproxy) warnMissing("HAProxy", "Install haproxy", "None is on the PATH");

/** What belongs into the configuration of a real one too; docs/scaling.md shows it. */
const settings = (port: number, servers: number[]) => `
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  # A server that is busy is not a server that is down.
  timeout check 5s
  # Longer than a silent socket lives (SILENCE_SECONDS).
  timeout tunnel 180s
  # A server that ends between two checks: the next one is tried.
  retries 3
  option redispatch 1

frontend members
  bind 127.0.0.1:${port}
  option forwardfor
  default_backend instances

backend instances
  balance leastconn
  option httpchk GET /api/ready
  default-server check inter 1s fall 3 rise 1 on-marked-down shutdown-sessions
${servers.map((at, n) => `  server instance${n + 1} 127.0.0.1:${at}`).join("\n")}
`;

/** Starts one on a free port of 127.0.0.1. @param servers where the servers listen */
export async function startHaproxy(servers: number[]): Promise<AsyncDisposable & { url: string }> {
  const port = freePort();
  const folder = await Deno.makeTempDir({ prefix: "parley-haproxy-" });
  const file = join(folder, "haproxy.cfg");
  await Deno.writeTextFile(file, settings(port, servers));
  const running = await startKept(folder, [program as string, "-db", "-f", file]);
  await until(() => isListening(port));
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      await running.kill();
      await Deno.remove(folder, { recursive: true });
    },
  };
}
