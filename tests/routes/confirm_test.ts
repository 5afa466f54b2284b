import assert from "node:assert/strict";
import type { Problem, Self, SessionResult } from "@/chat/protocol.ts";
import type { OpenDatabase } from "@/db/database.ts";
import { sql } from "drizzle-orm";
import { Away, day, hour, minute } from "../support/away.ts";
import { type Answer, call } from "../support/client.ts";
import { testDatabases, type TestServer, type TestUser } from "../support/server.ts";
import type { ReceivedMail } from "../support/smtp.ts";

const password = "correct horse battery";

/** A member who has opened an account. */
interface Registered extends TestUser {
  answer: Answer<SessionResult>;
}

async function register(
  server: TestServer,
  username: string,
  email = `${username}@example.com`,
): Promise<Registered> {
  const body = { username, displayName: username, email, password };
  const answer = await call<SessionResult>(server, "POST", "/api/auth/register", { body });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return { id: answer.body.user.id, username, token: answer.body.token, answer };
}

function login(server: TestServer, name: string, secret = password) {
  return call(server, "POST", "/api/auth/login", { body: { login: name, password: secret } });
}

const changeEmail = (away: Away, as: TestUser, email: string, secret = password) =>
  away.call<Self & Problem>(as, "PUT", "/api/auth/email", { email, password: secret });

const resend = (away: Away, as: TestUser) =>
  away.call<Problem>(as, "POST", "/api/auth/email/resend");

async function self(away: Away, as: TestUser): Promise<Self> {
  return (await away.call<Self>(as, "GET", "/api/auth/me")).body;
}

/** Where the member's mail goes, and what waits to be confirmed. */
async function addresses(away: Away, as: TestUser) {
  const { email, pendingEmail } = await self(away, as);
  return [email, pendingEmail];
}

/** The link to confirm in a mail, on the server that the test runs. */
function linkIn(away: Away, mail: ReceivedMail | undefined): string {
  const link = /https:\/\/parley\.example(\/confirm\?token=\S+)/.exec(mail?.parsed.text ?? "")?.[1];
  assert.ok(link, `A link in ${mail?.parsed.text}`);
  assert.ok(mail?.parsed.html?.includes(`https://parley.example${link}`), "The same in HTML");
  return away.server.url + link;
}

async function open(url: string, method = "GET", headers: Record<string, string> = {}) {
  const response = await fetch(url, { method, headers });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

const ended = /This link is no longer valid/;

/** Runs a test on each database, with a mail server behind. */
function onEach(name: string, run: (away: Away) => Promise<void>): void {
  for (const database of testDatabases) {
    Deno.test({
      name: `${name} (${database.name})`,
      ignore: database.ignore,
      async fn() {
        await using away = await Away.start({ database: await database.open() });
        await run(away);
      },
    });
  }
}

onEach("an address is in force once its link was opened and the button pressed", async (away) => {
  const ana = await register(away.server, "ana", "Ana@example.com");
  const { user } = ana.answer.body;
  assert.deepEqual([user.email, user.pendingEmail], [null, "Ana@example.com"]);
  await away.settle();
  const [mail, ...others] = away.smtp.mails;
  assert.deepEqual([others.length, mail?.to], [0, ["Ana@example.com"]]);
  assert.equal(mail?.parsed.subject, "Confirm your address");
  const link = linkIn(away, mail);
  assert.equal((await login(away.server, "ana@example.com")).status, 401);

  // As a mail scanner does.
  const page = await open(link);
  assert.equal(page.status, 200);
  assert.match(page.text, /Is Ana@example\.com your address, and ana your account\?/);
  assert.match(page.text, /<form method="post">/);
  await open(link, "HEAD");
  assert.deepEqual(await addresses(away, ana), [null, "Ana@example.com"]);

  const done = await open(link, "POST");
  assert.equal(done.status, 200);
  assert.match(done.text, /Your address is confirmed/);
  assert.deepEqual(await addresses(away, ana), ["Ana@example.com", null]);
  assert.equal((await login(away.server, "ana@example.com")).status, 200);
  // Once more, say by the button for reloading.
  for (const method of ["POST", "GET"]) {
    assert.match((await open(link, method)).text, /Your address is confirmed/);
  }
});

onEach("mail about messages goes to no address that was not confirmed", async (away) => {
  const ana = await register(away.server, "ana");
  const jonas = await away.addUser("jonas");
  await away.settle();
  const link = linkIn(away, away.smtp.mails[0]);
  const { body } = await away.call<{ message: { conversationId: string } }>(
    jonas,
    "POST",
    "/api/messages/send",
    { clientId: crypto.randomUUID(), recipientId: ana.id, content: "Is the loft free?" },
  );
  await away.pass(day);
  assert.equal(away.smtp.mails.length, 1);
  await open(link, "POST");
  await away.say(jonas, body.message.conversationId, "Hello?");
  await away.pass(hour);
  assert.deepEqual(away.smtp.mails.map(({ to }) => to), [
    ["ana@example.com"],
    ["ana@example.com"],
  ]);
});

/** Notes the statements that the server's own commands make from now on, without their values. */
function recordStatements(database: OpenDatabase): string[] {
  const statements: string[] = [];
  // Periodic work goes by other tables.
  const isOurs = (query: string) => /"users"|\bsessions\b|pgboss/.test(query);
  const logger = { logQuery: (query: string) => isOurs(query) && statements.push(query) };
  const { session } = database.db as unknown as {
    session: { logger: unknown; options: { logger: unknown } };
  };
  session.logger = logger;
  session.options.logger = logger;
  return statements;
}

/** An answer with what differs from one account to the next taken out. */
function shown({ status, headers, body }: Answer<unknown>, { id, token, username }: Registered) {
  const text = JSON.stringify({ status, headers: [...headers], body })
    .replaceAll(id, "(id)").replaceAll(token, "(token)").replaceAll(username, "(name)")
    .replace(/parley_refresh=[^;]*/, "(refresh)").replace(/parley_device=[^;]*/, "(device)");
  return text.replace(/\[\\?"date\\?",[^\]]*\]/, "(date)")
    .replace(/Expires=[^;"]*/g, "(end)").replace(/\d{4}-\d\d-\d\dT[\d:.]*Z/g, "(time)");
}

onEach("registering tells nobody whether an address is known", async (away) => {
  const owner = await register(away.server, "mara", "known@example.com");
  await away.settle();
  await open(linkIn(away, away.smtp.mails[0]), "POST");
  assert.deepEqual(await addresses(away, owner), ["known@example.com", null]);

  const statements = recordStatements(away.database);
  const seen: { answers: string[]; registering: string[]; asking: string[] }[] = [];
  // Of the same length, and the known one in another case.
  for (const [username, email] of [["anna", "fresh@example.com"], ["ruth", "KNOWN@example.com"]]) {
    statements.splice(0);
    const member = await register(away.server, username!, email);
    const registering = statements.splice(0);
    const answers: Answer<unknown>[] = [member.answer];
    for (
      const [method, path, body] of [
        ["GET", "/api/auth/me"],
        ["GET", "/api/notifications/preferences"],
        ["GET", `/api/users?username=${username}`],
        ["POST", "/api/auth/email/resend"],
        ["PUT", "/api/auth/email", { email, password }],
      ] as const
    ) answers.push(await away.call(member, method, path, body));
    const asking = statements.splice(0);
    await away.settle();
    answers.push(await away.call(member, "GET", "/api/auth/me"));
    answers.push(await away.call(member, "GET", "/api/notifications"));
    answers.push(await login(away.server, email!, "another password"));
    seen.push({
      answers: answers.map((one) => shown(one, member).replaceAll(email!, "(address)")),
      registering,
      asking,
    });
  }
  assert.deepEqual(seen[1], seen[0]);
  // A user, a mail, and for the session whether they were here before and the session itself.
  const kinds = [
    /^insert into "users"/,
    /insert into pgboss/i,
    /from sessions/,
    /^insert into "sessions"/,
  ];
  assert.equal(seen[0]?.registering.length, kinds.length);
  kinds.forEach((kind, index) => assert.match(seen[0]?.registering[index] ?? "", kind));
});

onEach("the owner of an address learns that somebody gave it, and gets no link", async (away) => {
  await register(away.server, "mara");
  await away.settle();
  await open(linkIn(away, away.smtp.mails[0]), "POST");
  const eve = await register(away.server, "eve", "MARA@example.com");
  await away.settle();
  const [, mail, ...others] = away.smtp.mails;
  assert.equal(others.length, 0);
  assert.equal(mail?.parsed.subject, "You already have an account");
  assert.match(mail?.parsed.text ?? "", /It belongs to your account mara/);
  assert.doesNotMatch(mail?.raw ?? "", /confirm|eve/i);
  assert.match(mail?.parsed.text ?? "", /https:\/\/parley\.example\/login/);
  assert.deepEqual(await addresses(away, eve), [null, "MARA@example.com"]);
});

Deno.test("a mail to an address that nobody has confirmed holds nothing its giver wrote", async () => {
  await using away = await Away.start();
  const body = {
    username: "www.spam.example",
    displayName: "Buy at spam.example",
    email: "stranger@example.com",
    password,
  };
  await call(away.server, "POST", "/api/auth/register", { body });
  await away.settle();
  const [mail] = away.smtp.mails;
  assert.doesNotMatch(`${mail?.raw} ${mail?.parsed.text} ${mail?.parsed.html}`, /spam/);
});

onEach("of two accounts that give one address, the first to confirm has it", async (away) => {
  const [ana, eve] = [
    await register(away.server, "ana", "one@example.com"),
    await register(away.server, "eve", "One@example.com"),
  ];
  await away.settle();
  const links = ["one@example.com", "One@example.com"].map((address) =>
    linkIn(away, away.smtp.mails.find(({ to }) => to[0] === address))
  );
  const answers = await Promise.all(links.map((link) => open(link, "POST")));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400]);
  const winner = answers[0]?.status === 200 ? 0 : 1;
  assert.match(answers[1 - winner]?.text ?? "", ended);
  const seen = [await addresses(away, ana), await addresses(away, eve)];
  assert.deepEqual(seen[winner], [["one", "One"][winner] + "@example.com", null]);
  assert.deepEqual(seen[1 - winner], [null, ["one", "One"][1 - winner] + "@example.com"]);
  // Nor later, and the page says the same as for any link that is over.
  const later = await open(links[1 - winner]!, "POST");
  assert.deepEqual([later.status, later.text], [400, answers[1 - winner]?.text]);
});

onEach("a link is over when another address was given, or after three days", async (away) => {
  const ana = await register(away.server, "ana");
  await away.settle();
  const first = linkIn(away, away.smtp.mails[0]);
  assert.equal((await changeEmail(away, ana, "second@example.com")).status, 200);
  assert.equal((await changeEmail(away, ana, "ana@example.com")).status, 200);
  await away.settle();
  for (const method of ["GET", "POST"]) {
    const { status, text } = await open(first, method);
    assert.equal(status, 400);
    assert.match(text, ended);
    assert.doesNotMatch(text, /<form/);
  }
  assert.deepEqual(await addresses(away, ana), [null, "ana@example.com"]);

  // Of the two asked for at once the first was not sent any more.
  assert.deepEqual(away.smtp.mails.map(({ to }) => to[0]), ["ana@example.com", "ana@example.com"]);
  const last = linkIn(away, away.smtp.mails[1]);
  await away.pass(3 * day - hour);
  assert.equal((await open(last)).status, 200);
  await away.pass(2 * hour);
  for (const method of ["GET", "POST"]) assert.match((await open(last, method)).text, ended);
  assert.deepEqual(await addresses(away, ana), [null, "ana@example.com"]);

  assert.equal((await resend(away, ana)).status, 204);
  await away.settle();
  await open(linkIn(away, away.smtp.mails[2]), "POST");
  assert.deepEqual(await addresses(away, ana), ["ana@example.com", null]);
});

onEach(
  "an address is changed by whoever knows the password, and the old one is told",
  async (away) => {
    const ana = await register(away.server, "ana");
    await away.settle();
    await open(linkIn(away, away.smtp.mails[0]), "POST");

    const wrong = await changeEmail(away, ana, "new@example.com", `${password}!`);
    assert.deepEqual([wrong.status, wrong.body.code], [403, "forbidden"]);
    assert.deepEqual(wrong.body.errors, [{ path: "password", message: "The password is wrong" }]);
    await away.settle();
    assert.equal(away.smtp.mails.length, 1);

    const { status, body } = await changeEmail(away, ana, "new@example.com");
    assert.equal(status, 200);
    assert.deepEqual([body.email, body.pendingEmail], ["ana@example.com", "new@example.com"]);
    await away.settle();
    const sent = away.smtp.mails.slice(1).sort((a, b) => a.to[0]!.localeCompare(b.to[0]!));
    assert.deepEqual(sent.map(({ to, parsed }) => [to[0], parsed.subject]), [
      ["ana@example.com", "Your address is being changed"],
      ["new@example.com", "Confirm your address"],
    ]);
    assert.doesNotMatch(sent[0]?.raw ?? "", /new@example|\/confirm/);
    assert.equal((await login(away.server, "ana@example.com")).status, 200);
    assert.equal((await login(away.server, "new@example.com")).status, 401);
    await open(linkIn(away, sent[1]), "POST");
    assert.deepEqual(await addresses(away, ana), ["new@example.com", null]);
    assert.equal((await login(away.server, "ana@example.com")).status, 401);
    assert.equal((await login(away.server, "new@example.com")).status, 200);
  },
);

Deno.test("to give the address that is in force takes a change back", async () => {
  await using away = await Away.start();
  const ana = await register(away.server, "ana");
  await away.settle();
  await open(linkIn(away, away.smtp.mails[0]), "POST");
  await changeEmail(away, ana, "new@example.com");
  await away.settle();
  const link = linkIn(away, away.smtp.mails.find(({ to }) => to[0] === "new@example.com"));
  const count = away.smtp.mails.length;
  const { body } = await changeEmail(away, ana, "ANA@example.com");
  assert.deepEqual([body.email, body.pendingEmail], ["ana@example.com", null]);
  await away.settle();
  assert.equal(away.smtp.mails.length, count);
  assert.match((await open(link, "POST")).text, ended);
  const again = await resend(away, ana);
  assert.deepEqual([again.status, again.body.code], [409, "conflict"]);
});

onEach("an address that was refused can be changed, or given once more", async (away) => {
  const ana = await register(away.server, "ana");
  await away.settle();
  await open(linkIn(away, away.smtp.mails[0]), "POST");
  await away.sql(sql`update users set email_refused = email where id = ${ana.id}`);
  assert.equal((await self(away, ana)).emailRefused, true);
  assert.equal((await changeEmail(away, ana, "ana@example.com")).status, 200);
  await away.settle();
  // None to the address as the one in force: it is refused.
  assert.deepEqual(away.smtp.mails.slice(1).map(({ parsed }) => parsed.subject), [
    "Confirm your address",
  ]);
  await open(linkIn(away, away.smtp.mails[1]), "POST");
  const { email, pendingEmail, emailRefused } = await self(away, ana);
  assert.deepEqual([email, pendingEmail, emailRefused], ["ana@example.com", null, false]);
});

onEach(
  "an address to be confirmed that is refused is given up, and its member told",
  async (away) => {
    away.smtp.answers.recipient = "550 5.1.1 No such user";
    const ana = await register(away.server, "ana");
    await away.settle();
    assert.deepEqual(await addresses(away, ana), [null, null]);
    const { body } = await away.call<{ notifications: { kind: string; content: string }[] }>(
      ana,
      "GET",
      "/api/notifications",
    );
    assert.deepEqual(body.notifications.map(({ kind, content }) => [kind, content]), [
      ["email_refused", "ana@example.com"],
    ]);
  },
);

Deno.test("a mail server that is away loses no mail to confirm", async () => {
  await using away = await Away.start();
  await away.smtp.stop();
  const ana = await register(away.server, "ana");
  await away.settle();
  await away.smtp.restart();
  await away.pass(10 * minute);
  await open(linkIn(away, away.smtp.mails[0]), "POST");
  assert.deepEqual(await addresses(away, ana), ["ana@example.com", null]);
});

Deno.test("a mailbox is not filled: by one member, or by many accounts", async () => {
  await using away = await Away.start({ env: { RATE_LIMIT_SCALE: "0.3" } });
  const ana = await register(away.server, "ana"); // one of three to the address
  assert.equal((await resend(away, ana)).status, 204);
  assert.equal((await resend(away, ana)).status, 204);
  const refused = await resend(away, ana);
  assert.deepEqual([refused.status, refused.body.code], [429, "rate_limited"]);
  const wait = Number(refused.headers.get("retry-after"));
  assert.ok(wait > 60 && wait <= 3_600, `${wait} s`);
  const body = { username: "eve", displayName: "Eve", email: "ANA@example.com", password };
  const other = await call(away.server, "POST", "/api/auth/register", { body });
  assert.equal(other.status, 429);
});

Deno.test("the password is not to be guessed by changing the address", async () => {
  await using away = await Away.start({ env: { RATE_LIMIT_SCALE: "0.3" } });
  const ana = await register(away.server, "ana");
  for (let n = 0; n < 2; n++) {
    assert.equal((await changeEmail(away, ana, "x@example.com", `wrong ${n}`)).status, 403);
  }
  assert.equal((await changeEmail(away, ana, "x@example.com")).status, 429);
});

Deno.test("an address and a password are checked before anything is done", async () => {
  await using away = await Away.start();
  const ana = await register(away.server, "ana");
  for (
    const [email, secret, path] of [["nobody", password, "email"], ["a@b.example", "", "password"]]
  ) {
    const { status, body } = await changeEmail(away, ana, email!, secret);
    assert.equal(status, 400);
    assert.deepEqual(body.errors?.map((one) => one.path), [path]);
  }
  const missing = await call<Problem>(away.server, "POST", "/api/auth/register", {
    body: { username: "eve", displayName: "Eve", password },
  });
  assert.equal(missing.status, 400);
  assert.deepEqual(missing.body.errors?.map((one) => one.path), ["email"]);
});

Deno.test("the platform's members change their address there", async () => {
  await using away = await Away.start();
  const jonas = await away.addUser("jonas");
  for (
    const { status, body } of [
      await changeEmail(away, jonas, "x@example.com"),
      await resend(away, jonas),
    ]
  ) {
    assert.deepEqual([status, body.code], [403, "forbidden"]);
  }
  assert.deepEqual(await addresses(away, jonas), ["jonas@example.com", null]);
});

Deno.test("a link that was altered, or is for something else, is over", async () => {
  await using away = await Away.start();
  const ana = await register(away.server, "ana");
  await away.settle();
  const link = linkIn(away, away.smtp.mails[0]);
  const session = ana.token; // signed by us, but for something else
  for (const token of ["", "x", session]) {
    const { status, text } = await open(`${away.server.url}/confirm?token=${token}`, "POST");
    assert.equal(status, 400);
    assert.match(text, ended);
  }
  assert.equal((await open(link.slice(0, -3), "POST")).status, 400);
  const opened = await fetch(`${away.server.url}/api/auth/me`, {
    headers: { authorization: `Bearer ${new URL(link).searchParams.get("token")}` },
  });
  await opened.body?.cancel();
  assert.equal(opened.status, 401);
  assert.deepEqual(await addresses(away, ana), [null, "ana@example.com"]);
});

Deno.test("the page to confirm works without a script, in the member's language", async () => {
  await using away = await Away.start();
  const ana = await register(away.server, "ana");
  await away.sql(sql`update users set locale = 'de-CH' where id = ${ana.id}`);
  await away.settle();
  const [mail] = away.smtp.mails;
  assert.equal(mail?.parsed.subject, "Bestätige deine Adresse");
  assert.match(mail?.parsed.text ?? "", /Der Link gilt 3 Tage\./);
  const { headers, text } = await open(linkIn(away, mail), "GET", { "accept-language": "sv" });
  assert.match(text, /<html lang="de-CH" dir="ltr">[^]*Adresse bestätigen/);
  assert.doesNotMatch(text, /<script|<img|<link|\bsrc=|style="/);
  assert.match(
    headers.get("content-security-policy") ?? "",
    /default-src 'none'.*form-action 'self'/,
  );
  assert.equal(headers.get("cache-control"), "no-store");
  const other = await open(`${away.server.url}/confirm`, "GET", { "accept-language": "ar" });
  assert.match(other.text, /<html lang="ar" dir="rtl">[^]*لم يعد هذا الرابط صالحًا/);
});
