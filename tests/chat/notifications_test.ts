import type {
  Conversation,
  Notification,
  NotificationsResult,
  Problem,
  ServerFrame,
} from "@/chat/protocol.ts";
import assert from "node:assert/strict";
import { Away } from "../support/away.ts";
import { call, converse, TestSocket } from "../support/client.ts";
import { startServer, testDatabases, type TestUser } from "../support/server.ts";

const path = "/api/notifications";

const list = (away: Away, as: TestUser, query = "") =>
  away.call<NotificationsResult & Problem>(as, "GET", path + query);
/** What a list says, without what differs from run to run. */
const said = ({ kind, actor, content, count, readAt }: Notification) => [
  kind,
  actor?.displayName,
  content,
  count,
  readAt !== null,
];

for (const { name, open, ignore } of testDatabases) {
  Deno.test({
    name: `unread messages are one entry a conversation, live, until they are read (${name})`,
    ignore,
    async fn() {
      await using away = await Away.start({ database: await open() });
      const [ana, eve, jonas] = [
        await away.addUser("ana"),
        await away.addUser("eve"),
        await away.addUser("jonas"),
      ];
      const id = await converse(away.server, ana, jonas);
      const other = await converse(away.server, eve, jonas);
      const page = await TestSocket.connect(away.server, jonas);

      await away.say(ana, id, "Is the loft free?");
      await away.pass(11_000);
      const first = await page.next("notification");
      assert.deepEqual(said(first.notification), ["message", "Ana", "Is the loft free?", 1, false]);
      assert.equal(first.unreadCount, 1);

      await away.say(ana, id, "On Friday?");
      await away.say(eve, other, "Your invoice is here.");
      await away.pass(11_000);
      const grown = await page.next("notification", ({ notification }) => notification.count === 2);
      assert.equal(grown.notification.id, first.notification.id);
      assert.deepEqual(said(grown.notification), ["message", "Ana", "On Friday?", 2, false]);
      const { body } = await list(away, jonas);
      assert.equal(body.unreadCount, 2);
      assert.equal(body.notifications.length, 2);

      // Read up to the first, then to the end.
      const read = (seq: number) => page.send({ type: "mark_read", conversationId: id, seq });
      read(1);
      await page.next("message_read");
      await away.settle();
      assert.equal((await list(away, jonas)).body.unreadCount, 2);
      read(2);
      await away.settle();
      const ended = await page.next("notifications_read");
      assert.deepEqual([ended.ids, ended.unreadCount], [[first.notification.id], 1]);

      await away.say(ana, id, "Or on Saturday?");
      await away.pass(11_000);
      const anew = await page.next("notification", ({ notification }) => notification.count === 1);
      assert.notEqual(anew.notification.id, first.notification.id);
      await page.close();
    },
  });

  Deno.test({
    name: `entries are read one by one or all at once, and every page hears of it (${name})`,
    ignore,
    async fn() {
      await using away = await Away.start({ database: await open() });
      const [ana, jonas, eve] = [
        await away.addUser("ana"),
        await away.addUser("jonas"),
        await away.addUser("eve"),
      ];
      const page = await TestSocket.connect(away.server, jonas);
      for (const title of ["Oslo", "Porto", "Rome"]) {
        await away.call(ana, "POST", "/api/messages/conversations", {
          kind: "group",
          title,
          participantIds: [jonas.id],
        });
      }
      const { body } = await list(away, jonas);
      assert.deepEqual(body.notifications.map(said), [
        ["group_added", "Ana", "Rome", 1, false],
        ["group_added", "Ana", "Porto", 1, false],
        ["group_added", "Ana", "Oslo", 1, false],
      ]);
      assert.equal((await list(away, ana)).body.notifications.length, 0);

      const [rome, porto] = body.notifications as [Notification, Notification];
      const readOne = await away.call(jonas, "POST", `${path}/read`, { ids: [rome.id] });
      assert.deepEqual(readOne.body, { unreadCount: 2 });
      assert.deepEqual((await page.next("notifications_read")).ids, [rome.id]);
      // Another's entry stays as it is, and nothing tells that it is there.
      const foreign = await away.call(eve, "POST", `${path}/read`, { ids: [porto.id] });
      assert.deepEqual([foreign.status, foreign.body], [200, { unreadCount: 0 }]);
      assert.equal((await list(away, jonas)).body.unreadCount, 2);
      const readAll = await away.call(jonas, "POST", `${path}/read`, { all: true });
      assert.deepEqual(readAll.body, { unreadCount: 0 });
      assert.equal((await page.next("notifications_read")).ids, null);
      await page.close();

      const firstPage = (await list(away, jonas, "?limit=2")).body;
      const cursor = encodeURIComponent(firstPage.nextCursor as string);
      const secondPage = (await list(away, jonas, `?limit=2&cursor=${cursor}`)).body;
      assert.deepEqual(
        [...firstPage.notifications, ...secondPage.notifications].map(({ content }) => content),
        ["Rome", "Porto", "Oslo"],
      );
      assert.equal(secondPage.nextCursor, null);
    },
  });
}

Deno.test("what is asked wrongly of the list is refused, each with its path", async () => {
  await using server = await startServer();
  const ana = await server.addUser("ana");
  const refusal = async (method: string, at: string, body?: unknown) => {
    const answer = await call<Problem>(server, method, at, { as: ana, body });
    return [answer.status, answer.body.errors?.map((issue) => issue.path)];
  };
  assert.deepEqual(await refusal("GET", `${path}?cursor=x`), [400, ["cursor"]]);
  assert.deepEqual(await refusal("GET", `${path}?limit=0`), [400, ["limit"]]);
  assert.deepEqual(await refusal("POST", `${path}/read`, { ids: ["x"] }), [400, ["ids.0"]]);
  assert.deepEqual(await refusal("POST", `${path}/read`, { ids: [] }), [400, ["ids"]]);
  assert.equal((await refusal("POST", `${path}/read`, {}))[0], 400);
  assert.equal((await refusal("POST", `${path}/read`, { all: true, ids: [ana.id] }))[0], 400);
  for (const at of [path, `${path}/undelivered`]) {
    assert.equal((await call(server, "GET", at)).status, 401);
  }
  assert.equal((await call(server, "GET", `${path}/undelivered`, { as: ana })).status, 403);
});

Deno.test("a login from a browser that was not seen before is told, and others are not", async () => {
  await using server = await startServer();
  const credentials = { username: "ana", password: "correct horse battery" };
  const chrome =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) " +
    "Chrome/140.0.0.0 Safari/537.36";
  const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
  const { body: { user, token } } = await call<{ user: { id: string }; token: string }>(
    server,
    "POST",
    "/api/auth/register",
    {
      body: { ...credentials, displayName: "Ana", email: "ana@example.com" },
      headers: { "user-agent": chrome },
    },
  );
  const ana: TestUser = { id: user.id, username: "ana", token };
  const login = (userAgent: string) =>
    call(server, "POST", "/api/auth/login", {
      body: { login: "ana", password: credentials.password },
      headers: { "user-agent": userAgent },
    });
  const page = await TestSocket.connect(server, ana);
  await login(chrome);
  await login(firefox);
  assert.deepEqual(
    said((await page.next("notification")).notification),
    ["new_login", undefined, "Firefox on Linux", 1, false],
  );
  await login(firefox);
  await login("<script>alert(1)</script>");
  const { body } = await call<NotificationsResult>(server, "GET", path, { as: ana });
  assert.deepEqual(body.notifications.map(({ content }) => content), ["", "Firefox on Linux"]);
  await page.close();
});

Deno.test("a member's settings of a conversation are theirs, and their other pages follow", async () => {
  await using server = await startServer();
  const [ana, jonas, eve] = [
    await server.addUser("ana"),
    await server.addUser("jonas"),
    await server.addUser("eve"),
  ];
  const id = await converse(server, ana, jonas);
  const at = `/api/messages/conversations/${id}/settings`;
  const set = (as: TestUser, body: unknown, where = at) =>
    call<Conversation & Problem>(server, "PATCH", where, { as, body });
  const page = await TestSocket.connect(server, jonas);
  const mutedUntil = "2999-01-01T00:00:00.000Z";
  const { body: before } = await call<Conversation>(
    server,
    "GET",
    `/api/messages/conversations/${id}`,
    { as: jonas },
  );

  const muted = await set(jonas, { mutedUntil });
  assert.deepEqual([muted.status, muted.body.muted, muted.body.mutedUntil], [
    200,
    true,
    mutedUntil,
  ]);
  assert.ok(muted.body.marksRev > before.marksRev);
  const heard = await page.next("conversation_updated");
  assert.deepEqual(heard.conversation, muted.body);
  const off = await set(jonas, { emailOff: true });
  assert.deepEqual([off.body.muted, off.body.emailOff], [true, true]);
  const both = await set(jonas, { mutedUntil: null, emailOff: false });
  assert.deepEqual([both.body.muted, both.body.mutedUntil, both.body.emailOff], [
    false,
    null,
    false,
  ]);
  const hers = await call<Conversation>(server, "GET", at.replace("/settings", ""), { as: ana });
  assert.equal(hers.body.muted, false);

  for (
    const [body, issue] of [
      [{ mutedUntil: "tomorrow" }, "mutedUntil"],
      [{ mutedUntil: 5 }, "mutedUntil"],
      [{ emailOff: "yes" }, "emailOff"],
      [{}, ""],
    ] as const
  ) {
    const { status, body: problem } = await set(jonas, body);
    assert.deepEqual([status, problem.errors?.[0]?.path], [400, issue]);
  }
  const stranger = await set(eve, { emailOff: true });
  const missing = await set(eve, { emailOff: true }, at.replace(id, crypto.randomUUID()));
  assert.deepEqual([stranger.status, missing.status], [404, 404]);
  assert.equal(stranger.body.title, missing.body.title);
  const frames = page.frames.filter((frame: ServerFrame) => frame.type === "conversation_updated");
  assert.equal(frames.length, 3);
  await page.close();
});
