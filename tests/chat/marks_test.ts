import { select } from "@/db/database.ts";
import assert from "node:assert/strict";
import { sql } from "drizzle-orm";
import type { Conversation } from "@/chat/protocol.ts";
import { call, converse, TestSocket } from "../support/client.ts";
import { startServer, testDatabases } from "../support/server.ts";

for (const { name, open, ignore } of testDatabases) {
  Deno.test({
    name: `reading moves the mark, tells both sides, and leaves a receipt (${name})`,
    ignore,
    async fn() {
      await using server = await startServer({ database: await open() });
      const [ana, jonas] = [await server.addUser("ana"), await server.addUser("jonas")];
      const conversationId = await converse(server, ana, jonas);
      const writer = await TestSocket.connect(server, ana);
      const reader = await TestSocket.connect(server, jonas);
      const tablet = await TestSocket.connect(server, jonas);
      const messages = [];
      for (const text of ["one", "two", "three"]) {
        messages.push(await writer.say(conversationId, text));
      }

      reader.send({ type: "mark_delivered", conversationId, seq: 2 });
      const delivered = await writer.next("message_delivered");
      assert.deepEqual([delivered.userId, delivered.seq, delivered.marksRev], [jonas.id, 2, 1]);
      assert.equal(delivered.unreadCount, undefined);

      reader.send({ type: "mark_read", conversationId, messageId: messages[1]!.id });
      const read = await writer.next("message_read");
      assert.deepEqual([read.userId, read.seq, read.marksRev], [jonas.id, 2, 2]);
      assert.equal(read.unreadCount, undefined);
      assert.equal((await tablet.next("message_read")).unreadCount, 1);

      const [receipt] = await select<{ seq: number }>(
        server.chat.db,
        sql`select seq from message_read_receipts where user_id = ${jonas.id}`,
      );
      assert.deepEqual(receipt, { seq: 2 });

      const path = `/api/messages/conversations/${conversationId}`;
      const { body } = await call<Conversation>(server, "GET", path, { as: ana });
      const marks = body.participants.find((one) => one.userId === jonas.id);
      assert.deepEqual([marks?.lastReadSeq, marks?.lastDeliveredSeq], [2, 2]);
      assert.equal(body.marksRev, 2);
      await Promise.all([writer, reader, tablet].map((socket) => socket.close()));
    },
  });

  Deno.test({
    name: `what was got beyond what was read is told too where both share a write (${name})`,
    ignore,
    async fn() {
      await using server = await startServer({ database: await open() });
      const [ana, jonas] = [await server.addUser("ana"), await server.addUser("jonas")];
      const conversationId = await converse(server, ana, jonas);
      const writer = await TestSocket.connect(server, ana);
      for (const text of ["one", "two", "three"]) await writer.say(conversationId, text);
      const mark = (readSeq: number, deliveredSeq: number) =>
        server.chat.marker.add({ conversationId, userId: jonas.id, readSeq, deliveredSeq });
      const [read] = await Promise.all([mark(2, 0), mark(0, 3)]);
      assert.deepEqual([read?.readMoved, read?.readSeq, read?.unreadCount], [true, 2, 1]);
      const told = await writer.next("message_read");
      assert.deepEqual([told.seq, told.marksRev], [2, 1]);
      const got = await writer.next("message_delivered");
      assert.deepEqual([got.seq, got.marksRev], [3, 2]);
      await writer.close();
    },
  });

  Deno.test({
    name: `marks move forward only, never past the last message; read is delivered (${name})`,
    ignore,
    async fn() {
      await using server = await startServer({ database: await open() });
      const [ana, jonas] = [await server.addUser("ana"), await server.addUser("jonas")];
      const conversationId = await converse(server, ana, jonas);
      const writer = await TestSocket.connect(server, ana);
      for (const text of ["one", "two", "three"]) await writer.say(conversationId, text);
      const read = async (seq: number) => {
        const path = `/api/messages/conversations/${conversationId}/read`;
        return (await call(server, "PATCH", path, { as: jonas, body: { seq } })).body;
      };
      assert.deepEqual(await read(2), { lastReadSeq: 2, unreadCount: 1 });
      assert.deepEqual(await read(1), { lastReadSeq: 2, unreadCount: 1 });
      assert.deepEqual(await read(99_999_999_999), { lastReadSeq: 3, unreadCount: 0 });
      // All of a crowd at once end at the furthest.
      await writer.say(conversationId, "four");
      await writer.say(conversationId, "five");
      const crowd = await Promise.all([5, 4, 1].map(read));
      assert.deepEqual(crowd[0], { lastReadSeq: 5, unreadCount: 0 });
      const [row] = await select<{ read: number; delivered: number }>(
        server.chat.db,
        sql`select last_read_seq as read, last_delivered_seq as delivered
          from conversation_participants where user_id = ${jonas.id}`,
      );
      assert.deepEqual(row, { read: 5, delivered: 5 });
      await writer.close();
    },
  });

  Deno.test({
    name: `unread are the messages of others after the mark, in list and total (${name})`,
    ignore,
    async fn() {
      await using server = await startServer({ database: await open() });
      const [ana, jonas, mira] = await Promise.all(["ana", "jonas", "mira"].map(server.addUser));
      const withJonas = await converse(server, ana!, jonas!);
      const withMira = await converse(server, ana!, mira!);
      const sockets = await Promise.all(
        [ana!, jonas!, mira!].map((user) => TestSocket.connect(server, user)),
      );
      await sockets[1]!.say(withJonas, "one");
      await sockets[0]!.say(withJonas, "my own");
      await sockets[1]!.say(withJonas, "two");
      await sockets[2]!.say(withMira, "three");
      const unread = async () => {
        const { body } = await call<{ conversations: Conversation[]; unreadTotal: number }>(
          server,
          "GET",
          "/api/messages/conversations",
          { as: ana! },
        );
        const counts = body.conversations.map((one) => [one.id, one.unreadCount]);
        return { ...Object.fromEntries(counts), total: body.unreadTotal };
      };
      assert.deepEqual(await unread(), { [withJonas]: 2, [withMira]: 1, total: 3 });
      await call(server, "PATCH", `/api/messages/conversations/${withJonas}/read`, {
        as: ana!,
        body: { seq: 1 },
      });
      assert.deepEqual(await unread(), { [withJonas]: 1, [withMira]: 1, total: 2 });
      await Promise.all(sockets.map((socket) => socket.close()));
    },
  });
}
