import { firstExisting } from "@/tests/support/tools.ts";
import { freePort, startServer } from "../../processes.ts";
import type { Target } from "../../targets.ts";
import { NatsConnection, stream } from "./connection.ts";

/**
 * NATS with one stream in files, on its own settings: it acknowledges what the system has taken, and
 * waits for the disk every two minutes. It checks no membership and no repeats.
 *
 * @param folder for its files
 * @returns undefined, said on stderr, where there is no nats-server
 */
export async function startNats(folder: string): Promise<Target | undefined> {
  const folders = [...(Deno.env.get("PATH") ?? "").split(":"), "/usr/sbin"];
  const path = await firstExisting(folders.map((folder) => `${folder}/nats-server`));
  if (path === undefined) {
    console.error("nats-server is not installed: NATS is not measured");
    return undefined;
  }
  const [port, monitorPort] = [freePort(), freePort()];
  const args = [
    "-a",
    "127.0.0.1",
    "-p",
    String(port),
    "-m",
    String(monitorPort),
    "-l",
    "/dev/null",
  ];
  const program = { path, args: [...args, "-js", "-sd", folder] };
  const server = await startServer(monitorPort, program, "/healthz");
  const url = `nats://127.0.0.1:${port}`;
  await createStream(url);
  return {
    name: "NATS JetStream",
    protocol: "nats",
    role: "broker",
    server: { ...server, url },
    acknowledged: 0,
    async countStored() {
      const response = await fetch(`${server.url}/jsz`);
      const { messages } = await response.json();
      await server.stop();
      return messages;
    },
  };
}

async function createStream(url: string): Promise<void> {
  const nats = new NatsConnection(url, (why) => console.error(`NATS: ${why}`));
  await nats.opened;
  await nats.ask(`$JS.API.STREAM.CREATE.${stream}`, {
    name: stream,
    subjects: [`${stream}.>`],
    storage: "file",
    retention: "limits",
    discard: "old",
    num_replicas: 1,
  });
  nats.close();
}
