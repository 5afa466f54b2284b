import { select } from "@/db/database.ts";
import assert from "node:assert/strict";
import { sql } from "drizzle-orm";
import type { HistoryResult, Message } from "@/chat/protocol.ts";
import { call, converse, TestSocket } from "../support/client.ts";
import { startServer, testDatabases } from "../support/server.ts";

const uuid = () => crypto.randomUUID();

for (const { name, open, ignore } of testDatabases) {
  Deno.test({
    name: `a message is stored, acknowledged, and told to every other socket of both (${name})`,
    ignore,
    async fn() {
      await using server = await startServer({ database: await open() });
      const [ana, jonas] = [await server.addUser("ana"), await server.addUser("jonas")];
      const conversationId = await converse(server, ana, jonas);
      const phone = await TestSocket.connect(server, ana);
      const laptop = await TestSocket.connect(server, ana);
      const other = await TestSocket.connect(server, jonas);

      const clientId = uuid();
      const answer = await phone.request({
        type: "send_message",
        clientId,
        conversationId,
        content: "Hello <b>you</b> 👋",
      });
      assert.equal(answer.type, "message_sent");
      const { message } = answer as { message: Message };
      assert.equal(message.content, "Hello <b>you</b> 👋");
      assert.equal(message.senderId, ana.id);
      assert.deepEqual([message.seq, message.rev, message.clientId], [1, 1, clientId]);
      for (const socket of [laptop, other]) {
        assert.deepEqual((await socket.next("new_message")).message, message);
      }
      await phone.settled();
      assert.ok(!phone.frames.some((frame) => frame.type === "new_message"));

      const { body } = await call<HistoryResult>(
        server,
        "GET",
        `/api/messages/${conversationId}/messages`,
        { as: jonas },
      );
      assert.deepEqual(body, { messages: [message], hasBefore: false, hasAfter: false });
      await Promise.all([phone, laptop, other].map((socket) => socket.close()));
    },
  });

  Deno.test({
    name: `a repeat is answered with the stored message and stored once (${name})`,
    ignore,
    async fn() {
      await using server = await startServer({ database: await open() });
      const [ana, jonas] = [await server.addUser("ana"), await server.addUser("jonas")];
      const conversationId = await converse(server, ana, jonas);
      const body = { clientId: uuid(), conversationId, content: "Once" };
      const send = (content = "Once") =>
        call<{ message: Message }>(server, "POST", "/api/messages/send", {
          as: ana,
          body: { ...body, content },
        });
      const together = await Promise.all([send(), send(), send()]);
      assert.deepEqual(together.map((one) => one.status).sort(), [200, 200, 201]);
      const later = await send("Other words under the same id");
      assert.equal(later.status, 200);
      for (const one of together) assert.deepEqual(one.body, later.body);
      assert.equal(later.body.message.content, "Once");
      const [row] = await select<{ count: number; seq: number }>(
        server.chat.db,
        sql`select (select count(*)::int from messages) as count,
          (select last_seq from conversations) as seq`,
      );
      assert.deepEqual(row, { count: 1, seq: 1 });
      // The id belongs to its sender alone.
      const others = await call<{ message: Message }>(server, "POST", "/api/messages/send", {
        as: jonas,
        body,
      });
      assert.equal(others.status, 201);
      assert.equal(others.body.message.seq, 2);
    },
  });

  Deno.test({
    name: `many senders at once leave no hole in seq and rev, and each hears in order (${name})`,
    ignore,
    async fn() {
      await using server = await startServer({ database: await open() });
      const users = await Promise.all(["ana", "jonas", "mira"].map(server.addUser));
      const [ana, jonas, mira] = users;
      const { body } = await call<{ id: string }>(server, "POST", "/api/messages/conversations", {
        as: ana!,
        body: { kind: "group", title: "Three", participantIds: [jonas!.id, mira!.id] },
      });
      const sockets = await Promise.all(users.map((user) => TestSocket.connect(server, user)));
      const each = 40;
      await Promise.all(
        sockets.flatMap((socket, at) =>
          Array.from({ length: each }, (_, n) => socket.say(body.id, `${at}:${n}`))
        ),
      );
      for (const [at, socket] of sockets.entries()) {
        for (let n = 0; n < 2 * each; n++) await socket.next("new_message");
        const heard = socket.frames.flatMap((frame) =>
          frame.type === "new_message" || frame.type === "message_sent" ? [frame.message] : []
        );
        assert.deepEqual(
          heard.map((message) => message.seq).sort((a, b) => a - b),
          Array.from({ length: 3 * each }, (_, n) => n + 1),
        );
        for (const message of heard) assert.equal(message.rev, message.seq);
        const fromOthers = socket.frames.flatMap((frame) =>
          frame.type === "new_message" ? [frame.message.seq] : []
        );
        assert.deepEqual(fromOthers, fromOthers.toSorted((a, b) => a - b));
        const own = heard.filter((message) => message.senderId === users[at]!.id)
          .sort((a, b) => a.seq - b.seq).map((message) => message.content);
        assert.deepEqual(own, Array.from({ length: each }, (_, n) => `${at}:${n}`));
      }
      await Promise.all(sockets.map((socket) => socket.close()));
    },
  });

  Deno.test({
    name: `the first message to a member begins the conversation, once, in order (${name})`,
    ignore,
    async fn() {
      await using server = await startServer({ database: await open() });
      const [ana, jonas] = [await server.addUser("ana"), await server.addUser("jonas")];
      const socket = await TestSocket.connect(server, ana);
      const answers = await Promise.all(
        ["one", "two", "three"].map((content) =>
          socket.request({ type: "send_message", clientId: uuid(), recipientId: jonas.id, content })
        ),
      );
      const back = await call<{ message: Message }>(server, "POST", "/api/messages/send", {
        as: jonas,
        body: { clientId: uuid(), recipientId: ana.id, content: "four" },
      });
      const messages = [...answers, back.body].map((one) => (one as { message: Message }).message);
      assert.deepEqual(messages.map((message) => message.seq), [1, 2, 3, 4]);
      assert.equal(new Set(messages.map((message) => message.conversationId)).size, 1);
      await socket.close();
    },
  });

  Deno.test({
    name: `a stranger can neither write to, read, join, mark nor sync a conversation (${name})`,
    ignore,
    async fn() {
      await using server = await startServer({ database: await open() });
      const [ana, jonas, eve] = await Promise.all(["ana", "jonas", "eve"].map(server.addUser));
      const real = await converse(server, ana!, jonas!);
      const socket = await TestSocket.connect(server, ana!);
      const { id: messageId } = await socket.say(real, "Private");
      const stranger = await TestSocket.connect(server, eve!);
      const answersAbout = async (conversationId: string) => {
        const frames = [
          { type: "send_message", clientId: uuid(), conversationId, content: "Hi" },
          { type: "join_conversation", conversationId },
          { type: "mark_read", conversationId, seq: 1 },
          { type: "mark_read", conversationId, messageId },
          { type: "mark_delivered", conversationId, seq: 1 },
          { type: "typing_start", conversationId },
        ] as const;
        const answers = [];
        for (const frame of frames) answers.push(await stranger.request(frame));
        const calls = [
          await call(server, "GET", `/api/messages/${conversationId}/messages`, { as: eve! }),
          await call(server, "GET", `/api/messages/conversations/${conversationId}`, { as: eve! }),
          await call(server, "PATCH", `/api/messages/conversations/${conversationId}/read`, {
            as: eve!,
            body: { seq: 1 },
          }),
          await call(server, "POST", "/api/messages/send", {
            as: eve!,
            body: { clientId: uuid(), conversationId, content: "Hi" },
          }),
          await call(server, "POST", "/api/messages/sync", {
            as: eve!,
            body: { heads: { [conversationId]: { rev: 0, marksRev: 0 } } },
          }),
        ];
        return [
          ...answers.map((frame) => ({ ...frame, replyTo: undefined })),
          ...calls.map(({ status, body }) => ({ status, body })),
        ].map((one) => JSON.stringify(one).replaceAll(conversationId, "…"));
      };
      const about = await answersAbout(real);
      assert.deepEqual(about, await answersAbout(uuid()));
      for (const answer of about.slice(0, -1)) assert.match(answer, /"not_found"/);
      await stranger.settled();
      assert.ok(!stranger.frames.some((frame) => frame.type === "new_message"));
      await Promise.all([socket.close(), stranger.close()]);
    },
  });

  Deno.test({
    name: `an answer quotes a message of its own conversation, and of no other (${name})`,
    ignore,
    async fn() {
      await using server = await startServer({ database: await open() });
      const [ana, jonas, mira] = await Promise.all(["ana", "jonas", "mira"].map(server.addUser));
      const here = await converse(server, ana!, jonas!);
      const elsewhere = await converse(server, ana!, mira!);
      const socket = await TestSocket.connect(server, ana!);
      const quoted = await socket.say(here, "Which day?");
      const answer = await socket.request({
        type: "send_message",
        clientId: uuid(),
        conversationId: here,
        content: "Friday",
        replyToId: quoted.id,
      });
      assert.equal(answer.type, "message_sent");
      assert.deepEqual((answer as { message: Message }).message.replyTo, {
        id: quoted.id,
        seq: 1,
        senderId: ana!.id,
        content: "Which day?",
      });
      const refused = await socket.request({
        type: "send_message",
        clientId: uuid(),
        conversationId: elsewhere,
        content: "Friday",
        replyToId: quoted.id,
      });
      assert.equal((refused as { code: string }).code, "not_found");
      await socket.close();
    },
  });

  Deno.test({
    name: `history comes in pages before, after and around a message (${name})`,
    ignore,
    async fn() {
      await using server = await startServer({ database: await open() });
      const [ana, jonas] = [await server.addUser("ana"), await server.addUser("jonas")];
      const id = await converse(server, ana, jonas);
      const page = async (query: string) => {
        const { body } = await call<HistoryResult>(
          server,
          "GET",
          `/api/messages/${id}/messages?${query}`,
          { as: jonas },
        );
        const seqs = body.messages.map((message) => message.seq);
        return [seqs[0], seqs.at(-1), seqs.length, body.hasBefore, body.hasAfter];
      };
      assert.deepEqual(await page(""), [undefined, undefined, 0, false, false]);
      const socket = await TestSocket.connect(server, ana);
      await Promise.all(Array.from({ length: 130 }, (_, n) => socket.say(id, `${n + 1}`)));
      assert.deepEqual(await page(""), [81, 130, 50, true, false]);
      assert.deepEqual(await page("before=81"), [31, 80, 50, true, true]);
      assert.deepEqual(await page("before=31"), [1, 30, 30, false, true]);
      assert.deepEqual(await page("before=1"), [undefined, undefined, 0, false, true]);
      assert.deepEqual(await page("after=0&limit=10"), [1, 10, 10, false, true]);
      assert.deepEqual(await page("after=120"), [121, 130, 10, true, false]);
      assert.deepEqual(await page("after=130"), [undefined, undefined, 0, true, false]);
      assert.deepEqual(await page("around=60&limit=10"), [55, 64, 10, true, true]);
      assert.deepEqual(await page("around=2&limit=10"), [1, 6, 6, false, true]);
      assert.deepEqual(await page("around=130&limit=10"), [125, 130, 6, true, false]);
      assert.deepEqual(await page("around=999999999999"), [106, 130, 25, true, false]);
      await socket.close();
    },
  });
}

Deno.test("what cannot be said is refused with its path, and changes nothing", async () => {
  await using server = await startServer();
  const [ana, jonas] = [await server.addUser("ana"), await server.addUser("jonas")];
  const conversationId = await converse(server, ana, jonas);
  const good = { clientId: uuid(), conversationId, content: "Hello" };
  const wrong: [path: string, body: Record<string, unknown>][] = [
    ["content", { ...good, content: "" }],
    ["content", { ...good, content: " \n " }],
    ["content", { ...good, content: "x".repeat(8_001) }],
    ["content", { ...good, content: "nul \0" }],
    ["content", { ...good, content: "half \ud83d" }],
    ["content", { ...good, content: 5 }],
    ["clientId", { ...good, clientId: "1" }],
    ["clientId", { ...good, clientId: undefined }],
    ["conversationId", { ...good, conversationId: "1" }],
    ["conversationId", { ...good, recipientId: jonas.id }],
    ["conversationId", { ...good, conversationId: undefined }],
    ["recipientId", { ...good, conversationId: undefined, recipientId: ana.id }],
    ["type", { ...good, type: "system" }],
    ["attachmentIds", { ...good, attachmentIds: [uuid()] }],
  ];
  for (const [path, body] of wrong) {
    const answer = await call<{ code: string; errors: { path: string }[] }>(
      server,
      "POST",
      "/api/messages/send",
      { as: ana, body },
    );
    assert.equal(answer.status, 400, JSON.stringify(body).slice(0, 100));
    assert.equal(answer.body.code, "invalid_input");
    assert.equal(answer.body.errors[0]?.path, path);
  }
  const [row] = await select<{ count: number }>(
    server.chat.db,
    sql`select count(*)::int as count from messages`,
  );
  assert.equal(row?.count, 0);
  const longest = await call(server, "POST", "/api/messages/send", {
    as: ana,
    body: { ...good, content: "ä".repeat(8_000) },
  });
  assert.equal(longest.status, 201);
});

Deno.test("too many messages are refused with the seconds to wait", async () => {
  await using server = await startServer({ env: { RATE_LIMIT_SCALE: "0.1" } });
  const [ana, jonas] = [await server.addUser("ana"), await server.addUser("jonas")];
  const conversationId = await converse(server, ana, jonas);
  const socket = await TestSocket.connect(server, ana);
  const answers = await Promise.all(
    Array.from(
      { length: 7 },
      () =>
        socket.request({ type: "send_message", clientId: uuid(), conversationId, content: "Hi" }),
    ),
  );
  const refused = answers.filter((answer) => answer.type === "error");
  assert.equal(refused.length, 1);
  assert.equal(refused[0]?.code, "rate_limited");
  assert.ok((refused[0]?.retryAfter ?? 0) >= 1);
  await socket.close();
});
