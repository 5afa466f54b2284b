import { notify, tidyNotices } from "@/chat/notify.ts";
import { beat } from "@/chat/online.ts";
import { type Conversation, muteForever, type NotificationPreferences } from "@/chat/protocol.ts";
import { openPostgres } from "@/db/database.ts";
import { migrate } from "@/db/migrate.ts";
import { insertMessages } from "@/db/messages.ts";
import { upsertWatermark } from "@/db/notice_watermarks.ts";
import { newId } from "@/utils/ids.ts";
import { sql } from "drizzle-orm";
import assert from "node:assert/strict";
import { Away, day, hour, minute } from "../support/away.ts";
import { call, converse, TestSocket } from "../support/client.ts";
import { createTestDatabase, testPostgresUrl } from "../support/postgres.ts";
import { startProgram } from "../support/process.ts";
import { testDatabases, testSecret, type TestUser } from "../support/server.ts";

/** A server with ana, jonas and their conversation. */
async function begin(options: Parameters<typeof Away.start>[0] = {}) {
  const away = await Away.start(options);
  const [ana, jonas] = [await away.addUser("ana"), await away.addUser("jonas")];
  return { away, ana, jonas, id: await converse(away.server, ana, jonas) };
}

const preferences: NotificationPreferences = {
  email: true,
  emailContent: true,
  push: true,
  desktop: false,
  sound: true,
  emailDelaySeconds: 300,
  pushDelaySeconds: 10,
  quietHours: null,
};

const prefer = (away: Away, user: TestUser, changes: Partial<NotificationPreferences>) =>
  away.call(user, "PUT", "/api/notifications/preferences", { ...preferences, ...changes });
const set = (away: Away, user: TestUser, conversationId: string, settings: object) =>
  away.call<Conversation>(
    user,
    "PATCH",
    `/api/messages/conversations/${conversationId}/settings`,
    settings,
  );
const read = (away: Away, user: TestUser, conversationId: string, seq: number) =>
  away.call(user, "PATCH", `/api/messages/conversations/${conversationId}/read`, { seq });
const textOf = (mail: { parsed: { text?: string | undefined } } | undefined) =>
  mail?.parsed.text ?? "";

for (const { name, open, ignore } of testDatabases) {
  Deno.test({
    name: `twelve messages in one pause are told in one mail, and then there is silence (${name})`,
    ignore,
    async fn() {
      const { away, ana, jonas, id } = await begin({ database: await open() });
      await using _ = away;
      for (let n = 1; n <= 12; n++) await away.say(ana, id, `Message number ${n}.`);

      await away.pass(4 * minute);
      assert.equal(away.smtp.mails.length, 0);
      await away.pass(minute);
      const [mail] = away.smtp.mails;
      assert.deepEqual(mail?.to, ["jonas@example.com"]);
      assert.match(textOf(mail), /number 1\.[^]*number 5\.[^]*7 more/);
      assert.doesNotMatch(textOf(mail), /number 6\./);

      await away.say(ana, id, "Still nobody?");
      await away.pass(hour);
      assert.equal(away.smtp.mails.length, 1);
      // A day after the mail it is told, and what the mail told before is not told again.
      await away.pass(day - hour);
      assert.equal(away.smtp.mails.length, 2);
      assert.match(textOf(away.smtp.mails[1]), /Still nobody\?/);
      assert.doesNotMatch(textOf(away.smtp.mails[1]), /number/);

      // Whoever comes back ends the silence.
      const page = await TestSocket.connect(away.server, {
        ...jonas,
        token: (await away.server.tokens.sign(jonas.id)).token,
      });
      page.send({ type: "set_activity", active: true });
      await page.settled();
      await page.close();
      await away.settle();
      await away.say(ana, id, "There you were!");
      await away.pass(10 * minute);
      assert.equal(away.smtp.mails.length, 3);
    },
  });

  Deno.test({
    name: `two conversations that come due together are told in one mail (${name})`,
    ignore,
    async fn() {
      const { away, ana, jonas, id } = await begin({ database: await open() });
      await using _ = away;
      const eve = await away.addUser("eve");
      const other = await converse(away.server, eve, jonas);
      await away.say(ana, id, "Is the loft free?");
      await away.pass(30_000);
      await away.say(eve, other, "Your invoice is here.");
      await away.pass(5 * minute - 30_000);
      await away.pass(hour);
      assert.equal(away.smtp.mails.length, 1);
      assert.match(textOf(away.smtp.mails[0]), /loft free/);
      assert.match(textOf(away.smtp.mails[0]), /invoice is here/);
    },
  });

  Deno.test({
    name: `a mail that cannot be sent for an hour is sent once when the server is back (${name})`,
    ignore,
    async fn() {
      const { away, ana, id } = await begin({ database: await open() });
      await using _ = away;
      await away.smtp.stop();
      await away.say(ana, id, "Is the loft free?");
      await away.pass(5 * minute);
      for (let n = 0; n < 6; n++) await away.pass(10 * minute);
      await away.say(ana, id, "I would come on Friday.");
      await away.smtp.restart();
      for (let n = 0; n < 4; n++) await away.pass(10 * minute);
      assert.equal(away.smtp.mails.length, 1);
      // It tells what is unread when it is sent.
      assert.match(textOf(away.smtp.mails[0]), /loft free[^]*on Friday/);
    },
  });

  Deno.test({
    name:
      `a push reaches every device, replaces the one before, and goes when it is read (${name})`,
    ignore,
    async fn() {
      const { away, ana, jonas, id } = await begin({ database: await open() });
      await using _ = away;
      const [phone, laptop] = [await away.push.subscribe(), await away.push.subscribe()];
      for (const device of [phone, laptop]) {
        await away.call(jonas, "POST", "/api/notifications/subscriptions", device.input);
      }
      await away.say(ana, id, "Is the loft free?");
      await away.pass(9_000 - 1_000);
      assert.equal(phone.pushes.length, 0);
      await away.say(ana, id, "On Friday?");
      await away.pass(2_000);
      for (const device of [phone, laptop]) {
        const { payload, headers } = await device.next();
        const { at: _at, ...told } = JSON.parse(payload);
        assert.deepEqual(told, {
          type: "messages",
          conversationId: id,
          title: "Ana",
          body: "On Friday?",
          count: 2,
          silent: false,
        });
        assert.equal(headers.get("topic"), id.replaceAll("-", ""));
      }
      await away.pass(minute);
      assert.equal(phone.pushes.length, 1);

      await away.say(ana, id, "Or on Saturday?");
      await away.pass(minute);
      assert.equal(JSON.parse((await phone.next()).payload).body, "Or on Saturday?");
      await read(away, jonas, id, 3);
      await away.settle();
      const taken = await phone.next();
      assert.deepEqual(JSON.parse(taken.payload), { type: "read", conversationId: id });
      await away.pass(day);
      assert.deepEqual([phone.pushes.length, laptop.pushes.length], [3, 3]);
      assert.equal(away.smtp.mails.length, 0);
    },
  });

  Deno.test({
    name: `what a server owed that died is told by another one (${name})`,
    ignore,
    async fn() {
      // Ids are made by the machine's clock, so the test's begins there.
      const at = new Date(Math.floor(Date.now() / 1_000) * 1_000).toISOString();
      const { away, ana, id } = await begin({ database: await open(), at });
      await using _ = away;
      await upsertWatermark(away.database.db, newId(), away.clock.now());
      // Stored, and then the server that stored it was no more.
      await insertMessages(away.database.db, [{
        id: newId(),
        conversationId: id,
        senderId: ana.id,
        clientId: crypto.randomUUID(),
        type: "text",
        content: "Is the loft free?",
        replyToId: null,
      }], at);
      await away.pass(30_000);
      await tidyNotices(away.server.chat);
      await away.pass(5 * minute);
      assert.equal(away.smtp.mails.length, 0);
      await tidyNotices(away.server.chat);
      await away.pass(5 * minute);
      assert.deepEqual(away.smtp.mails.map((mail) => mail.to), [["jonas@example.com"]]);
    },
  });
}

for (
  const [what, happen] of Object.entries<
    (on: { away: Away; ana: TestUser; jonas: TestUser; id: string }) => Promise<unknown>
  >({
    "read before": ({ away, jonas, id }) => read(away, jonas, id, 1),
    "read on another device": async ({ away, jonas, id }) => {
      const socket = await TestSocket.connect(away.server, jonas);
      socket.send({ type: "mark_read", conversationId: id, seq: 1 });
      await socket.next("message_read");
      await socket.close();
    },
    "deleted": ({ away, id }) =>
      away.sql(sql`update messages set deleted_at = now(), content = ''
        where conversation_id = ${id}`),
    "muted": ({ away, jonas, id }) => set(away, jonas, id, { mutedUntil: muteForever }),
    "in a conversation that was left": ({ away, jonas, id }) =>
      away.sql(sql`update conversation_participants set left_at = now()
        where conversation_id = ${id} and user_id = ${jonas.id}`),
    "not to be mailed about": ({ away, jonas, id }) => set(away, jonas, id, { emailOff: true }),
    "for a member who turned mail off": ({ away, jonas }) => prefer(away, jonas, { email: false }),
    "for a member who is gone": ({ away, jonas }) =>
      away.sql(sql`update users set deactivated_at = now() where id = ${jonas.id}`),
    "for a member who has no address any more": ({ away, jonas }) =>
      away.sql(sql`update users set email = null where id = ${jonas.id}`),
  })
) {
  Deno.test(`a message that is ${what} while its mail waits is not mailed`, async () => {
    const on = await begin();
    await using away = on.away;
    await away.say(on.ana, on.id, "Is the loft free?");
    await away.pass(minute);
    await happen(on);
    await away.pass(day);
    assert.equal(away.smtp.mails.length, 0);
  });

  Deno.test(`a message that is ${what} while the mail server is down is not mailed`, async () => {
    const on = await begin();
    await using away = on.away;
    await away.smtp.stop();
    await away.say(on.ana, on.id, "Is the loft free?");
    await away.pass(6 * minute);
    await happen(on);
    await away.smtp.restart();
    await away.pass(hour);
    assert.equal(away.smtp.mails.length, 0);
  });
}

Deno.test("a message that was edited while its mail waits is told as it is now", async () => {
  const { away, ana, id } = await begin();
  await using _ = away;
  await away.say(ana, id, "Is the lofft free?");
  await away.pass(minute);
  await away.sql(sql`update messages set content = 'Is the loft free?', edited_at = now()`);
  await away.pass(5 * minute);
  assert.match(textOf(away.smtp.mails[0]), /loft free/);
  assert.doesNotMatch(textOf(away.smtp.mails[0]), /lofft/);
});

Deno.test("a message in a muted conversation is told nowhere; when the mute ends, the next one is", async () => {
  const { away, ana, jonas, id } = await begin();
  await using _ = away;
  const phone = await away.push.subscribe();
  await away.call(jonas, "POST", "/api/notifications/subscriptions", phone.input);
  const until = new Date(away.clock.now() + hour).toISOString();
  const { body } = await set(away, jonas, id, { mutedUntil: until });
  assert.deepEqual([body.muted, body.mutedUntil], [true, until]);
  await away.say(ana, id, "Is the loft free?");
  await away.pass(59 * minute);
  const { body: list } = await away.call<{ unreadCount: number }>(
    jonas,
    "GET",
    "/api/notifications",
  );
  assert.deepEqual([list.unreadCount, phone.pushes.length, away.smtp.mails.length], [0, 0, 0]);
  await away.pass(2 * minute);
  const { body: later } = await away.call<Conversation>(
    jonas,
    "GET",
    `/api/messages/conversations/${id}`,
  );
  assert.deepEqual([later.muted, later.mutedUntil], [false, null]);
  await away.say(ana, id, "Are you there?");
  await away.pass(5 * minute);
  assert.deepEqual([phone.pushes.length, away.smtp.mails.length], [1, 1]);
});

Deno.test("mail and push wait until quiet hours end, across midnight", async () => {
  // 23:30 in Berlin.
  const { away, ana, jonas, id } = await begin({ at: "2026-06-01T21:30:00Z" });
  await using _ = away;
  const phone = await away.push.subscribe();
  await away.call(jonas, "POST", "/api/notifications/subscriptions", phone.input);
  const quietHours = { start: "22:00", end: "07:00", timeZone: "Europe/Berlin" };
  await prefer(away, jonas, { quietHours });
  await away.say(ana, id, "Are you asleep?");
  await away.pass(7 * hour);
  assert.deepEqual([phone.pushes.length, away.smtp.mails.length], [0, 0]);
  // 07:00.
  await away.pass(31 * minute);
  assert.deepEqual([phone.pushes.length, away.smtp.mails.length], [1, 1]);
});

Deno.test("quiet hours keep to the wall clock when daylight saving time begins", async () => {
  // 23:30 in Berlin; at 02:00 it becomes 03:00, so that 07:00 is 05:00 in UTC.
  const { away, ana, jonas, id } = await begin({ at: "2026-03-28T22:30:00Z" });
  await using _ = away;
  const quietHours = { start: "22:00", end: "07:00", timeZone: "Europe/Berlin" };
  await prefer(away, jonas, { quietHours });
  await away.say(ana, id, "Are you asleep?");
  await away.pass(6 * hour + 20 * minute);
  assert.equal(away.smtp.mails.length, 0);
  await away.pass(11 * minute);
  assert.equal(away.smtp.mails.length, 1);
});

Deno.test("a tab that is open and forgotten swallows nothing; one that is used does", async () => {
  const { away, ana, jonas, id } = await begin();
  await using _ = away;
  const phone = await away.push.subscribe();
  await away.call(jonas, "POST", "/api/notifications/subscriptions", phone.input);
  const tab = await TestSocket.connect(away.server, jonas);
  await away.say(ana, id, "First");
  await away.pass(11_000);
  assert.equal(phone.pushes.length, 1);

  tab.send({ type: "set_activity", active: true });
  await tab.settled();
  await away.say(ana, id, "Second");
  await away.pass(50_000);
  assert.equal(phone.pushes.length, 1);
  // The laptop was closed: nothing more is heard of it, and the message was never read.
  await away.pass(2 * minute);
  assert.equal(phone.pushes.length, 2);
  await away.pass(10 * minute);
  assert.equal(away.smtp.mails.length, 1);
});

Deno.test("a member who looks away is pushed to without delay", async () => {
  const { away, ana, jonas, id } = await begin();
  await using _ = away;
  const phone = await away.push.subscribe();
  await away.call(jonas, "POST", "/api/notifications/subscriptions", phone.input);
  const tab = await TestSocket.connect(away.server, jonas);
  tab.send({ type: "set_activity", active: true });
  await tab.settled();
  tab.send({ type: "set_activity", active: false });
  await tab.settled();
  await away.say(ana, id, "Where did you go?");
  await away.pass(11_000);
  assert.equal(phone.pushes.length, 1);

  // Also if a notice began while they were still there.
  tab.send({ type: "set_activity", active: true });
  await tab.settled();
  await away.say(ana, id, "Ah, there!");
  await away.settle();
  tab.send({ type: "set_activity", active: false });
  await tab.settled();
  await away.say(ana, id, "And gone.");
  await away.pass(11_000);
  assert.equal(phone.pushes.length, 2);
});

Deno.test("a device that is gone is forgotten; one that is busy is tried again, and alone", async () => {
  const { away, ana, jonas, id } = await begin();
  await using _ = away;
  const [gone, busy, fine] = [
    await away.push.subscribe(),
    await away.push.subscribe(),
    await away.push.subscribe(),
  ];
  for (const device of [gone, busy, fine]) {
    await away.call(jonas, "POST", "/api/notifications/subscriptions", device.input);
  }
  gone.answer = { status: 410 };
  busy.answer = { status: 429 };
  await away.say(ana, id, "Is the loft free?");
  await away.pass(20_000);
  busy.answer = { status: 201 };
  await away.pass(5 * minute);
  assert.equal(fine.pushes.length, 1);
  assert.equal(busy.pushes.at(-1)?.status, 201);
  await away.say(ana, id, "On Friday?");
  await away.pass(minute);
  assert.deepEqual([gone.pushes.length, fine.pushes.length], [1, 2]);
});

Deno.test("an address that is refused gets no more mail until there is another one", async () => {
  const { away, ana, jonas, id } = await begin();
  await using _ = away;
  away.smtp.answers.recipient = "550 5.1.1 No such user";
  await away.say(ana, id, "Is the loft free?");
  await away.pass(5 * minute);
  away.smtp.answers = {};
  const { body } = await away.call<{ notifications: { kind: string; content: string }[] }>(
    jonas,
    "GET",
    "/api/notifications",
  );
  assert.deepEqual(
    body.notifications.map(({ kind, content }) => [kind, content]),
    [["email_refused", "jonas@example.com"], ["message", "Is the loft free?"]],
  );

  await away.sql(sql`update users set role = 'admin' where id = ${ana.id}`);
  const path = "/api/notifications/undelivered";
  const { body: list } = await away.call<{ undelivered: { userId: string; reason: string }[] }>(
    ana,
    "GET",
    path,
  );
  assert.equal(list.undelivered[0]?.userId, jonas.id);
  assert.match(list.undelivered[0]?.reason ?? "", /550/);
  assert.equal((await away.call(jonas, "GET", path)).status, 403);

  await away.pass(2 * day);
  await away.say(ana, id, "Hello?");
  await away.pass(hour);
  assert.equal(away.smtp.mails.length, 0);
  await away.sql(sql`update users set email = 'new@example.com' where id = ${jonas.id}`);
  await away.say(ana, id, "Are you there?");
  await away.pass(hour);
  assert.deepEqual(away.smtp.mails.map((mail) => mail.to), [["new@example.com"]]);
});

Deno.test("mail says nothing of what was written if the member, or the operator, wants it so", async () => {
  for (const operator of [true, false]) {
    const { away, ana, jonas, id } = await begin(
      operator ? { env: { EMAIL_CONTENT: "false" } } : {},
    );
    await using _ = away;
    if (!operator) await prefer(away, jonas, { emailContent: false });
    await away.say(ana, id, "The code of the door is 4711.");
    await away.pass(5 * minute);
    const [mail] = await away.smtp.waitFor(1);
    assert.match(textOf(mail), /Ana/);
    assert.doesNotMatch(mail?.raw ?? "", /4711/);
    assert.doesNotMatch(mail?.parsed.html ?? "", /4711/);
  }
});

Deno.test("the link in a mail's header stops mail with one click, and no login", async () => {
  const { away, ana, id } = await begin();
  await using _ = away;
  await away.say(ana, id, "Is the loft free?");
  await away.pass(5 * minute);
  const header = away.smtp.mails[0]?.parsed.headers
    .find((one) => one.key === "list-unsubscribe")?.value;
  const link = new URL(/<(https:[^>]+)>/.exec(header ?? "")?.[1] as string);
  const response = await fetch(away.server.url + link.pathname + link.search, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: "List-Unsubscribe=One-Click",
  });
  await response.body?.cancel();
  assert.equal(response.status, 200);
  await away.pass(2 * day);
  await away.say(ana, id, "On Friday?");
  await away.pass(hour);
  assert.equal(away.smtp.mails.length, 1);
});

Deno.test("a notice that a look finds before its time still tells of what joins it", async () => {
  const { away, ana, jonas, id } = await begin();
  await using _ = away;
  const phone = await away.push.subscribe();
  await away.call(jonas, "POST", "/api/notifications/subscriptions", phone.input);
  const eve = await away.addUser("eve");
  const other = await converse(away.server, eve, jonas);
  const tab = await TestSocket.connect(away.server, jonas);
  await away.say(eve, other, "Your invoice is here.");
  await away.settle();
  // While he is active, so that this one waits longer than that of eve.
  tab.send({ type: "set_activity", active: true });
  await tab.settled();
  await away.say(ana, id, "Is the loft free?");
  await away.settle();
  await read(away, jonas, id, 1);
  await away.pass(12_000);
  await away.say(ana, id, "On Friday?");
  tab.send({ type: "set_activity", active: false });
  await tab.settled();
  await away.pass(10 * minute);
  const told = phone.pushes.map(({ payload }) => JSON.parse(payload).body);
  assert.deepEqual(told.toSorted(), ["On Friday?", "Your invoice is here."]);
  assert.match(away.smtp.mails.map(textOf).join(), /On Friday/);
});

Deno.test("whoever comes back ends the silence also for what waited through it", async () => {
  const { away, ana, jonas, id } = await begin();
  await using _ = away;
  await away.say(ana, id, "Is the loft free?");
  await away.pass(6 * minute);
  await away.say(ana, id, "On Friday?");
  await away.pass(6 * minute);
  assert.equal(away.smtp.mails.length, 1);
  const tab = await TestSocket.connect(away.server, jonas);
  tab.send({ type: "set_activity", active: true });
  tab.send({ type: "mark_read", conversationId: id, seq: 2 });
  await tab.next("message_read");
  await away.settle();
  await tab.close();
  await away.pass(2 * minute);
  await away.say(ana, id, "Or on Saturday?");
  await away.pass(7 * minute);
  assert.equal(away.smtp.mails.length, 2);
});

Deno.test("quiet hours that are turned off put nothing off any longer", async () => {
  const { away, ana, jonas, id } = await begin({ at: "2026-06-01T21:30:00Z" });
  await using _ = away;
  const phone = await away.push.subscribe();
  await away.call(jonas, "POST", "/api/notifications/subscriptions", phone.input);
  await prefer(away, jonas, {
    quietHours: { start: "22:00", end: "07:00", timeZone: "Europe/Berlin" },
  });
  await away.say(ana, id, "Are you asleep?");
  await away.pass(6 * minute);
  const list = await away.call<{ notifications: { content: string }[] }>(
    jonas,
    "GET",
    "/api/notifications",
  );
  assert.equal(list.body.notifications[0]?.content, "Are you asleep?");
  await away.say(ana, id, "Really?");
  await away.pass(minute);
  const later = await away.call<{ notifications: { content: string }[] }>(
    jonas,
    "GET",
    "/api/notifications",
  );
  assert.deepEqual(later.body.notifications.map(({ content }) => content), ["Really?"]);
  assert.equal(phone.pushes.length, 0);
  await prefer(away, jonas, { quietHours: null });
  await away.pass(11_000);
  assert.equal(phone.pushes.length, 1);
  await away.pass(5 * minute);
  assert.equal(away.smtp.mails.length, 1);
});

Deno.test("a message that comes between the look and the sending is told once", async () => {
  const { away, ana, jonas, id } = await begin();
  await using _ = away;
  const phone = await away.push.subscribe();
  await away.call(jonas, "POST", "/api/notifications/subscriptions", phone.input);
  await away.say(ana, id, "One");
  await away.clock.setTime(away.clock.now() + 11_000);
  await notify(away.server.chat);
  await away.say(ana, id, "Two");
  await away.settle();
  await away.pass(minute);
  const told = phone.pushes.map(({ payload }) => JSON.parse(payload));
  assert.deepEqual(told.map(({ body, count }) => [body, count]), [["Two", 2]]);
});

Deno.test("two mails that wait for the mail server tell each message once", async () => {
  const { away, ana, jonas, id } = await begin();
  await using _ = away;
  await away.smtp.stop();
  await away.say(ana, id, "One");
  await away.pass(6 * minute);
  const tab = await TestSocket.connect(away.server, jonas);
  tab.send({ type: "set_activity", active: true });
  await tab.settled();
  await tab.close();
  await away.pass(2 * minute);
  await away.say(ana, id, "Two");
  await away.pass(6 * minute);
  await away.smtp.restart();
  await away.pass(hour);
  await away.pass(hour);
  const texts = away.smtp.mails.map(textOf);
  assert.equal(texts.length, 2);
  for (const word of ["One", "Two"]) {
    assert.equal(texts.filter((text) => new RegExp(`> ${word}$`, "m").test(text)).length, 1);
  }
});

Deno.test("a late word of reading takes nothing away that is new", async () => {
  const { away, ana, jonas, id } = await begin();
  await using _ = away;
  const phone = await away.push.subscribe();
  await away.call(jonas, "POST", "/api/notifications/subscriptions", phone.input);
  await away.say(ana, id, "One");
  await away.pass(11_000);
  phone.answer = { status: 503 };
  await read(away, jonas, id, 1);
  await away.settle();
  phone.answer = { status: 201 };
  await away.say(ana, id, "Two");
  await away.pass(5 * minute);
  const taken = phone.pushes.filter(({ status }) => status === 201)
    .map(({ payload }) => JSON.parse(payload));
  assert.deepEqual(taken.map(({ type, body }) => body ?? type), ["One", "Two"]);
});

Deno.test("a time zone that cannot be reckoned with is refused", async () => {
  const { away, jonas } = await begin();
  await using _ = away;
  const set = (timeZone: string) =>
    prefer(away, jonas, { quietHours: { start: "22:00", end: "07:00", timeZone } });
  for (const zone of ["Asia/Calcutta", "Asia/Kolkata", "UTC", "America/Argentina/Ushuaia"]) {
    assert.equal((await set(zone)).status, 200);
  }
  for (const zone of ["PST", "Factory", "+01:00", "Europe/Atlantis", "", "x".repeat(500)]) {
    assert.equal((await set(zone)).status, 400, zone);
  }
});

Deno.test({
  name: "of two servers that look at once, one tells",
  ignore: testPostgresUrl === undefined,
  async fn() {
    const url = await createTestDatabase(testPostgresUrl as string);
    const { away, ana, id } = await begin({ database: await openMigrated(url) });
    await using _ = away;
    await using other = await away.join(await openPostgres(url));
    const jonases = [];
    for (let n = 0; n < 20; n++) {
      const one = await away.addUser(`jonas${n}`);
      jonases.push(one);
      await away.say(ana, await converse(away.server, ana, one), "Is the loft free?");
    }
    await away.say(ana, id, "Is the loft free?");
    await away.clock.setTime(away.clock.now() + 6 * minute);
    await Promise.all([notify(away.server.chat), notify(other.chat), notify(other.chat)]);
    await away.settle();
    await away.pass(hour);
    assert.equal(away.smtp.mails.length, 21);
    assert.equal(new Set(away.smtp.mails.map((mail) => mail.to[0])).size, 21);
  },
});

Deno.test({
  name: "a server killed between sending and noting it causes one repeat, which is the same mail",
  ignore: testPostgresUrl === undefined,
  async fn() {
    const url = await createTestDatabase(testPostgresUrl as string);
    const at = new Date().toISOString();
    const { away, ana, id } = await begin({ database: await openMigrated(url), at });
    await using _ = away;
    away.smtp.hanging = true;
    {
      const env = { ...away.env, DATABASE_URL: url, EMAIL_DELAY_SECONDS: "0" };
      await using program = startProgram("start", { ...env, JWT_SECRET: testSecret });
      await call({ url: await program.ready }, "POST", "/api/messages/send", {
        as: ana,
        body: { clientId: crypto.randomUUID(), conversationId: id, content: "Is the loft free?" },
      });
      await away.smtp.untilHanging();
      program.kill("SIGKILL");
      await program.exited;
    }
    away.smtp.hanging = false;
    for (let n = 0; n < 20; n++) await away.pass(minute);
    const ids = away.smtp.mails.map((mail) => mail.parsed.messageId);
    assert.equal(ids.length, 2);
    assert.equal(ids[0], ids[1]);
  },
});

Deno.test({
  name: "a notice outlives its server, and whoever is active on one server is so on the other",
  ignore: testPostgresUrl === undefined,
  async fn() {
    const url = await createTestDatabase(testPostgresUrl as string);
    const env = { DATABASE_URL: url };
    const { away, ana, jonas, id } = await begin({ database: await openMigrated(url), env });
    await using _ = away;
    {
      await using other = await away.join(await openPostgres(url));
      const tab = await TestSocket.connect(other, jonas);
      tab.send({ type: "set_activity", active: true });
      await tab.settled();
      await beat(other.chat);
      // By way of the server that is about to end.
      const say = await TestSocket.connect(other, ana);
      await say.say(id, "Is the loft free?");
      // Jonas is active there for almost a minute more, and is not pushed to from here.
      await notify(other.chat);
      await away.pass(50_000);
      const { body } = await call<{ notifications: unknown[] }>(
        away.server,
        "GET",
        "/api/notifications",
        { as: jonas },
      );
      assert.equal(body.notifications.length, 0);
    }
    await away.pass(11 * minute);
    assert.equal(away.smtp.mails.length, 1);
  },
});

/** A database at an address that others open too, brought up to date. */
async function openMigrated(url: string) {
  const database = await openPostgres(url);
  await migrate(database.db);
  return database;
}
