import assert from "node:assert/strict";
import { cpuUsage } from "node:process";
import postgres from "postgres";
import type { Message, SessionResult } from "@/chat/protocol.ts";
import { createVapidKeys } from "@/utils/vapid.ts";
import { type Answer, call, converse, TestSocket } from "../support/client.ts";
import { createTestDatabase, testPostgresUrl } from "../support/postgres.ts";
import { OtlpReceiver } from "../support/otlp.ts";
import { startProgram } from "../support/process.ts";
import { startServer, type TestUser } from "../support/server.ts";
import { makeReceiverKeys } from "../support/web_push.ts";
import { TestSmtp } from "../support/smtp.ts";
import { until } from "../support/until.ts";

/** How long what should be logged may take before the test fails. Milliseconds. */
const patience = 30_000;

const jwtSecret = "JWT-SECRET-of-the-operator-long-enough";
const password = "PASSWORD-of-Ana-and-Ben";
const wrongPassword = "PASSWORD-that-is-wrong";
const smtpPassword = "SMTP-PASSWORD-of-the-operator";
const words = "WORDS that Ana wrote to Ben";

/** The program, and whoever speaks to it: all it says of them is kept. */
async function openProgram(databaseUrl: string, env: Record<string, string>) {
  const program = startProgram("start", { LOG_LEVEL: "debug", DATABASE_URL: databaseUrl, ...env });
  const server = { url: await program.ready };
  /** What was answered to what failed. */
  const errors: string[] = [];
  async function ask<Body = Record<string, unknown>>(
    ...[method, path, options]: [string, string, Parameters<typeof call>[3]?]
  ): Promise<Answer<Body>> {
    const answer = await call<Body>(server, method, path, options);
    if (answer.status >= 400) {
      errors.push(JSON.stringify([answer.body, ...answer.headers.entries()]));
    }
    return answer;
  }
  return { program, server, errors, ask };
}

type Opened = Awaited<ReturnType<typeof openProgram>>;

/** Waits until the program has logged this. */
async function logs({ program }: Opened, line: RegExp): Promise<void> {
  const end = Date.now() + patience;
  while (!line.test(program.output().stdout)) {
    if (Date.now() > end) assert.fail(`${line} is not in ${program.output().stdout}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What comes last in a token is its own; all begin alike. */
const signatureOf = (token: string) => token.split(".").at(-1) as string;

const cookieOf = ({ headers }: Answer<unknown>) =>
  headers.getSetCookie()[0]?.split(";")[0]?.split("=")[1] ?? "";

Deno.test({
  name:
    "no log line, no exported span and no error's answer holds what is secret or a member's own",
  ignore: !testPostgresUrl,
  async fn() {
    await using smtp = await TestSmtp.start({ login: { user: "parley", password: smtpPassword } });
    smtp.answers.recipient = (address) => `550 5.1.1 <${address}>: no such user`;
    await using otlp = new OtlpReceiver();
    const vapid = createVapidKeys();
    const databaseUrl = await createTestDatabase(testPostgresUrl as string);
    const opened = await openProgram(databaseUrl, {
      ...otlp.env,
      JWT_SECRET: jwtSecret,
      LOCAL_ACCOUNTS: "true",
      RATE_LIMIT_SCALE: "1000",
      PUBLIC_URL: "https://chat.example",
      SMTP_URL: smtp.url,
      EMAIL_FROM: "parley@chat.example",
      EMAIL_DELAY_SECONDS: "0",
      PUSH_DELAY_SECONDS: "0",
      VAPID_PUBLIC_KEY: vapid.publicKey,
      VAPID_PRIVATE_KEY: vapid.privateKey,
      VAPID_SUBJECT: "mailto:operator@chat.example",
      // Nobody listens there.
      PUSH_SERVICES: "localhost:1",
    });
    await using program = opened.program;
    const { server, ask } = opened;
    const secrets: Record<string, string> = {
      jwtSecret,
      password,
      wrongPassword,
      smtpPassword,
      words,
      vapidKey: vapid.privateKey,
      databaseUrl,
    };

    // Coming in, by all doors and past them.
    let cookie = "";
    const enter = async (username: string): Promise<TestUser> => {
      const email = `${username}-ADDRESS@example.com`;
      const account = { username, displayName: username, email, password };
      const answer = await ask<SessionResult>("POST", "/api/auth/register", { body: account });
      assert.equal(answer.status, 201);
      secrets[`${username}'s address`] = email;
      secrets[`${username}'s token`] = signatureOf(answer.body.token);
      if (username === "ana") cookie = cookieOf(answer);
      secrets[`${username}'s cookie`] = signatureOf(cookieOf(answer));
      return { id: answer.body.user.id, username, token: answer.body.token };
    };
    const ana = await enter("ana");
    const ben = await enter("ben");
    const refresh = (cookie: string) =>
      ask<SessionResult>("POST", "/api/auth/refresh", {
        headers: { cookie: `__Secure-parley_refresh=${cookie}` },
      });
    const refreshed = await refresh(cookie);
    secrets["the next token"] = signatureOf(refreshed.body.token);
    secrets["the next cookie"] = signatureOf(cookieOf(refreshed));
    const [id] = cookie.split(".");
    const forged = `${id}.FORGED-SECRET-of-a-refresh-token-0123456789`;
    await refresh(forged);
    secrets["a forged cookie"] = "FORGED-SECRET";
    const email = secrets["ana's address"];
    await ask("POST", "/api/auth/login", { body: { login: email, password: wrongPassword } });
    await ask("POST", "/api/auth/login", { body: { login: email, password } });
    await ask("POST", "/api/auth/login", { body: { login: [email], password: { password } } });
    await ask("POST", "/api/auth/register", {
      body: { username: "ana", email, password: [password] },
    });
    await ask("POST", "/api/auth/register", {
      body: { username: "ana", displayName: "A", email, password },
    });

    // Tokens that are wrong, wherever a token may stand.
    const altered = `${ana.token}x`;
    const path = `/api/auth/me?token=${ana.token}`;
    await ask("GET", path);
    await ask("GET", path, { as: { ...ana, token: altered } });
    await ask("GET", `/api/none/${ana.token}?token=${ana.token}`.replace(ana.token, "x"), {
      as: ana,
    });
    await ask("GET", `/api/messages/events?token=${ana.token}`);
    for (const token of [ana.token, altered]) {
      for (const inUrl of [true, false]) {
        const socket = TestSocket.open(server, token, { inUrl });
        if (token === altered) await socket.closed;
        else {
          await socket.next("connected");
          socket.socket.send(`{"type": "auth", "token": "${altered}"}`);
          socket.socket.send(`{"type": "send_message", "content": "${words}", "${ana.token}"`);
          await socket.next("error", ({ code }) => code === "invalid_input");
          await socket.close();
        }
      }
    }
    const stream = await fetch(`${server.url}/api/messages/events`, {
      headers: { authorization: `Bearer ${ana.token}` },
    });
    await stream.body?.cancel();

    // Words that are sent, refused, malformed and looked for; and told by mail and push in vain.
    const { point, auth } = await makeReceiverKeys();
    const encode = (bytes: Uint8Array) =>
      bytes.toBase64({ alphabet: "base64url", omitPadding: true });
    const keys = { p256dh: encode(point), auth: encode(auth) };
    const endpoint = "https://localhost:1/ENDPOINT-of-a-browser";
    const subscription = { endpoint, keys };
    Object.assign(secrets, { endpoint, ...keys });
    const subscribed = await ask("POST", "/api/notifications/subscriptions", {
      as: ben,
      body: subscription,
    });
    assert.equal(subscribed.status, 201, JSON.stringify(subscribed.body));
    await ask("POST", "/api/notifications/subscriptions", {
      as: ben,
      body: { ...subscription, endpoint: `${endpoint}`.replace("localhost:1", "evil.example") },
    });
    const conversationId = await converse(server, ana, ben);
    const send = (body: Record<string, unknown>) =>
      ask<{ message: Message }>("POST", "/api/messages/send", {
        as: ana,
        body: { clientId: crypto.randomUUID(), conversationId, content: words, ...body },
      });
    assert.equal((await send({})).status, 201);
    await send({ conversationId: words });
    await send({ content: `${words}\0` });
    await send({ content: [words] });
    await ask("GET", `/api/messages/conversations?query=${encodeURIComponent(words)}`, { as: ana });
    const malformed = await fetch(`${server.url}/api/messages/send`, {
      method: "POST",
      headers: { authorization: `Bearer ${ana.token}`, "content-type": "application/json" },
      body: `{"content": "${words}", "token": "${ana.token}"`,
    });
    opened.errors.push(await malformed.text());
    await ask("GET", `/unsubscribe?token=UNSUBSCRIBE-${ana.token}`);
    secrets["an unsubscribe link"] = "UNSUBSCRIBE-";
    await logs(opened, /A job of email was given up/);
    await logs(opened, /A job of push failed/);

    // A database that fails what it is given.
    const sql = postgres(databaseUrl, { onnotice: () => {} });
    await sql`alter table messages rename to lost`;
    assert.equal((await send({})).status, 500);
    await sql`alter table users rename column email to lost`;
    const failed = await ask("POST", "/api/auth/login", { body: { login: email, password } });
    assert.equal(failed.status, 500);
    await sql.end();
    await logs(opened, /Unexpected error.*Failed query/);

    const span = (named: string) => otlp.spans.find(({ name }) => name === named)?.attributes;
    await until(() => span("GET /api/messages/conversations") !== undefined);
    await until(() => otlp.received.some((text) => text.includes("Failed query")));
    program.kill("SIGTERM");
    await program.exited;
    assert.deepEqual(span("GET /api/messages/ws"), {
      "http.request.method": "GET",
      "http.route": "/api/messages/ws",
      "http.response.status_code": 101,
    });
    assert.deepEqual(span("write batch"), { "parley.messages": 1, "parley.conversations": 1 });
    // The push that was tried.
    assert.deepEqual(span("fetch"), {});
    const { stdout, stderr } = program.output();
    assert.equal(stderr, "");
    assert.match(stdout, /"route":"\/api\/auth\/login"/, "Requests are logged");
    assert.match(stdout, /used twice/);
    assert.ok(opened.errors.length > 15);
    for (const [name, secret] of Object.entries(secrets)) {
      assert.ok(secret.length >= 10, name);
      for (const line of [...stdout.split("\n"), ...opened.errors, ...otlp.received]) {
        assert.ok(!line.includes(secret), `${name} is in ${line}`);
      }
    }
  },
});

Deno.test("a login is as much work, and the answer the same, for whoever exists and who does not", async () => {
  await using server = await startServer();
  await call(server, "POST", "/api/auth/register", {
    body: { username: "ana", displayName: "Ana", email: "ana@example.com", password },
  });
  /** The answer as it comes, and the processor's time for it, whatever else the machine does. */
  const attempt = async (login: string) => {
    const before = cpuUsage();
    const answer = await fetch(`${server.url}/api/auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ login, password: wrongPassword }),
    });
    const text = await answer.text();
    const { user, system } = cpuUsage(before);
    const headers = [...answer.headers].filter(([name]) => name !== "date");
    return { said: JSON.stringify([answer.status, text, headers]), ms: (user + system) / 1000 };
  };
  const logins = ["ana", "ana@example.com", "nobody", "nobody@example.com"];
  const least = new Map(logins.map((login) => [login, Infinity]));
  const said = new Set<string>();
  for (let turn = 0; turn < 5; turn++) {
    for (const login of logins) {
      const { said: one, ms } = await attempt(login);
      said.add(one);
      least.set(login, Math.min(ms, least.get(login) as number));
    }
  }
  assert.equal(said.size, 1, [...said].join("\n"));
  // One hash each: none would be a tenth, two twice as much.
  const [most, fewest] = [Math.max(...least.values()), Math.min(...least.values())];
  assert.ok(most < fewest * 1.6, JSON.stringify([...least]));
});
