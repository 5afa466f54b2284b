import assert from "node:assert/strict";
import { converse } from "../support/client.ts";
import { Device } from "../support/device.ts";
import { createTestDatabase, testPostgresUrl } from "../support/postgres.ts";
import { type Program, startProgram } from "../support/process.ts";
import { register } from "../support/register.ts";
import { RawSocket } from "../support/raw_socket.ts";
import { startServer, type TestUser } from "../support/server.ts";

const megabyte = 1024 * 1024;
/** Beside what it may take until it is noticed, what a loaded machine lets through meanwhile. */
const boundBytes = 450 * megabyte;

/** The memory that a process holds. */
async function memoryOf({ pid }: Program): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}

/**
 * Attacks a server process whose members write to each other all the while.
 *
 * @param reconnects how often others may be cut off: on a machine as busy as this, one may be too
 *   late with an answer, and comes back
 */
async function withTalk(
  attack: (server: { url: string }, member: TestUser) => Promise<void>,
  reconnects: number,
): Promise<void> {
  await using program = startProgram("start", {
    DATABASE_URL: await createTestDatabase(testPostgresUrl as string),
    JWT_SECRET: "a secret for tests, long enough to be taken",
    RATE_LIMIT_SCALE: "1000",
  });
  const server = { url: await program.ready };
  const [ana, jonas, eve] = await Promise.all(
    ["ana", "jonas", "eve"].map((name) => register(server, name)),
  ) as [TestUser, TestUser, TestUser];
  const conversationId = await converse(server, ana, jonas);
  const [talker, idle] = [new Device(server, ana), new Device(server, jonas)];
  await idle.request({ type: "ping" });
  await talker.request({ type: "ping" });
  const before = await memoryOf(program);
  let highest = before;
  let over = false;
  const talk = (async () => {
    let said = 0;
    while (!over) {
      const clientId = crypto.randomUUID();
      const content = `message ${++said}`;
      const sent = await talker.request({
        type: "send_message",
        clientId,
        conversationId,
        content,
      });
      // In its place, and once: what was cut off is repeated.
      assert.equal(sent.type === "message_sent" && sent.message.seq, said);
      highest = Math.max(highest, await memoryOf(program));
    }
    return said;
  })();
  talk.catch(() => {});
  try {
    await attack(server, eve);
  } finally {
    over = true;
  }
  assert.ok(await talk > 0);
  const [mbBefore, mbHighest] = [before, highest].map((bytes) => Math.round(bytes / megabyte));
  console.log(`${mbBefore} MB before, ${mbHighest} MB at most`);
  assert.ok(highest - before < boundBytes, "More memory than it may take");
  await idle.request({ type: "ping" });
  assert.ok(talker.reconnects + idle.reconnects <= reconnects);
  await Promise.all([talker.close(), idle.close()]);
  assert.equal(program.output().stderr, "");
}

/** Attacks from a process of its own, so that only the server is busy with it. */
async function sendEndless(
  server: { url: string },
  options: { token?: string; sockets?: number; megabytes: number },
): Promise<{ megabytes: number; ended: boolean }[]> {
  const { token = "-", sockets = 1, megabytes } = options;
  const program = new URL("../support/endless.ts", import.meta.url).pathname;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--allow-net", program],
      ...[server.url, token, String(sockets), String(megabytes)],
    ],
    stderr: "inherit",
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

const ignore = testPostgresUrl === undefined || Deno.build.os !== "linux";

Deno.test({
  name: "a gigabyte of unfinished fragments ends who sends it, while others go on writing",
  ignore,
  fn: () =>
    withTalk(async (server, { token }) => {
      const [sent] = await sendEndless(server, { token, megabytes: 1_000 });
      assert.equal(sent?.ended, true);
    }, 2),
});

Deno.test({
  name: "so it is with a peer without a token, who does not mind being closed",
  ignore,
  fn: () =>
    withTalk(async (server) => {
      const [sent] = await sendEndless(server, { megabytes: 1_000 });
      assert.equal(sent?.ended, true);
    }, 2),
});

Deno.test({
  name: "so it is with many peers, none of whom sends much or reads anything",
  ignore,
  fn: () =>
    withTalk(async (server, { token }) => {
      const sent = await sendEndless(server, { token, sockets: 40, megabytes: 10 });
      // Some may be left to those who came while the others were asked.
      const kept = sent.filter(({ ended }) => !ended).reduce((sum, one) => sum + one.megabytes, 0);
      assert.ok(kept <= 200, `${kept} MB of unfinished messages were kept`);
    }, 2),
});

Deno.test("a socket whose peer does not answer the close is ended all the same", async () => {
  await using server = await startServer();
  const eve = await server.addUser("eve");
  const socket = await RawSocket.open(server, { token: eve.token });
  await socket.send({
    opcode: "binary",
    payload: new Uint8Array(4),
    fin: true,
  });
  // The close frame comes, is not answered, and then the connection is gone.
  await socket.ended;
  assert.equal(server.chat.connections.size, 0);
});
