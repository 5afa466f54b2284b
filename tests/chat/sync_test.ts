import assert from "node:assert/strict";
import type { Head, SyncResult } from "@/chat/protocol.ts";
import { call, converse, TestSocket } from "../support/client.ts";
import { startServer, testDatabases, type TestServer, type TestUser } from "../support/server.ts";

async function sync(
  server: TestServer,
  user: TestUser,
  heads: Record<string, Head>,
  since?: string,
): Promise<SyncResult> {
  const answer = await call<SyncResult>(server, "POST", "/api/messages/sync", {
    as: user,
    body: { heads, since },
  });
  assert.equal(answer.status, 200);
  return answer.body;
}

for (const { name, open, ignore } of testDatabases) {
  Deno.test({
    name: `sync brings exactly what a client lacks (${name})`,
    ignore,
    async fn() {
      await using server = await startServer({ database: await open() });
      const [ana, jonas, mira] = await Promise.all(["ana", "jonas", "mira"].map(server.addUser));
      const one = await converse(server, ana!, jonas!);
      const two = await converse(server, ana!, mira!);
      const socket = await TestSocket.connect(server, ana!);
      for (const text of ["1", "2", "3", "4"]) await socket.say(one, text);
      await socket.say(two, "hello");

      const nothing = await sync(server, ana!, {
        [one]: { rev: 4, marksRev: 0 },
        [two]: { rev: 1, marksRev: 0 },
      });
      assert.deepEqual(nothing.conversations, []);
      assert.deepEqual(nothing.removed, []);
      assert.equal(nothing.complete, true);

      const some = await sync(server, ana!, {
        [one]: { rev: 2, marksRev: 0 },
        [two]: { rev: 1, marksRev: 0 },
      });
      assert.deepEqual(some.conversations.map(({ conversation }) => conversation.id), [one]);
      assert.deepEqual(some.conversations[0]?.messages.map((m) => m.content), ["3", "4"]);
      assert.equal(some.conversations[0]?.conversation.rev, 4);
      assert.equal(some.conversations[0]?.limited, false);

      const unheld = await sync(server, ana!, { [one]: { rev: 4, marksRev: 0 } });
      assert.deepEqual(
        unheld.conversations.map((row) => [row.conversation.id, row.messages, row.limited]),
        [[two, [], true]],
      );
      const later = new Date(Date.now() + 60_000).toISOString();
      const listed = await sync(server, ana!, { [one]: { rev: 4, marksRev: 0 } }, later);
      assert.deepEqual(listed.conversations, []);

      // Only who does not hold all conversations needs to be told what is unread in all of them.
      assert.equal((await sync(server, jonas!, {}, later)).unreadTotal, 4);
      assert.equal((await sync(server, jonas!, {})).unreadTotal, undefined);

      const strangers = await sync(server, mira!, { [one]: { rev: 4, marksRev: 0 } });
      assert.deepEqual(strangers.removed, [one]);
      assert.deepEqual(strangers.conversations.map((row) => row.conversation.id), [two]);

      // A restored database, behind the client: it starts anew.
      const ahead = await sync(server, ana!, {
        [one]: { rev: 9, marksRev: 0 },
        [two]: { rev: 1, marksRev: 0 },
      });
      assert.deepEqual(ahead.conversations.map((row) => row.limited), [true]);
      await socket.close();
    },
  });

  Deno.test({
    name: `sync brings marks that moved while nobody wrote, and who is online (${name})`,
    ignore,
    async fn() {
      await using server = await startServer({ database: await open() });
      const [ana, jonas] = [await server.addUser("ana"), await server.addUser("jonas")];
      const id = await converse(server, ana, jonas);
      const socket = await TestSocket.connect(server, jonas);
      await call(server, "POST", "/api/messages/send", {
        as: ana,
        body: { clientId: crypto.randomUUID(), conversationId: id, content: "Read me" },
      });
      await socket.next("new_message");
      socket.send({ type: "mark_read", conversationId: id, seq: 1 });
      await socket.next("message_read");
      const { conversations, online } = await sync(server, ana, { [id]: { rev: 1, marksRev: 0 } });
      assert.deepEqual(online, [jonas.id]);
      assert.equal(conversations[0]?.conversation.marksRev, 1);
      const marks = conversations[0]?.conversation.participants
        .find((participant) => participant.userId === jonas.id);
      assert.equal(marks?.lastReadSeq, 1);
      assert.equal(marks?.online, true);
      assert.deepEqual(conversations[0]?.messages, []);
      await socket.close();
    },
  });

  Deno.test({
    name: `what is too much is limited, and what is too many is not complete (${name})`,
    ignore,
    async fn() {
      await using server = await startServer({ database: await open() });
      const ana = await server.addUser("ana");
      const others = await Promise.all(
        Array.from({ length: 52 }, (_, n) => server.addUser(`member${n}`)),
      );
      const socket = await TestSocket.connect(server, ana);
      await Promise.all(others.map((other) =>
        socket.request({
          type: "send_message",
          clientId: crypto.randomUUID(),
          recipientId: other.id,
          content: "Hello",
        })
      ));
      const first = await sync(server, ana, {});
      assert.equal(first.conversations.length, 50);
      assert.equal(first.complete, false);
      const heads = Object.fromEntries(
        first.conversations.map((
          { conversation: { id, rev, marksRev } },
        ) => [id, { rev, marksRev }]),
      );
      const rest = await sync(server, ana, heads);
      assert.equal(rest.conversations.length, 2);
      assert.equal(rest.complete, true);

      const id = first.conversations[0]!.conversation.id;
      await Promise.all(Array.from({ length: 201 }, (_, n) => socket.say(id, `${n}`)));
      const held = { ...heads, [id]: { rev: 2, marksRev: 0 } };
      const enough = await sync(server, ana, held);
      const changed = enough.conversations.find((row) => row.conversation.id === id);
      assert.equal(changed?.messages.length, 200);
      assert.equal(changed?.limited, false);
      const tooMuch = await sync(server, ana, { ...held, [id]: { rev: 1, marksRev: 0 } });
      const limited = tooMuch.conversations.find((row) => row.conversation.id === id);
      assert.deepEqual([limited?.messages, limited?.limited], [[], true]);
      await socket.close();
    },
  });
}
