import assert from "node:assert/strict";
import { users } from "@/db/schema.ts";
import { eq } from "drizzle-orm";
import { SignJWT } from "jose";
import type { Problem, Self, SessionResult, TokenResult } from "@/chat/protocol.ts";
import { type Answer, call, TestSocket } from "../support/client.ts";
import { SetClock } from "../support/clock.ts";
import { startServer, type TestServer } from "../support/server.ts";

const day = 86_400_000;
const password = "correct horse battery";

/** Opens an account under a name; `with` what else than usual. */
function register(server: TestServer, username: string, given: Record<string, unknown> = {}) {
  const account = { username, displayName: username, email: `${username}@example.com`, password };
  const body = { ...account, ...given };
  return call<SessionResult & Problem>(server, "POST", "/api/auth/register", { body });
}

function login(server: TestServer, name: string, secret = password) {
  const body = { login: name, password: secret };
  return call<SessionResult & Problem>(server, "POST", "/api/auth/login", { body });
}

function refresh(server: TestServer, cookie: string) {
  return call<TokenResult & Problem>(server, "POST", "/api/auth/refresh", { headers: { cookie } });
}

const setCookie = (answer: Answer<unknown>) => answer.headers.get("set-cookie") ?? "";
/** The cookie as a browser would send it back. */
const cookieOf = (answer: Answer<unknown>) => setCookie(answer).split(";")[0] ?? "";

/** Whom a token speaks for. */
async function whoIs(server: TestServer, token: string): Promise<string> {
  const as = { id: "", username: "", token };
  const { status, body } = await call<Self & Problem>(server, "GET", "/api/auth/me", { as });
  return status === 200 ? body.username : body.code;
}

Deno.test("a new member is registered, and their token speaks for them", async () => {
  await using server = await startServer();
  const answer = await register(server, "Ana.Lima", { displayName: "  Ana Lima 🌻 " });
  assert.equal(answer.status, 201);
  const { user, token, expiresAt } = answer.body;
  assert.deepEqual(user, {
    id: user.id,
    username: "Ana.Lima",
    displayName: "Ana Lima 🌻",
    avatarUrl: null,
    profileUrl: null,
    role: "member",
    // Nothing would use an address: this server sends no mail.
    email: null,
    pendingEmail: null,
    emailRefused: false,
  });
  assert.ok(Date.parse(expiresAt) > Date.now());
  assert.equal(await whoIs(server, token), "Ana.Lima");
  const socket = TestSocket.open(server, token);
  assert.deepEqual((await socket.next("connected")).user, user);
  await socket.close();
});

Deno.test("register says what is wrong with each field", async () => {
  await using server = await startServer();
  const { status, body } = await register(server, "-a", {
    displayName: " ",
    email: "nobody",
    password: "short",
  });
  assert.equal(status, 400);
  const paths = body.errors?.map((issue) => issue.path);
  assert.deepEqual(paths, ["username", "displayName", "email", "password"]);
  assert.ok(!JSON.stringify(body).includes("short"), "A password is not repeated");

  const lines = await register(server, "ana", { displayName: "Ana\nis typing" });
  assert.equal(lines.status, 400);
  assert.deepEqual(lines.body.errors, [{
    path: "displayName",
    message: "Line breaks and control characters are not allowed",
  }]);
});

Deno.test("register says that a username is taken, in whatever case", async () => {
  await using server = await startServer();
  await register(server, "ana");
  const { status, body } = await register(server, "ANA", { email: "other@example.com" });
  assert.deepEqual([status, body.code], [409, "conflict"]);
  assert.deepEqual(body.errors, [{ path: "username", message: "This username is taken" }]);
});

Deno.test("a server that sends no mail asks for no address, and changes none", async () => {
  await using server = await startServer();
  const answer = await register(server, "ana", { email: undefined });
  assert.equal(answer.status, 201);
  const as = { id: answer.body.user.id, username: "ana", token: answer.body.token };
  const body = { email: "ana@example.com", password };
  const changed = await call<Problem>(server, "PUT", "/api/auth/email", { as, body });
  assert.deepEqual([changed.status, changed.body.code], [403, "forbidden"]);
});

Deno.test("of two who register one name at once, one gets it", async () => {
  await using server = await startServer();
  const answers = await Promise.all(
    ["a", "b"].map((mail) => register(server, "ana", { email: `${mail}@example.com` })),
  );
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409]);
});

Deno.test("login takes the username or the email, in any case", async () => {
  await using server = await startServer();
  const { id } = (await register(server, "Ana")).body.user;
  await server.chat.db.update(users).set({ email: "Ana@example.com" }).where(eq(users.id, id));
  for (const name of ["Ana", "ana", " ANA ", "ana@example.com", "ANA@Example.COM"]) {
    const { status, body } = await login(server, name);
    assert.equal(status, 200, name);
    assert.equal(body.user.username, "Ana");
    assert.equal(await whoIs(server, body.token), "Ana");
  }
});

Deno.test("login answers the same for a wrong password, no such member and a platform's", async () => {
  await using server = await startServer();
  await register(server, "ana");
  await server.addUser("jonas");
  const answers = await Promise.all([
    login(server, "ana", `${password}!`),
    login(server, "ana", password.toUpperCase()),
    login(server, "nobody"),
    login(server, "nobody@example.com"),
    login(server, "jonas", "null"),
    login(server, "' or true --"),
  ]);
  const shown = answers.map(({ status, headers, body }) => {
    const { date: _, ...rest } = Object.fromEntries(headers);
    return { status, body, headers: rest };
  });
  assert.equal(shown[0]?.status, 401);
  assert.equal(shown[0]?.body.code, "unauthenticated");
  for (const answer of shown) assert.deepEqual(answer, shown[0]);
});

Deno.test("the refresh cookie is for the browser's eyes only", async () => {
  for (const [env, secure] of [[{}, false], [{ PUBLIC_URL: "https://x.example" }, true]] as const) {
    await using server = await startServer({ env });
    for (const answer of [await register(server, "ana"), await login(server, "ana")]) {
      const attributes = setCookie(answer).split("; ").slice(1);
      const names = ["Path=/api/auth", "HttpOnly", "SameSite=Strict"];
      for (const name of names) assert.ok(attributes.includes(name), name);
      assert.equal(attributes.includes("Secure"), secure);
      const expires = attributes.find((one) => one.startsWith("Expires="))?.slice(8) ?? "";
      const days = (Date.parse(expires) - Date.now()) / day;
      assert.ok(days > 29.9 && days <= 30, `${days} days`);
      assert.ok(!JSON.stringify(answer.body).includes(cookieOf(answer).slice(-40)));
    }
  }
});

Deno.test("refresh gives a token, and another cookie each time", async () => {
  await using server = await startServer();
  let cookie = cookieOf(await register(server, "ana"));
  const seen = new Set([cookie]);
  for (let n = 0; n < 3; n++) {
    const answer = await refresh(server, cookie);
    assert.equal(answer.status, 200);
    assert.equal(await whoIs(server, answer.body.token), "ana");
    cookie = cookieOf(answer);
    assert.ok(!seen.has(cookie));
    seen.add(cookie);
  }
});

Deno.test("two tabs may refresh with one cookie at once, and both go on", async () => {
  const clock = new SetClock(Date.parse("2026-06-01T12:00:00Z"));
  await using server = await startServer({ clock });
  const first = cookieOf(await register(server, "ana"));
  const both = await Promise.all([refresh(server, first), refresh(server, first)]);
  for (const { status, body } of both) {
    assert.equal(status, 200);
    assert.equal(await whoIs(server, body.token), "ana");
  }
  // One cookie jar: whichever answer comes last, and even if one is lost, it holds the same one.
  const cookies = both.map(cookieOf);
  assert.equal(cookies[0], cookies[1]);
  clock.pass(59_000);
  assert.equal(cookieOf(await refresh(server, first)), cookies[0]);
  assert.equal((await refresh(server, cookies[0]!)).status, 200);
});

Deno.test("a refresh cookie that is used again later ends the whole session", async () => {
  const clock = new SetClock(Date.parse("2026-06-01T12:00:00Z"));
  await using server = await startServer({ clock });
  const stolen = cookieOf(await register(server, "ana"));
  const elsewhere = cookieOf(await login(server, "ana"));
  const next = cookieOf(await refresh(server, stolen));
  clock.pass(61_000);
  const reused = await refresh(server, stolen);
  assert.deepEqual([reused.status, reused.body.code], [401, "unauthenticated"]);
  assert.match(setCookie(reused), /^parley_refresh=; Max-Age=0; Path=\/api\/auth/);
  // The thief's and the member's own: nobody can tell which is which.
  assert.equal((await refresh(server, next)).status, 401);
  // Another login is another session.
  assert.equal((await refresh(server, elsewhere)).status, 200);
});

Deno.test("a session that is not used ends; one that is used does not", async () => {
  const clock = new SetClock(Date.parse("2026-06-01T12:00:00Z"));
  await using server = await startServer({ clock });
  const left = cookieOf(await register(server, "ana"));
  let kept = cookieOf(await login(server, "ana"));
  for (let n = 0; n < 2; n++) {
    clock.pass(20 * day);
    const answer = await refresh(server, kept);
    assert.equal(answer.status, 200);
    kept = cookieOf(answer);
  }
  assert.equal((await refresh(server, left)).status, 401);
});

Deno.test("logout ends the session and takes the cookie away", async () => {
  await using server = await startServer();
  const cookie = cookieOf(await register(server, "ana"));
  for (let n = 0; n < 2; n++) {
    const answer = await call(server, "POST", "/api/auth/logout", { headers: { cookie } });
    assert.equal(answer.status, 204);
    assert.match(setCookie(answer), /^parley_refresh=; Max-Age=0; Path=\/api\/auth/);
  }
  assert.equal((await refresh(server, cookie)).status, 401);
  assert.equal((await call(server, "POST", "/api/auth/logout")).status, 204);
});

Deno.test("logout needs the cookie itself: a session's id alone ends nothing", async () => {
  await using server = await startServer();
  const cookie = cookieOf(await register(server, "ana"));
  const guessed = cookie.slice(0, -43) + "x".repeat(43);
  const headers = { cookie: guessed };
  assert.equal((await call(server, "POST", "/api/auth/logout", { headers })).status, 204);
  assert.equal((await refresh(server, cookie)).status, 200);
});

Deno.test("refresh without a cookie, or with nonsense in it, is refused", async () => {
  await using server = await startServer();
  const id = "0197a3c0-0000-7000-8000-000000000000";
  for (const value of ["", "x", `${id}.`, `${id}.${"x".repeat(43)}`, "%00", "a.b.c"]) {
    const { status, body } = await refresh(server, value && `parley_refresh=${value}`);
    assert.deepEqual([status, body.code], [401, "unauthenticated"], value);
  }
});

Deno.test("calls need a token that is good now", async () => {
  const clock = new SetClock(Date.parse("2026-06-01T12:00:00Z"));
  await using server = await startServer({ clock });
  const { body: { token } } = await register(server, "ana");
  assert.equal(await whoIs(server, token), "ana");
  assert.equal(await whoIs(server, `${token}x`), "unauthenticated");
  assert.equal(await whoIs(server, "nonsense"), "unauthenticated");
  for (const authorization of ["", token, `Basic ${token}`, `Bearer ${token} ${token}`]) {
    const answer = await call(server, "GET", "/api/auth/me", { headers: { authorization } });
    assert.equal(answer.status, 401);
    assert.equal(answer.headers.get("www-authenticate"), "Bearer");
  }
  clock.pass(15 * 60_000 + 10_000);
  assert.equal(await whoIs(server, token), "unauthenticated");
});

Deno.test("a token of a member who does not exist is refused", async () => {
  await using server = await startServer();
  const { token } = await server.tokens.sign("0197a3c0-0000-7000-8000-000000000000");
  assert.equal(await whoIs(server, token), "unauthenticated");
});

/** A platform that signs by the secret it shares with the server. */
const platformSecret = "the platform's secret, shared with us";
const platformEnv = {
  JWT_SECRET: platformSecret,
  JWT_ISSUER: "https://site.example",
  JWT_AUDIENCE: "parley",
  LOCAL_ACCOUNTS: "false",
};

function platformToken(claims: Record<string, unknown>, typ?: string): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256", ...typ && { typ } })
    .setIssuer("https://site.example")
    .setAudience("parley")
    .setExpirationTime("5 minutes")
    .sign(new TextEncoder().encode(platformSecret));
}

async function selfOf(server: TestServer, token: string): Promise<Self> {
  const as = { id: "", username: "", token };
  const { status, body } = await call<Self>(server, "GET", "/api/auth/me", { as });
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

Deno.test("a platform's first token creates its member, and later ones carry changes over", async () => {
  await using server = await startServer({ env: platformEnv });
  const first = await selfOf(
    server,
    await platformToken({
      sub: "user-7",
      name: "Ana Ribeiro",
      preferred_username: "ana",
      email: "ana@example.com",
      picture: "https://cdn.example/ana.jpg",
      profile: "https://site.example/ana",
    }),
  );
  assert.deepEqual(first, {
    id: first.id,
    username: "ana",
    displayName: "Ana Ribeiro",
    avatarUrl: "https://cdn.example/ana.jpg",
    profileUrl: "https://site.example/ana",
    role: "member",
    email: "ana@example.com",
    pendingEmail: null,
    emailRefused: false,
  });
  const later = await selfOf(
    server,
    await platformToken({
      sub: "user-7",
      name: "Ana Lima",
      preferred_username: "lima",
      picture: "https://cdn.example/new.jpg",
    }),
  );
  // What links to a member by username stays right, and what is not said stays as it was.
  const changed = { displayName: "Ana Lima", avatarUrl: "https://cdn.example/new.jpg" };
  assert.deepEqual(later, { ...first, ...changed });
});

Deno.test("a platform's first two tokens at once create one member", async () => {
  await using server = await startServer({ env: platformEnv });
  const token = await platformToken({ sub: "user-7", preferred_username: "ana" });
  const seen = await Promise.all(Array.from({ length: 5 }, () => selfOf(server, token)));
  assert.equal(new Set(seen.map((self) => self.id)).size, 1);
});

Deno.test("a platform's member gets a username that is free and fits", async () => {
  await using server = await startServer({ env: platformEnv });
  const named = async (claims: Record<string, unknown>) =>
    (await selfOf(server, await platformToken(claims))).username;
  assert.equal(await named({ sub: "1", preferred_username: "ana" }), "ana");
  assert.match(await named({ sub: "2", preferred_username: "ANA" }), /^ANA-[0-9a-f]{8}$/);
  assert.equal(await named({ sub: "3", preferred_username: "Zoë Müller!" }), "ZoeMuller");
  assert.match(await named({ sub: "4", preferred_username: "花子" }), /^member-[0-9a-f]{8}$/);
  assert.equal(await named({ sub: "5" }), "member");
  assert.match(await named({ sub: "6" }), /^member-[0-9a-f]{8}$/);
  assert.equal(await named({ sub: "7", preferred_username: "../../etc/passwd" }), "etcpasswd");
});

Deno.test("a platform's member cannot become an account of ours by its email or name", async () => {
  await using server = await startServer({ env: { ...platformEnv, LOCAL_ACCOUNTS: "true" } });
  const ours = (await register(server, "ana")).body.user;
  const email = "ana@example.com";
  await server.chat.db.update(users).set({ email }).where(eq(users.id, ours.id));
  const claims = { sub: ours.id, preferred_username: "ana", email: "ana@example.com" };
  const theirs = await selfOf(server, await platformToken(claims));
  assert.notEqual(theirs.id, ours.id);
  assert.notEqual(theirs.username, "ana");
  assert.equal((await login(server, "ana")).body.user.id, ours.id);
  assert.equal((await login(server, "ana@example.com")).body.user.id, ours.id);
});

Deno.test("without local accounts their calls are not there, and their tokens speak for nobody", async () => {
  await using server = await startServer({ env: platformEnv });
  const answers = await Promise.all([
    register(server, "ana"),
    login(server, "ana"),
    refresh(server, "parley_refresh=x"),
    call(server, "POST", "/api/auth/logout"),
  ]);
  for (const { status } of answers) assert.equal(status, 404);
  const jonas = await server.addUser("jonas");
  assert.equal(await whoIs(server, jonas.token), "unauthenticated");
});

Deno.test("logins are counted by address, so that passwords cannot be tried out", async () => {
  await using server = await startServer({ env: { RATE_LIMIT_SCALE: "0.05" } });
  for (let n = 0; n < 3; n++) assert.equal((await login(server, `nobody${n}`)).status, 401);
  const refused = await login(server, "somebody");
  assert.deepEqual([refused.status, refused.body.code], [429, "rate_limited"]);
  const wait = Number(refused.headers.get("retry-after"));
  assert.ok(wait >= 1 && wait <= 60);
  // Someone else behind the operator's proxy is not held to it.
  const elsewhere = await call(server, "POST", "/api/auth/login", {
    body: { login: "nobody", password },
    headers: { "x-forwarded-for": "203.0.113.9, 198.51.100.7" },
  });
  assert.equal(elsewhere.status, 401);
});
