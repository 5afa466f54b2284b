import assert from "node:assert/strict";
import * as v from "valibot";
import { Conversation, ConversationsResult, type Message, type Problem } from "@/chat/protocol.ts";
import { type Answer, call, converse } from "../support/client.ts";
import { SetClock } from "../support/clock.ts";
import { startServer, testDatabases, type TestServer, type TestUser } from "../support/server.ts";

const path = "/api/messages/conversations";

function create(server: TestServer, as: TestUser, others: TestUser[], more = {}) {
  const body = { participantIds: others.map((other) => other.id), ...more };
  return call<Conversation & Problem>(server, "POST", path, { as, body });
}

function get(server: TestServer, as: TestUser, id: string) {
  return call<Conversation & Problem>(server, "GET", `${path}/${id}`, { as });
}

async function list(server: TestServer, as: TestUser, query: Record<string, string> = {}) {
  const answer = await call<ConversationsResult>(
    server,
    "GET",
    `${path}?${new URLSearchParams(query)}`,
    { as },
  );
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
}

const idsOf = (result: ConversationsResult) => result.conversations.map(({ id }) => id);

async function say(server: TestServer, as: TestUser, conversationId: string, content = "Hello") {
  const { status, body } = await call<{ message: Message }>(server, "POST", "/api/messages/send", {
    as,
    body: { clientId: crypto.randomUUID(), conversationId, content },
  });
  assert.equal(status, 201);
  return body.message;
}

async function addUsers(server: TestServer, ...names: string[]): Promise<TestUser[]> {
  const users: TestUser[] = [];
  for (const name of names) users.push(await server.addUser(name));
  return users;
}

for (const { name, open, ignore } of testDatabases) {
  Deno.test({
    name: `the list has the latest first, each as its member sees it (${name})`,
    ignore,
    async fn() {
      const clock = new SetClock(Date.parse("2026-06-01T12:00:00Z"));
      await using server = await startServer({ database: await open(), clock });
      const [ana, jonas, mira] = await addUsers(server, "ana", "jonas", "mira") as TestUser[];
      const withJonas = await converse(server, ana!, jonas!);
      clock.pass(1_000);
      const withMira = await converse(server, ana!, mira!);
      assert.deepEqual(idsOf(await list(server, ana!)), [withMira, withJonas]);

      clock.pass(1_000);
      const first = await say(server, jonas!, withJonas, "Hello Ana");
      await say(server, ana!, withJonas, "Hello Jonas");
      clock.pass(1_000);
      const last = await say(server, jonas!, withJonas, "How are you?");
      const mine = await list(server, ana!);
      assert.deepEqual(idsOf(mine), [withJonas, withMira]);
      assert.deepEqual([mine.unreadTotal, mine.nextCursor], [2, null]);

      const [conversation] = mine.conversations;
      const participant = { avatarUrl: null, role: "member", online: false, lastSeenAt: null };
      const unread = { lastReadSeq: 0, lastDeliveredSeq: 0 };
      assert.deepEqual(conversation, {
        id: withJonas,
        kind: "direct",
        title: null,
        context: null,
        subject: null,
        participants: [
          { ...participant, ...unread, userId: ana!.id, username: "ana", displayName: "Ana" },
          { ...participant, ...unread, userId: jonas!.id, username: "jonas", displayName: "Jonas" },
        ],
        lastMessage: last,
        lastSeq: 3,
        rev: 3,
        marksRev: 0,
        unreadCount: 2,
        lastReadSeq: 0,
        muted: false,
        mutedUntil: null,
        emailOff: false,
        pinned: false,
        archived: false,
        createdAt: "2026-06-01T12:00:00.000Z",
        updatedAt: last.createdAt,
      });
      // What the schemas say is what is answered, with nothing beside it.
      assert.deepEqual(v.parse(ConversationsResult, mine), mine);
      assert.deepEqual((await get(server, ana!, withJonas)).body, conversation);

      const theirs = await list(server, jonas!);
      assert.deepEqual([theirs.conversations[0]?.unreadCount, theirs.unreadTotal], [1, 1]);
      assert.equal(first.seq, 1);
    },
  });

  Deno.test({
    name: `pages follow each other without a repeat or a hole, at equal times too (${name})`,
    ignore,
    async fn() {
      const clock = new SetClock(Date.parse("2026-06-01T12:00:00Z"));
      await using server = await startServer({ database: await open(), clock });
      const [ana, jonas] = await addUsers(server, "ana", "jonas");
      const made: string[] = [];
      for (let n = 0; n < 11; n++) {
        if (n % 4 === 0) clock.pass(1);
        const { body } = await create(server, ana!, [jonas!], { subject: { title: `Room ${n}` } });
        made.push(body.id);
      }
      const all = idsOf(await list(server, ana!));
      assert.deepEqual([...all].sort(), [...made].sort());
      for (const limit of ["1", "2", "3", "11", "12"]) {
        const seen: string[] = [];
        let cursor: string | null = "";
        let pages = 0;
        while (cursor !== null) {
          const page: ConversationsResult = await list(server, ana!, {
            limit,
            ...cursor && { cursor },
          });
          seen.push(...idsOf(page));
          cursor = page.nextCursor;
          pages++;
        }
        assert.deepEqual(seen, all);
        assert.equal(pages, Math.ceil(11 / Number(limit)));
      }

      // What moves to the top while one pages is not shown twice below, and nothing else is lost.
      const top = await list(server, ana!, { limit: "5" });
      clock.pass(1_000);
      await say(server, jonas!, all[8]!);
      const rest = await list(server, ana!, { limit: "20", cursor: top.nextCursor! });
      assert.deepEqual(idsOf(rest), all.slice(5).filter((id) => id !== all[8]));
    },
  });

  Deno.test({
    name: `the list is searched by person, title and subject, all as text (${name})`,
    ignore,
    async fn() {
      await using server = await startServer({ database: await open() });
      const [ana, jonas, mira] = await addUsers(server, "ana", "jonas_w", "mira");
      const ids: Record<string, string> = {
        jonas: (await create(server, ana!, [jonas!])).body.id,
        mira: (await create(server, ana!, [mira!], { subject: { title: "Loft, 50% off" } })).body
          .id,
        group: (await create(server, ana!, [jonas!, mira!], { kind: "group", title: "C:\\Été" }))
          .body.id,
      };
      const found = async (query: string) => {
        const result = idsOf(await list(server, ana!, { query }));
        return Object.keys(ids).filter((one) => result.includes(ids[one]!));
      };
      assert.deepEqual(await found("JONAS"), ["jonas", "group"]);
      assert.deepEqual(await found("onas_"), ["jonas", "group"]);
      assert.deepEqual(await found("mira"), ["mira", "group"]);
      assert.deepEqual(await found("loft"), ["mira"]);
      assert.deepEqual(await found("%"), ["mira"]);
      assert.deepEqual(await found("0% o"), ["mira"]);
      assert.deepEqual(await found("_"), ["jonas", "group"]);
      assert.deepEqual(await found("\\"), ["group"]);
      assert.deepEqual(await found("éTé"), ["group"]);
      // One's own name is in all of them, and so says nothing.
      assert.deepEqual(await found("ana"), []);
      assert.deepEqual(await found("' or true --"), []);
      assert.deepEqual(await found("  "), ["jonas", "mira", "group"]);
    },
  });

  Deno.test({
    name: `a direct conversation of two is one, from either side, for each subject (${name})`,
    ignore,
    async fn() {
      await using server = await startServer({ database: await open() });
      const [ana, jonas] = await addUsers(server, "ana", "jonas");
      const about = [
        {},
        { context: "renting" },
        { context: "hosting" },
        { subject: { id: "listing-1", title: "Loft" } },
        { subject: { id: "listing-2", title: "Loft" } },
        { subject: { id: "listing-1", title: "Loft" }, context: "renting" },
        { subject: { title: "Loft" } },
        { subject: { title: "listing-1" } },
      ];
      const made = new Set<string>();
      for (const more of about) {
        const first = await create(server, ana!, [jonas!], more);
        assert.equal(first.status, 201);
        const again = await create(server, ana!, [jonas!], more);
        const reverse = await create(server, jonas!, [ana!], more);
        assert.deepEqual([again.status, reverse.status], [200, 200]);
        assert.deepEqual([again.body.id, reverse.body.id], [first.body.id, first.body.id]);
        made.add(first.body.id);
      }
      assert.equal(made.size, about.length);
      // The platform's name for a thing may change; what it is called by stays.
      const renamed = { subject: { id: "listing-1", title: "Light-filled loft" } };
      assert.equal((await create(server, ana!, [jonas!], renamed)).status, 200);
    },
  });

  Deno.test({
    name: `of many who begin one conversation at once, all get the same (${name})`,
    ignore,
    async fn() {
      await using server = await startServer({ database: await open() });
      const [ana, jonas] = await addUsers(server, "ana", "jonas");
      const answers = await Promise.all(
        Array.from(
          { length: 8 },
          (_, n) => n % 2 === 0 ? create(server, ana!, [jonas!]) : create(server, jonas!, [ana!]),
        ),
      );
      assert.deepEqual(answers.map(({ status }) => status).sort(), [...Array(7).fill(200), 201]);
      assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1);
    },
  });

  Deno.test({
    name: `an empty conversation is its maker's alone until the first message (${name})`,
    ignore,
    async fn() {
      await using server = await startServer({ database: await open() });
      const [ana, jonas] = await addUsers(server, "ana", "jonas");
      const id = await converse(server, ana!, jonas!);
      assert.deepEqual(idsOf(await list(server, ana!)), [id]);
      assert.deepEqual(idsOf(await list(server, jonas!)), []);
      await say(server, ana!, id);
      assert.deepEqual(idsOf(await list(server, jonas!)), [id]);
    },
  });
}

Deno.test("a group has its title, its owner and all its members at once", async () => {
  await using server = await startServer();
  const [ana, jonas, mira] = await addUsers(server, "ana", "jonas", "mira");
  const group = { kind: "group", title: " Housemates ", context: "home" };
  const { status, body } = await create(server, ana!, [jonas!, mira!, jonas!, ana!], group);
  assert.equal(status, 201);
  assert.deepEqual([body.kind, body.title, body.context], ["group", "Housemates", "home"]);
  assert.deepEqual(v.parse(Conversation, body), body);
  assert.deepEqual(body.participants.map(({ username, role }) => [username, role]), [
    ["ana", "owner"],
    ["jonas", "member"],
    ["mira", "member"],
  ]);
  // Two groups of the same people are two.
  const other = await create(server, ana!, [jonas!, mira!], group);
  assert.equal(other.status, 201);
  assert.notEqual(other.body.id, body.id);
  assert.deepEqual(idsOf(await list(server, mira!)).sort(), [body.id, other.body.id].sort());
});

Deno.test("a conversation needs others, who exist, and two are enough for a direct one", async () => {
  await using server = await startServer();
  const [ana, jonas, mira] = await addUsers(server, "ana", "jonas", "mira");
  const nobody = { id: "0197a3c0-0000-7000-8000-000000000000", username: "", token: "" };
  const refused = async (others: TestUser[], more = {}) => {
    const { status, body } = await create(server, ana!, others, more);
    return [status, body.errors?.[0]?.path ?? body.detail];
  };
  assert.deepEqual(await refused([]), [400, "participantIds"]);
  assert.deepEqual(await refused([ana!]), [400, "participantIds"]);
  assert.deepEqual(await refused([jonas!, mira!]), [400, "participantIds"]);
  assert.deepEqual(await refused([nobody]), [404, `Cannot find member ${nobody.id}`]);
  assert.deepEqual(await refused([jonas!, nobody], { kind: "group" }), [
    404,
    `Cannot find member ${nobody.id}`,
  ]);
  assert.deepEqual(await refused(Array(100).fill(jonas), { kind: "group" }), [
    400,
    "participantIds",
  ]);
  assert.deepEqual(await refused([jonas!], { kind: "channel" }), [400, "kind"]);
  assert.deepEqual(await refused([jonas!], { context: "x".repeat(61) }), [400, "context"]);
  assert.deepEqual(idsOf(await list(server, ana!)), []);
});

Deno.test("another's conversation and one that does not exist are answered the same", async () => {
  await using server = await startServer();
  const [ana, jonas, eve] = await addUsers(server, "ana", "jonas", "eve");
  const theirs = await converse(server, ana!, jonas!);
  await say(server, ana!, theirs);
  const nowhere = "0197a3c0-0000-7000-8000-000000000000";
  const calls: [string, (id: string) => string, ((id: string) => unknown)?][] = [
    ["GET", (id) => `${path}/${id}`],
    ["PATCH", (id) => `${path}/${id}/read`, () => ({ seq: 1 })],
    ["GET", (id) => `/api/messages/${id}/messages`],
    ["GET", (id) => `/api/messages/${id}/messages?around=1`],
    ["POST", () => "/api/messages/send", (id) => ({
      clientId: "7b0f3a9e-6d0e-4f5e-9a63-0d8c8d2f6f11",
      conversationId: id,
      content: "Hello",
    })],
    ["POST", () => "/api/messages/events", (id) => ({
      type: "join_conversation",
      conversationId: id,
    })],
  ];
  const shown = (answer: Answer<unknown>, id: string) => {
    const { date: _, ...headers } = Object.fromEntries(answer.headers);
    return { ...answer, headers, body: JSON.stringify(answer.body).replaceAll(id, "ID") };
  };
  for (const [method, at, body] of calls) {
    const [one, other] = await Promise.all(
      [theirs, nowhere].map(async (id) =>
        shown(await call(server, method, at(id), { as: eve!, body: body?.(id) }), id)
      ),
    );
    assert.equal(one!.status, 404);
    assert.match(one!.body, /"detail":"Cannot find conversation ID"/);
    assert.deepEqual(one, other);
  }
});

Deno.test("the list is cut by context, and its total of unread is over all", async () => {
  await using server = await startServer();
  const [ana, jonas] = await addUsers(server, "ana", "jonas");
  const ids: string[] = [];
  for (const context of ["renting", "hosting", null]) {
    const { body } = await create(server, ana!, [jonas!], { context });
    await say(server, jonas!, body.id);
    ids.push(body.id);
  }
  const renting = await list(server, ana!, { context: "renting" });
  assert.deepEqual([idsOf(renting), renting.unreadTotal], [[ids[0]], 3]);
  assert.deepEqual(idsOf(await list(server, ana!, { context: "rent%" })), []);
  assert.equal(idsOf(await list(server, ana!)).length, 3);

  const read = await call<{ lastReadSeq: number; unreadCount: number }>(
    server,
    "PATCH",
    `${path}/${ids[0]}/read`,
    { as: ana!, body: { seq: 1 } },
  );
  assert.deepEqual(read.body, { lastReadSeq: 1, unreadCount: 0 });
  assert.equal((await list(server, ana!, { context: "renting" })).unreadTotal, 2);
});

Deno.test("a cursor that is not the list's own is refused", async () => {
  await using server = await startServer();
  const [ana] = await addUsers(server, "ana");
  const id = "0197a3c0-0000-7000-8000-000000000000";
  const time = "2026-06-01T12:00:00Z";
  const cursors = [
    ...["x", "", "%%%", btoa("{"), btoa("null"), btoa("{}"), btoa("[]")],
    ...[[time], [time, "x"], [time, "-".repeat(36)], [5, id], ["5", id], [null, null]]
      .map((inside) => btoa(JSON.stringify(inside))),
    ...["0000-01-01T00:00:00Z", "+200000-01-01T00:00:00Z", "2026-06-01", "now"]
      .map((at) => btoa(JSON.stringify([at, id]))),
  ];
  for (const cursor of cursors) {
    const { status, body } = await call<Problem>(
      server,
      "GET",
      `${path}?${new URLSearchParams({ cursor })}`,
      { as: ana! },
    );
    assert.deepEqual([status, body.errors?.[0]?.path], [400, "cursor"], cursor);
  }
  for (const limit of ["0", "101", "-1", "1.5", "ten", ""]) {
    const { status, body } = await call<Problem>(server, "GET", `${path}?limit=${limit}`, {
      as: ana!,
    });
    assert.deepEqual([status, body.errors?.[0]?.path], [400, "limit"], limit);
  }
});
