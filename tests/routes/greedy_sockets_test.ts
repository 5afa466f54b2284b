import assert from "node:assert/strict";
import { limits } from "@/chat/protocol.ts";
import { TestSocket } from "../support/client.ts";
import { RawHttp } from "../support/raw_http.ts";
import { encodeFrame, RawSocket } from "../support/raw_socket.ts";
import { startServer, type TestUser } from "../support/server.ts";
import { cannotTalk, type Talk, withTalk } from "../support/talk.ts";
import { until } from "../support/until.ts";

/** Resolves when the server holds no more connections than it did. */
async function untilOnly(talk: Talk, openFiles: number, patienceMs?: number): Promise<void> {
  // Its own to the database come and go.
  await until(() => talk.openFiles() <= openFiles + 12, patienceMs);
}

/** How many files a process may have open here. */
function openFilesMost(): number {
  if (cannotTalk) return 0;
  const [, hard] =
    /^Max open files\s+\S+\s+(\S+)/m.exec(Deno.readTextFileSync("/proc/self/limits")) ??
      [];
  return hard === "unlimited" ? Infinity : Number(hard);
}

Deno.test({
  name: "10,000 sockets opened and forgotten are let go, and leave nothing behind",
  ignore: openFilesMost() < 14_000,
  fn: () =>
    // They are closed when nothing was heard for so long, which those who talk may be taken for,
    // too, where the machine is busy with opening so many.
    withTalk({
      others: 200,
      growth: 700,
      reconnects: 4,
      env: { HEARTBEAT_SECONDS: "20", SILENCE_SECONDS: "40" },
    }, async (talk) => {
      const before = talk.openFiles();
      const memory: number[] = [];
      for (const members of [talk.others, talk.others.slice(0, 40), talk.others.slice(0, 40)]) {
        const sockets: RawSocket[] = [];
        for (const { token } of members) {
          // As many as a member may have, and some that are closed at once and do not answer that.
          const opening = Array.from({ length: 60 }, (_, n) =>
            RawSocket.open(talk.server, { reads: false, ...n < 50 && { token } }));
          sockets.push(...await Promise.all(opening));
        }
        assert.ok(
          talk.openFiles() >= before + members.length * 50,
          "They are not all open at once",
        );
        await untilOnly(talk, before, 90_000);
        memory.push(Math.round(await talk.memory()));
        for (const socket of sockets) {
          socket.close();
        }
        await talk.goesOn(5);
      }
      console.log(`${memory.join(", ")} MiB after 10,000 sockets, and twice 2,000 more`);
      // The first ones warm it up.
      const [, second = 0, third = 0] = memory;
      assert.ok(third - second < 40, `The third time cost ${third - second} MiB more`);
    }),
});

Deno.test({
  name: "sockets and streams that nobody reads are ended, whatever they were to get",
  ignore: cannotTalk,
  fn: () =>
    withTalk({ others: 2, growth: 250 }, async (talk) => {
      const [writer, greedy] = talk.others as [TestUser, TestUser];
      const before = talk.openFiles();
      const sockets = await Promise.all(
        Array.from({ length: 20 }, () =>
          RawSocket.open(talk.server, { token: greedy.token, reads: false })),
      );
      const head = "GET /api/messages/events HTTP/1.1\r\nHost: x\r\n" +
        `Authorization: Bearer ${greedy.token}\r\n\r\n`;
      const streams = await Promise.all(
        Array.from({ length: 20 }, () =>
          RawHttp.open(talk.server, head)),
      );
      await until(() => talk.openFiles() >= before + 40);
      const socket = await TestSocket.connect(talk.server, writer);
      const content = "€".repeat(limits.contentLength);
      // Twice what the system's buffers and ours hold.
      for (let sent = 0; sent < 12_000_000; sent += 20 * 3 * content.length) {
        await Promise.all(Array.from({ length: 20 }, () =>
          socket.request({
            type: "send_message",
            clientId: crypto.randomUUID(),
            recipientId: greedy.id,
            content,
          })));
      }
      // None of the 40 counts any longer.
      await socket.next("user_offline", ({ userId }) => userId === greedy.id);
      await socket.close();
      // Deno does not let go of a connection into which it is writing, but the peer does in the end.
      for (const one of [...sockets, ...streams]) one.close();
      await untilOnly(talk, before);
      await talk.goesOn(5);
    }),
});

Deno.test("who reads too slowly is told so, should they read on", async () => {
  await using server = await startServer();
  const [ana, greedy] = [await server.addUser("ana"), await server.addUser("greedy")];
  const { connection } = await RawSocket.open(server, { token: greedy.token, reads: false });
  await until(() => server.chat.connections.has(greedy.id));
  const socket = await TestSocket.connect(server, ana);
  const content = "€".repeat(limits.contentLength);
  while (server.chat.connections.has(greedy.id)) {
    await Promise.all(Array.from({ length: 20 }, () =>
      socket.request({
        type: "send_message",
        clientId: crypto.randomUUID(),
        recipientId: greedy.id,
        content,
      })));
  }
  const bytes = new Uint8Array(65_536);
  let last: number[] = [];
  for (let length; (length = await connection.read(bytes).catch(() => null)) !== null;) {
    last = [...last, ...bytes.subarray(Math.max(0, length - 100), length)].slice(-100);
  }
  connection.close();
  const reason = new TextEncoder().encode("Frames are read too slowly");
  const closing = [4413 >> 8, 4413 & 0xff, ...reason];
  assert.deepEqual(last.slice(-closing.length), closing);
  await socket.close();
});

Deno.test({
  name: "floods and giants end who sends them, and nobody else",
  ignore: cannotTalk,
  fn: (t) =>
    withTalk({ growth: 400, reconnects: 2 }, async (talk) => {
      const { server, others: [eve] } = talk as Talk & { others: [TestUser] };
      const { token } = eve;
      const before = talk.openFiles();
      const closedAfter = async (send: (socket: WebSocket) => void) => {
        const socket = await TestSocket.connect(server, eve);
        send(socket.socket);
        return (await socket.closed).code;
      };

      await t.step("a binary frame", async () => {
        assert.equal(await closedAfter((socket) => socket.send(new Uint8Array(4))), 1008);
      });
      await t.step("a text frame over the limit", async () => {
        const text = "ü".repeat(limits.frameBytes / 2 + 1);
        assert.equal(await closedAfter((socket) => socket.send(text)), 1009);
      });
      await t.step("tiny frames without an end", async () => {
        const code = await closedAfter((socket) => {
          // They have no answer, so that it is not for reading too slowly.
          for (let n = 0; n < 300 * 50 + 100; n++) socket.send('{"type":"pong"}');
        });
        assert.equal(code, 4429);
      });
      await t.step("a frame larger than the runtime takes", async () => {
        const socket = await RawSocket.open(server, { token });
        const giant = new Uint8Array(64 * 1024 * 1024 + 1);
        await socket.send({ opcode: "text", payload: giant, fin: true }).catch(() => {});
        await socket.ended;
        socket.close();
      });
      await t.step("a frame just as large as it takes", async () => {
        const socket = await RawSocket.open(server, { token });
        const giant = new Uint8Array(64 * 1024 * 1024 - 100).fill(97);
        await socket.send({ opcode: "text", payload: giant, fin: true }).catch(() => {});
        await socket.ended;
        socket.close();
      });
      await t.step("control frames, read or not", async () => {
        const ping = encodeFrame({ opcode: "ping", payload: new Uint8Array(4), fin: true });
        const many = new Uint8Array(ping.length * 10_000);
        for (let at = 0; at < many.length; at += ping.length) many.set(ping, at);
        const reading = await RawSocket.open(server, { token });
        for (let n = 0; n < 20; n++) await reading.write(many);
        // Who does not read the answers cannot write any more at some time.
        const deaf = await RawSocket.open(server, { token, reads: false });
        const flood = (async () => {
          for (let n = 0; n < 200; n++) await deaf.write(many);
        })().catch(() => {});
        await talk.goesOn(50);
        reading.close();
        deaf.close();
        await flood;
      });
      await untilOnly(talk, before);
      await talk.goesOn(5);
    }),
});
