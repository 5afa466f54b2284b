import { deepEqual, doesNotMatch, equal, match, notEqual, ok } from "node:assert/strict";
import type { Conversation, Message, NotificationPreferences } from "@/chat/protocol.ts";
import { unsubscribeUrl } from "@/chat/unsubscribe.ts";
import type { OpenDatabase } from "@/db/database.ts";
import { users } from "@/db/schema.ts";
import { newId } from "@/utils/ids.ts";
import { eq } from "drizzle-orm";
import { call } from "../support/client.ts";
import { startServer, testDatabases } from "../support/server.ts";

/** A server with a conversation that Mara began with Jonas, and Jonas's links. */
async function openConversation(database?: OpenDatabase) {
  const server = await startServer({ database });
  const mara = await server.addUser("mara");
  const jonas = await server.addUser("jonas");
  const { body } = await call<{ message: Message }>(server, "POST", "/api/messages/send", {
    as: mara,
    body: { recipientId: jonas.id, content: "Is the bicycle still there?", clientId: newId() },
  });
  const { conversationId } = body.message;
  const link = (conversationId: string | null, userId = jonas.id) =>
    unsubscribeUrl(server.chat, server.url, { userId, conversationId });
  return {
    server,
    mara,
    jonas,
    conversationId,
    one: await link(conversationId),
    all: await link(null),
    link,
    [Symbol.asyncDispose]: () => server.close(),
  };
}

type Opened = Awaited<ReturnType<typeof openConversation>>;

const preferencesPath = "/api/notifications/preferences";
const preferences = ({ server, jonas }: Opened) =>
  call<NotificationPreferences>(server, "GET", preferencesPath, { as: jonas });

/** Which mail Jonas gets. */
async function wanted(opened: Opened) {
  const { server, jonas, conversationId } = opened;
  const path = `/api/messages/conversations/${conversationId}`;
  const { body: conversation } = await call<Conversation>(server, "GET", path, { as: jonas });
  const { body: { email } } = await preferences(opened);
  return { all: email, one: !conversation.emailOff, marksRev: conversation.marksRev };
}

async function post(url: string, fields: Record<string, string>) {
  const response = await fetch(url, { method: "POST", body: new URLSearchParams(fields) });
  return { status: response.status, text: await response.text() };
}

const oneClick = { "List-Unsubscribe": "One-Click" };

Deno.test("a link is asked about before it does anything, for scanners follow links", async () => {
  await using opened = await openConversation();
  const before = await wanted(opened);
  const response = await fetch(opened.one);
  const text = await response.text();
  equal(response.status, 200);
  match(text, /<form method="post">/);
  match(text, /Stop mail about this conversation/);
  match(text, /Stop all mail/);
  await (await fetch(opened.one, { method: "HEAD" })).body?.cancel();
  deepEqual(await wanted(opened), before);
});

Deno.test("the page works without a script, loads nothing and is kept nowhere", async () => {
  await using opened = await openConversation();
  const response = await fetch(opened.one);
  const text = await response.text();
  const policy = response.headers.get("content-security-policy") ?? "";
  match(policy, /default-src 'none'/);
  match(policy, /form-action 'self'/);
  doesNotMatch(policy, /unsafe|script-src/);
  equal(response.headers.get("cache-control"), "no-store");
  doesNotMatch(text, /<script|<img|<link|\bsrc=|style="/);
  equal(response.headers.get("referrer-policy"), "no-referrer");
  equal(response.headers.get("x-frame-options"), "DENY");
  const style = /<style>([^]*?)<\/style>/.exec(text)?.[1] ?? "";
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style));
  ok(policy.includes(`'sha256-${new Uint8Array(hash).toBase64()}'`));
});

for (const { name, open, ignore } of testDatabases) {
  Deno.test({
    name: `a mail program's one click stops what the link is about, and no more (${name})`,
    ignore,
    async fn() {
      await using opened = await openConversation(await open());
      const before = await wanted(opened);
      equal((await post(opened.one, oneClick)).status, 200);
      const stopped = await wanted(opened);
      deepEqual([stopped.one, stopped.all], [false, true]);
      equal(stopped.marksRev, before.marksRev + 1); // by which other devices see it
      equal((await post(opened.one, oneClick)).status, 200); // twice is fine
      deepEqual(await wanted(opened), stopped);
    },
  });
}

Deno.test("a mail program may send its click as multipart, or as nothing one can read", async () => {
  for (
    const [type, body] of [
      [
        "multipart/form-data; boundary=x",
        '--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n',
      ],
      ["multipart/form-data; boundary=x", "broken"],
      ["text/plain", "List-Unsubscribe=One-Click"],
    ] as const
  ) {
    await using opened = await openConversation();
    const headers = { "content-type": type };
    const response = await fetch(opened.all, { method: "POST", headers, body });
    await response.body?.cancel();
    equal(response.status, 200);
    deepEqual((await wanted(opened)).all, false);
  }
});

for (const { name, open, ignore } of testDatabases) {
  Deno.test({
    name: `the page's buttons stop one conversation, then all, and take either back (${name})`,
    ignore,
    async fn() {
      await using opened = await openConversation(await open());
      const { text } = await post(opened.one, { scope: "conversation" });
      match(text, /You get no more mail about this conversation/);
      match(text, /Undo/);
      await post(opened.one, { scope: "all" });
      let now = await wanted(opened);
      deepEqual([now.one, now.all], [false, false]);
      await post(opened.one, { scope: "all", wanted: "true" });
      const again = await post(opened.one, { scope: "conversation", wanted: "true" });
      match(again.text, /You get mail about this conversation again/);
      now = await wanted(opened);
      deepEqual([now.one, now.all], [true, true]);
    },
  });
}

for (const { name, open, ignore } of testDatabases) {
  Deno.test({
    name: `to stop all mail leaves the member's other preferences as they are (${name})`,
    ignore,
    async fn() {
      await using opened = await openConversation(await open());
      const chosen: NotificationPreferences = {
        ...(await preferences(opened)).body,
        sound: false,
        emailDelaySeconds: 60,
        quietHours: { start: "22:00", end: "07:00", timeZone: "Europe/Stockholm" },
      };
      await call(opened.server, "PUT", preferencesPath, { as: opened.jonas, body: chosen });
      await post(opened.all, oneClick);
      deepEqual((await preferences(opened)).body, { ...chosen, email: false });
    },
  });
}

Deno.test("a link that was altered changes nothing, and says that it is not valid", async () => {
  await using opened = await openConversation();
  const before = await wanted(opened);
  const token = new URL(opened.one).searchParams.get("token") as string;
  const [head, , signature] = token.split(".");
  const claims = { aud: "unsubscribe", sub: opened.jonas.id };
  const forged = btoa(JSON.stringify(claims)).replaceAll("=", "");
  const none = btoa(JSON.stringify({ alg: "none" })).replaceAll("=", "");
  const session = opened.jonas.token; // signed by us, but for something else
  for (const bad of ["", "x", `${head}.${forged}.${signature}`, `${none}.${forged}.`, session]) {
    const url = `${opened.server.url}/unsubscribe?token=${bad}`;
    const page = await fetch(url);
    equal(page.status, 400);
    match(await page.text(), /This link is not valid/);
    equal((await post(url, oneClick)).status, 400);
  }
  const bare = await fetch(`${opened.server.url}/unsubscribe`);
  equal(bare.status, 400);
  await bare.body?.cancel();
  deepEqual(await wanted(opened), before);
});

Deno.test("a link's token opens nothing else", async () => {
  await using opened = await openConversation();
  const token = new URL(opened.all).searchParams.get("token");
  const response = await fetch(`${opened.server.url}/api/messages/conversations`, {
    headers: { authorization: `Bearer ${token}` },
  });
  await response.body?.cancel();
  equal(response.status, 401);
});

Deno.test("a link about another's conversation changes nothing for those in it", async () => {
  await using opened = await openConversation();
  const stranger = await opened.server.addUser("lena");
  const before = await wanted(opened);
  equal((await post(await opened.link(opened.conversationId, stranger.id), oneClick)).status, 200);
  deepEqual(await wanted(opened), before);
});

Deno.test("for a member who is gone, or a conversation, the page is as friendly", async () => {
  await using opened = await openConversation();
  const gone = newId();
  for (const link of [await opened.link(null, gone), await opened.link(newId())]) {
    equal((await post(link, oneClick)).status, 200);
  }
  const row = opened.server.chat.db.update(users).set({ deactivatedAt: new Date() });
  await row.where(eq(users.id, opened.jonas.id));
  const { status, text } = await post(opened.all, oneClick);
  equal(status, 200);
  match(text, /You get no more mail about messages/);
});

Deno.test("the page speaks the member's language, else the browser's", async () => {
  await using opened = await openConversation();
  const page = async (language: string, url = opened.one) => {
    const response = await fetch(url, { headers: { "accept-language": language } });
    return await response.text();
  };
  match(await page("sv-SE,sv;q=0.9"), /<html lang="sv-SE" dir="ltr">[^]*Sluta få alla mejl/);
  match(await page("fr", `${opened.server.url}/unsubscribe`), /Ce lien n’est pas valide/);
  await opened.server.chat.db.update(users).set({ locale: "ar" }).where(
    eq(users.id, opened.jonas.id),
  );
  match(await page("sv-SE,sv;q=0.9"), /<html lang="ar" dir="rtl">[^]*إيقاف كل البريد/);
});

Deno.test("a form that is too large is refused", async () => {
  await using opened = await openConversation();
  equal((await post(opened.all, { scope: "x".repeat(10_000) })).status, 413);
});

Deno.test("links are asked for no more often than one person would", async () => {
  const server = await startServer({ env: { RATE_LIMIT_SCALE: "0.05" } });
  const statuses: number[] = [];
  for (let count = 0; count < 4; count++) {
    const response = await fetch(`${server.url}/unsubscribe?token=${count}`);
    await response.body?.cancel();
    statuses.push(response.status);
  }
  await server.close();
  deepEqual(statuses, [400, 400, 400, 429]);
});

Deno.test("two installations do not take each other's links", async () => {
  await using here = await openConversation();
  await using there = await openConversation();
  const token = new URL(here.all).searchParams.get("token");
  notEqual(new URL(there.all).searchParams.get("token"), token);
  equal((await post(`${there.server.url}/unsubscribe?token=${token}`, oneClick)).status, 400);
});
