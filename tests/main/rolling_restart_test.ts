/**
 * Two processes behind one address are replaced one after the other while everybody writes.
 *
 * @module
 */
import assert from "node:assert/strict";
import { closeCodes, type Conversation, type HistoryResult } from "@/chat/protocol.ts";
import { startBalancer } from "../support/balancer.ts";
import { call, TestSocket } from "../support/client.ts";
import { Device } from "../support/device.ts";
import { createTestDatabase, testPostgresUrl } from "../support/postgres.ts";
import { type Program, startProgram } from "../support/process.ts";
import { register } from "../support/register.ts";

const members = 30;
const groups = 5;
/** What a member waits between messages: a load, and not a race for the machine. */
const pauseMs = 300;

Deno.test({
  name: "a rolling restart under load loses nothing, doubles nothing and keeps each one's order",
  ignore: testPostgresUrl === undefined,
  async fn() {
    const env = {
      DATABASE_URL: await createTestDatabase(testPostgresUrl as string),
      JWT_SECRET: "a secret for tests, long enough to be taken",
      RATE_LIMIT_SCALE: "1000",
    };
    const start = () => startProgram("start", env);
    const programs: Program[] = [start(), start()];
    const portOf = async (program: Program) => Number(new URL(await program.ready).port);
    try {
      await using balancer = startBalancer(await Promise.all(programs.map(portOf)));
      const users = [];
      for (let n = 0; n < members; n++) users.push(await register(balancer, `member${n}`));
      const conversationIds: string[] = [];
      for (let group = 0; group < groups; group++) {
        const [owner, ...others] = users.filter((_, n) => n % groups === group);
        const { body } = await call<Conversation>(balancer, "POST", "/api/messages/conversations", {
          as: owner!,
          body: {
            kind: "group",
            title: `Group ${group}`,
            participantIds: others.map(({ id }) => id),
          },
        });
        conversationIds.push(body.id);
      }
      const devices = users.map((user) => new Device(balancer, user));
      await Promise.all(devices.map((device) => device.request({ type: "ping" })));

      let isOver = false;
      const waits: number[] = [];
      const writing = devices.map(async (device, n) => {
        const said: { seq: number; content: string }[] = [];
        while (!isOver) {
          const from = performance.now();
          const { seq, content } = await device.insist(
            conversationIds[n % groups] as string,
            `${n} says ${said.length}`,
          );
          waits.push(performance.now() - from);
          said.push({ seq, content });
          await new Promise((resolve) => setTimeout(resolve, pauseMs));
        }
        return said;
      });
      // So that a failure is thrown where it is waited for.
      for (const one of writing) one.catch(() => isOver = true);

      for (let n = 0; n < programs.length; n++) {
        const old = programs[n] as Program;
        const direct = { url: await old.ready };
        const watching = await TestSocket.connect(direct, users[0]!);
        old.kill("SIGTERM");
        assert.equal((await watching.closed).code, closeCodes.restart);
        assert.equal(await old.exited, 0, JSON.stringify(old.output()));
        assert.equal(old.output().stderr, "");
        programs[n] = start();
        balancer.ports[n] = await portOf(programs[n] as Program);
        // Written to both again, for a while.
        const before = waits.length;
        while (waits.length < before + members && !isOver) {
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }
      isOver = true;
      const said = await Promise.all(writing);

      for (const device of devices) {
        assert.deepEqual(device.closeCodes.filter((code) => code !== closeCodes.restart), []);
      }
      const reconnects = devices.reduce((sum, device) => sum + device.reconnects, 0);
      assert.ok(reconnects >= members, `${reconnects} reconnects`);
      for (const [group, id] of conversationIds.entries()) {
        const stored = await history(balancer, users[group]!, id);
        assert.deepEqual(stored.map(({ seq }) => seq), stored.map((_, n) => n + 1));
        const mine = said.filter((_, n) => n % groups === group);
        assert.deepEqual(
          stored.map(({ seq, content }) => `${seq} ${content}`),
          mine.flat().sort((a, b) => a.seq - b.seq).map(({ seq, content }) => `${seq} ${content}`),
        );
        // Each one's in the order in which they said them.
        for (const one of mine) assert.deepEqual(one, one.toSorted((a, b) => a.seq - b.seq));
      }
      const longest = Math.max(...waits);
      console.log(
        `${waits.length} messages, ${reconnects} reconnects; the longest wait was ` +
          `${Math.round(longest)} ms`,
      );
      assert.ok(longest < 15_000, `${longest} ms`);
      await Promise.all(devices.map((device) => device.close()));
    } finally {
      for (const program of programs) program.kill("SIGTERM");
      for (const program of programs) assert.equal(await program.exited, 0);
    }
  },
});

/** All messages of a conversation. */
async function history(
  server: { url: string },
  as: Parameters<typeof TestSocket.connect>[1],
  id: string,
) {
  const messages: HistoryResult["messages"] = [];
  for (let more = true; more;) {
    const path = `/api/messages/${id}/messages?limit=100&after=${messages.at(-1)?.seq ?? 0}`;
    const { status, body } = await call<HistoryResult>(server, "GET", path, { as });
    assert.equal(status, 200, JSON.stringify(body));
    messages.push(...body.messages);
    more = body.hasAfter;
  }
  return messages;
}
