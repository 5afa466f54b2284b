import assert from "node:assert/strict";
import { sql } from "drizzle-orm";
import type {
  Conversation,
  ConversationsResult,
  HistoryResult,
  Message,
  NotificationsResult,
  Problem,
  SyncResult,
} from "@/chat/protocol.ts";
import { selectChanges, selectHistory } from "@/db/messages.ts";
import { call, converse, TestSocket } from "../support/client.ts";
import { startServer, testDatabases, type TestServer, type TestUser } from "../support/server.ts";

const path = "/api/messages/conversations";

/** A group of ana, who owns it, and these. @returns its id */
async function group(server: TestServer, ana: TestUser, others: TestUser[]): Promise<string> {
  const { body } = await call<Conversation>(server, "POST", path, {
    as: ana,
    body: { kind: "group", title: "Harbour", participantIds: others.map((one) => one.id) },
  });
  return body.id;
}

const remove = (server: TestServer, as: TestUser, id: string, user: TestUser) =>
  call<Problem>(server, "DELETE", `${path}/${id}/members/${user.id}`, { as });
const add = (server: TestServer, as: TestUser, id: string, users: TestUser[]) =>
  call<Conversation & Problem>(server, "POST", `${path}/${id}/members`, {
    as,
    body: { userIds: users.map((user) => user.id) },
  });
const get = (server: TestServer, as: TestUser, id: string) =>
  call<Conversation & Problem>(server, "GET", `${path}/${id}`, { as });
const rolesOf = ({ participants }: Conversation) =>
  Object.fromEntries(participants.map((one) => [one.username, one.role]));

async function say(server: TestServer, as: TestUser, conversationId: string, more = {}) {
  const { body } = await call<{ message: Message }>(server, "POST", "/api/messages/send", {
    as,
    body: { clientId: crypto.randomUUID(), conversationId, content: "hello", ...more },
  });
  return body.message;
}

const setRole = (server: TestServer, id: string, user: TestUser, role: string) =>
  server.chat.db.execute(sql`update conversation_participants set role = ${role}
    where conversation_id = ${id} and user_id = ${user.id}`);

for (const { name, open, ignore } of testDatabases) {
  const test = (what: string, fn: (server: TestServer, users: TestUser[]) => Promise<void>) =>
    Deno.test({
      name: `${what} (${name})`,
      ignore,
      async fn() {
        await using server = await startServer({ database: await open() });
        const users = [];
        for (const username of ["ana", "jonas", "mira", "sofia", "theo"]) {
          users.push(await server.addUser(username));
        }
        await fn(server, users);
      },
    });

  test("who may remove whom from a group", async (server, users) => {
    const [ana, jonas, mira, sofia, theo] = users as Five;
    const id = await group(server, ana, [jonas, mira, sofia]);
    await setRole(server, id, jonas, "admin");

    const refused = async (as: TestUser, user: TestUser, status: number, detail: RegExp) => {
      const answer = await remove(server, as, id, user);
      assert.equal(answer.status, status, JSON.stringify(answer.body));
      assert.match(answer.body.detail, detail);
    };
    await refused(mira, sofia, 403, /Only the owner and the admins/);
    await refused(mira, theo, 403, /Only the owner and the admins/);
    await refused(jonas, ana, 403, /The owner cannot be removed/);
    await refused(jonas, theo, 404, /Cannot find member/);
    await refused(theo, mira, 404, /Cannot find conversation/);
    await refused(theo, theo, 404, /Cannot find conversation/);
    assert.equal((await get(server, ana, id)).body.participants.length, 4);

    assert.equal((await remove(server, jonas, id, mira)).status, 204);
    await refused(jonas, mira, 404, /Cannot find member/);
    assert.equal((await remove(server, sofia, id, sofia)).status, 204);
    await refused(sofia, sofia, 404, /Cannot find conversation/);
    assert.deepEqual(rolesOf((await get(server, ana, id)).body), { ana: "owner", jonas: "admin" });

    const direct = await converse(server, ana, mira);
    const answer = await remove(server, ana, direct, ana);
    assert.deepEqual([answer.status, answer.body.code], [409, "conflict"]);
    assert.equal((await add(server, ana, direct, [theo])).status, 409);
    assert.equal((await remove(server, theo, direct, ana)).status, 404);
  });

  test("a group whose owner leaves has another one", async (server, users) => {
    const [ana, jonas, mira, sofia] = users as Five;
    const id = await group(server, ana, [jonas, mira, sofia]);
    await say(server, ana, id);
    await remove(server, ana, id, jonas);
    await add(server, ana, id, [jonas]);
    await setRole(server, id, jonas, "admin");
    await remove(server, ana, id, ana);
    const after = await get(server, jonas, id);
    assert.deepEqual(rolesOf(after.body), { jonas: "owner", mira: "member", sofia: "member" });
    await remove(server, jonas, id, jonas);
    // Nobody is an admin; mira and sofia are there from the beginning.
    assert.equal(rolesOf((await get(server, mira, id)).body).mira, "owner");
    await remove(server, mira, id, mira);
    await remove(server, sofia, id, sofia);
    assert.equal((await get(server, sofia, id)).status, 404);
  });

  test(
    "a group takes members up to its size, and only from those who may",
    async (server, users) => {
      const [ana, jonas, mira, sofia, theo] = users as Five;
      const id = await group(server, ana, [jonas]);
      assert.equal((await add(server, jonas, id, [mira])).status, 403);
      assert.equal((await add(server, theo, id, [mira])).status, 404);
      const stranger = { ...theo, id: crypto.randomUUID() };
      assert.equal((await add(server, ana, id, [mira, stranger])).status, 404);
      assert.equal((await get(server, mira, id)).status, 404, "nothing was changed");

      const { body } = await add(server, ana, id, [mira, mira, jonas, ana]);
      assert.deepEqual(rolesOf(body), { ana: "owner", jonas: "member", mira: "member" });
      assert.deepEqual(await add(server, ana, id, [mira]).then((answer) => answer.body), body);

      const many = [];
      for (let n = 0; n < 97; n++) many.push(await server.addUser(`many${n}`));
      assert.equal((await add(server, ana, id, [...many, sofia])).status, 409);
      assert.equal((await add(server, ana, id, many)).status, 200);
      assert.equal((await add(server, ana, id, [sofia])).status, 409);
    },
  );

  test("all pages hear of a removal, and those away find it by sync", async (server, users) => {
    const [ana, jonas, mira] = users as Five;
    const id = await group(server, ana, [jonas, mira]);
    await say(server, ana, id);
    const before = (await get(server, mira, id)).body;
    const sockets = [];
    for (const user of [ana, jonas, mira, mira]) {
      sockets.push(await TestSocket.connect(server, user));
    }
    const [one, two, ...removed] = sockets as [TestSocket, TestSocket, TestSocket, TestSocket];
    await remove(server, ana, id, mira);
    for (const socket of removed) {
      assert.equal((await socket.next("conversation_removed")).conversationId, id);
    }
    for (const socket of [one, two]) {
      const { conversation } = await socket.next("conversation_updated");
      assert.deepEqual(Object.keys(rolesOf(conversation)), ["ana", "jonas"]);
      assert.deepEqual(
        [conversation.rev, conversation.marksRev],
        [before.rev + 1, before.marksRev + 1],
      );
      assert.equal(conversation.lastSeq, 1);
    }
    const heads = { [id]: { rev: before.rev, marksRev: before.marksRev } };
    const sync = (as: TestUser) =>
      call<SyncResult>(server, "POST", "/api/messages/sync", { as, body: { heads } });
    assert.deepEqual((await sync(mira)).body.removed, [id]);
    const stayed = (await sync(jonas)).body;
    assert.deepEqual(stayed.removed, []);
    assert.equal(stayed.conversations[0]?.conversation.participants.length, 2);
    await Promise.all(sockets.map((socket) => socket.close()));
  });

  test("who comes back sees nothing of what came meanwhile", async (server, users) => {
    const [ana, jonas, mira] = users as Five;
    const id = await group(server, ana, [jonas, mira]);
    await say(server, ana, id, { content: "one, for mira" });
    const held = (await get(server, mira, id)).body;
    await remove(server, ana, id, mira);
    const secret = await say(server, ana, id, { content: "two, a secret" });
    const there = await TestSocket.connect(server, mira);
    await add(server, ana, id, [mira]);
    const { conversation } = await there.next("conversation_updated");
    assert.equal((await there.next("notification")).notification.kind, "group_added");
    assert.deepEqual(
      [conversation.lastMessage, conversation.unreadCount, conversation.lastReadSeq],
      [null, 0, 2],
    );
    const mine = conversation.participants.find((one) => one.userId === mira.id);
    assert.deepEqual([mine?.lastReadSeq, mine?.lastDeliveredSeq, mine?.role], [2, 2, "member"]);

    // Quoted, it is no more theirs to see than it was.
    const clientId = crypto.randomUUID();
    const here = await TestSocket.connect(server, jonas);
    const quoting = await say(server, ana, id, { clientId, replyToId: secret.id });
    assert.equal(quoting.replyTo?.content, "two, a secret");
    assert.deepEqual((await here.next("new_message")).message, quoting);
    const seen = { ...quoting, replyTo: null };
    assert.deepEqual((await there.next("new_message")).message, seen);
    await say(server, ana, id, { clientId, replyToId: secret.id });
    assert.deepEqual((await there.next("new_message")).message, seen, "told again");

    const history = async (query: string) =>
      (await call<HistoryResult>(server, "GET", `/api/messages/${id}/messages?${query}`, {
        as: mira,
      })).body;
    for (const query of ["", "around=1", "after=0", "before=4"]) {
      assert.deepEqual(await history(query), {
        messages: [seen],
        hasBefore: false,
        hasAfter: false,
      });
    }
    const list = await call<ConversationsResult>(server, "GET", path, { as: mira });
    assert.deepEqual(list.body.conversations[0]?.lastMessage, seen);
    assert.equal(list.body.unreadTotal, 1);

    const sync = async (head: { rev: number; marksRev: number }) =>
      (await call<SyncResult>(server, "POST", "/api/messages/sync", {
        as: mira,
        body: { heads: { [id]: head } },
      })).body.conversations[0];
    const away = await sync(held);
    // What is held of before does not join what came after: it is to be loaded anew.
    assert.deepEqual([away?.limited, away?.messages], [true, []]);
    const near = await sync(conversation);
    assert.deepEqual([near?.limited, near?.messages], [false, [seen]]);

    there.send({ type: "mark_read", conversationId: id, messageId: secret.id });
    const unknown = await there.next("error");
    assert.equal(unknown.message, `Cannot find message ${secret.id}`);
    const answer = await there.request({
      type: "send_message",
      clientId: crypto.randomUUID(),
      conversationId: id,
      content: "what was it?",
      replyToId: secret.id,
    });
    assert.ok(answer.type === "error" && answer.code === "not_found");
    assert.ok(!JSON.stringify(there.frames).includes("secret"));

    // Also where nothing was written while they were away: what is held is theirs no more.
    const before = (await get(server, mira, id)).body;
    await remove(server, ana, id, mira);
    await add(server, ana, id, [mira]);
    assert.equal((await sync(before))?.limited, true);
    await Promise.all([here.close(), there.close()]);
  });

  test(
    "what was sent before being removed is answered again, and not stored again",
    async (server, users) => {
      const [ana, jonas] = users as Five;
      const id = await group(server, ana, [jonas]);
      const clientId = crypto.randomUUID();
      const sent = await say(server, jonas, id, { clientId });
      await remove(server, ana, id, jonas);
      assert.deepEqual(await say(server, jonas, id, { clientId }), sent);
      const fresh = await call(server, "POST", "/api/messages/send", {
        as: jonas,
        body: { clientId: crypto.randomUUID(), conversationId: id, content: "still there?" },
      });
      assert.equal(fresh.status, 404);
      assert.equal((await get(server, ana, id)).body.lastSeq, 1);
    },
  );

  test("a repeat is not told to those who joined after it", async (server, users) => {
    const [ana, jonas, mira] = users as Five;
    const id = await group(server, ana, [jonas]);
    const clientId = crypto.randomUUID();
    const secret = await say(server, ana, id, { clientId, content: "a secret" });
    await add(server, ana, id, [mira]);
    const here = await TestSocket.connect(server, jonas);
    const there = await TestSocket.connect(server, mira);
    assert.deepEqual(await say(server, ana, id, { clientId, content: "a secret" }), secret);
    const open = await say(server, ana, id, { content: "welcome" });
    assert.deepEqual((await here.next("new_message")).message, secret);
    assert.deepEqual((await here.next("new_message")).message, open);
    assert.deepEqual((await there.next("new_message")).message, open);
    await Promise.all([here.close(), there.close()]);
  });

  test("a page of history ends where the member was known to be one", async (server, users) => {
    const [ana, jonas] = users as Five;
    const id = await group(server, ana, [jonas]);
    for (let n = 0; n < 3; n++) await say(server, ana, id);
    // As if they were removed between the two questions.
    const mine = { joinedSeq: 0, lastSeq: 2 };
    for (const at of [{ before: 9 }, { after: 0 }, { around: 3 }]) {
      const rows = await selectHistory(server.chat.db, id, mine, at, 10);
      assert.ok(rows.length > 0 && rows.every(({ seq }) => seq <= 2));
    }
    const since = { conversationId: id, rev: 0, toRev: 2, joinedSeq: 0 };
    const changes = await selectChanges(server.chat.db, [since], 10, 1_000);
    assert.deepEqual(changes.map(({ seq }) => seq), [1, 2]);
  });

  test("a removed member's list holds nothing of the group", async (server, users) => {
    const [ana, jonas] = users as Five;
    const id = await group(server, ana, [jonas]);
    const list = async () =>
      (await call<NotificationsResult>(server, "GET", "/api/notifications", { as: jonas })).body;
    const [entry] = (await list()).notifications;
    assert.equal(entry?.conversationId, id);
    const socket = await TestSocket.connect(server, jonas);
    await remove(server, ana, id, jonas);
    const told = await socket.next("notifications_read");
    assert.deepEqual([told.ids, told.unreadCount], [[entry?.id], 0]);
    assert.deepEqual((await list()).notifications, []);
    await socket.close();
  });
}

type Five = [TestUser, TestUser, TestUser, TestUser, TestUser];
