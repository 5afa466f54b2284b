import assert from "node:assert/strict";
import { RawSocket } from "../support/raw_socket.ts";
import { startServer, type TestUser } from "../support/server.ts";
import { cannotTalk, withTalk } from "../support/talk.ts";

/** Beside what it may take until it is noticed, what a loaded machine lets through meanwhile. */
const options = { env: { RATE_LIMIT_SCALE: "1000" }, growth: 450, reconnects: 2 };

/** Members who write to each other all the while. */
function attack(harm: (server: { url: string }, member: TestUser) => Promise<void>): Promise<void> {
  return withTalk(options, ({ server, others: [eve] }) => harm(server, eve as TestUser));
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

const ignore = cannotTalk;

Deno.test({
  name: "a gigabyte of unfinished fragments ends who sends it, while others go on writing",
  ignore,
  fn: () =>
    attack(async (server, { token }) => {
      const [sent] = await sendEndless(server, { token, megabytes: 1_000 });
      assert.equal(sent?.ended, true);
    }),
});

Deno.test({
  name: "so it is with a peer without a token, who does not mind being closed",
  ignore,
  fn: () =>
    attack(async (server) => {
      const [sent] = await sendEndless(server, { megabytes: 1_000 });
      assert.equal(sent?.ended, true);
    }),
});

Deno.test({
  name: "so it is with many peers, none of whom sends much or reads anything",
  ignore,
  fn: () =>
    attack(async (server, { token }) => {
      const sent = await sendEndless(server, { token, sockets: 40, megabytes: 10 });
      // Some may be left to those who came while the others were asked.
      const kept = sent.filter(({ ended }) => !ended).reduce((sum, one) => sum + one.megabytes, 0);
      assert.ok(kept <= 200, `${kept} MB of unfinished messages were kept`);
    }),
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
