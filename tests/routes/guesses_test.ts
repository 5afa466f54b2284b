import type { OpenDatabase } from "@/db/database.ts";
import { openPostgres } from "@/db/database.ts";
import { migrate } from "@/db/migrate.ts";
import { createFailureLimit, createRateLimit, openInMemory } from "@/utils/rate_limit.ts";
import { HashingBusy, verifyPassword } from "@/utils/password.ts";
import assert from "node:assert/strict";
import { type Answer, call } from "../support/client.ts";
import { steadyClock } from "../support/clock.ts";
import { createTestDatabase, testPostgresUrl } from "../support/postgres.ts";
import { startServer, type TestServer } from "../support/server.ts";

const password = "long enough for anyone";

/** A browser: keeps its cookies, and has an address. */
class Browser {
  readonly cookies = new Map<string, string>();

  constructor(readonly address: string) {}

  async post(server: { url: string }, path: string, body?: unknown): Promise<Answer<Body>> {
    const cookie = [...this.cookies].map((pair) => pair.join("=")).join("; ");
    const answer = await call<Body>(server, "POST", path, {
      headers: { "x-forwarded-for": this.address, ...cookie && { cookie } },
      ...body !== undefined && { body },
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      this.cookies.set(name, value);
    }
    return answer;
  }

  login(server: { url: string }, name: string, tried = password) {
    return this.post(server, "/api/auth/login", { login: name, password: tried });
  }

  register(server: { url: string }, name: string) {
    return this.post(server, "/api/auth/register", {
      ...{ username: name, displayName: name, email: `${name}@example.com`, password },
    });
  }
}

interface Body {
  code?: string;
  detail?: string;
}

/** With the real numbers: the scale of other tests is for those who do not want to meet them. */
const env = { RATE_LIMIT_SCALE: "1" };
const outcome = ({ status, headers }: Answer<Body>) => [status, headers.get("retry-after")];

Deno.test("who guesses has to wait; the member logs in where they did before, and elsewhere", async () => {
  await using server = await startServer({ env });
  const own = new Browser("198.51.100.7");
  await own.register(server, "ana");
  const guesser = new Browser("203.0.113.9");
  for (let n = 0; n < 5; n++) assert.equal((await guesser.login(server, "ana", "x")).status, 401);
  const refused = await guesser.login(server, "Ana ", "x");
  assert.deepEqual([refused.status, refused.body.code], [429, "rate_limited"]);
  const wait = Number(refused.headers.get("retry-after"));
  assert.ok(wait > 30 && wait <= 60, `${wait} s`);
  // Another account is not concerned, though the address is the same.
  assert.equal((await guesser.login(server, "jonas", "x")).status, 401);
  // Not even the right one is tried now.
  assert.equal((await guesser.login(server, "ana")).status, 429);
  // Nor does it help to be another address of the same network, or another browser of the address.
  assert.equal((await new Browser("203.0.113.9").login(server, "ana")).status, 429);

  assert.equal((await new Browser("192.0.2.1").login(server, "ana")).status, 200);
  // From the guesser's own address, as in an office, with a browser that is known.
  const known = new Browser("203.0.113.9");
  known.cookies.set("parley_device", own.cookies.get("parley_device") as string);
  assert.equal((await known.login(server, "ana")).status, 200);
});

Deno.test("an account that many addresses guess at lets in the browsers it knows, and no others", async () => {
  await using server = await startServer({ env });
  const own = new Browser("198.51.100.7");
  await own.register(server, "ana");
  await new Browser("198.51.100.8").register(server, "jonas");
  server.chat.guesses.account = createRateLimit(openInMemory, "account", 3, 3_600);
  for (let n = 0; n < 3; n++) {
    assert.equal((await new Browser(`203.0.113.${n}`).login(server, "ana", "x")).status, 401);
  }
  const [status, wait] = outcome(await new Browser("192.0.2.1").login(server, "ana"));
  assert.equal(status, 429);
  assert.ok(Number(wait) > 3_000, `${wait} s`);
  assert.equal((await own.login(server, "ana")).status, 200);
  // Others are not concerned, and to another account's browser this account owes nothing.
  const other = new Browser("198.51.100.8");
  assert.equal((await other.login(server, "jonas")).status, 200);
  assert.equal((await other.login(server, "ana")).status, 429);
  // Logging in to their own account has not made them known to hers; one who shares the browser is.
  assert.equal((await own.login(server, "jonas")).status, 200);
  assert.equal((await own.login(server, "ana")).status, 200);
});

Deno.test("a known browser has its own few guesses", async () => {
  await using server = await startServer({ env });
  const own = new Browser("198.51.100.7");
  await own.register(server, "ana");
  for (let n = 0; n < 5; n++) assert.equal((await own.login(server, "ana", "x")).status, 401);
  assert.equal((await own.login(server, "ana", "x")).status, 429);
});

Deno.test("a device token that is not ours, or has ended, makes nobody known", async () => {
  // It ends at the present: a refresh cookie must not be set for a time too far ahead of it.
  let now = Date.now() - 401 * 24 * 60 * 60 * 1_000;
  await using server = await startServer({ env, clock: steadyClock(() => now) });
  const own = new Browser("198.51.100.7");
  const registered = await own.register(server, "ana");
  const line = registered.headers.getSetCookie().find((one) => one.startsWith("parley_device="));
  assert.match(line ?? "", /; Path=\/api\/auth; HttpOnly; SameSite=Strict$/);
  server.chat.guesses.account = createRateLimit(openInMemory, "account", 0, 3_600);
  const token = own.cookies.get("parley_device") as string;
  const [head, payload, signature] = token.split(".") as [string, string, string];
  const claims = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
  const forged = btoa(JSON.stringify({ ...claims, jti: "x" })).replaceAll("=", "");
  const none = btoa('{"alg":"none"}').replaceAll("=", "");
  const wrong = [
    ...["", "x", "a.b.c", `${head}.${payload}.`, `${head}.${forged}.${signature}`],
    `${none}.${payload}.`,
  ];
  for (const one of wrong) {
    own.cookies.set("parley_device", one);
    assert.equal((await own.login(server, "ana")).status, 429, one);
  }
  own.cookies.set("parley_device", token);
  now += 399 * 24 * 60 * 60 * 1_000;
  assert.equal((await own.login(server, "ana")).status, 200);
  own.cookies.set("parley_device", token);
  now += 2 * 24 * 60 * 60 * 1_000;
  assert.equal((await own.login(server, "ana")).status, 429);
});

Deno.test("one address that tries many accounts has to wait, but not who is known there", async () => {
  await using server = await startServer({ env });
  const own = new Browser("203.0.113.9");
  await own.register(server, "ana");
  server.chat.guesses.address = createRateLimit(openInMemory, "address", 3, 900);
  const guesser = new Browser("203.0.113.9");
  for (let n = 0; n < 3; n++) assert.equal((await guesser.login(server, `m${n}`)).status, 401);
  assert.equal((await guesser.login(server, "ana")).status, 429);
  assert.equal((await own.login(server, "ana")).status, 200);
  assert.equal((await new Browser("198.51.100.7").login(server, "ana")).status, 200);
});

Deno.test("right logins are no failures, and forgive those before them", async () => {
  await using server = await startServer({ env });
  const own = new Browser("198.51.100.7");
  await own.register(server, "ana");
  server.chat.guesses.address = createRateLimit(openInMemory, "address", 6, 900);
  server.chat.guesses.account = createRateLimit(openInMemory, "account", 6, 900);
  for (let n = 0; n < 5; n++) {
    // Each with no cookie, so that all three are counted.
    const login = (tried?: string) => new Browser("198.51.100.7").login(server, "ana", tried);
    assert.equal((await login("x")).status, 401);
    assert.equal((await login()).status, 200);
  }
});

Deno.test("an account that does not exist answers just as one that does", async () => {
  await using server = await startServer({ env });
  await new Browser("198.51.100.7").register(server, "ana");
  const tell = async (name: string) => {
    const answers = [];
    const browser = new Browser("203.0.113.9");
    for (let n = 0; n < 7; n++) {
      const { status, headers, body } = await browser.login(server, name, "wrong");
      const told = [...headers].filter(([name]) => name !== "date");
      // Only the seconds go by between one and the other.
      answers.push(JSON.stringify([status, told, body]).replaceAll(/\b\d\d\b/g, "NN"));
    }
    return answers;
  };
  assert.deepEqual(await tell("nobody"), await tell("ana"));
});

Deno.test("more passwords than can wait are put off, and count for nobody", async () => {
  await using server = await startServer({ env: { RATE_LIMIT_SCALE: "1000" } });
  const own = new Browser("198.51.100.7");
  await own.register(server, "ana");
  server.chat.guesses.guesser = createFailureLimit(openInMemory, "guesser", 2, {
    ...{ first: 60, longest: 60, forgotten: 60 },
  });
  // Four are hashed and sixty wait: whoever is done is at once the next to wait.
  const quick = `$scrypt$ln=12,r=8,p=1$${"A".repeat(22)}$${"A".repeat(43)}`;
  let isFull = true;
  const crowd = Array.from({ length: 64 }, async () => {
    while (isFull) await verifyPassword("x", quick);
  });
  await assert.rejects(verifyPassword("x", quick), HashingBusy);
  for (let n = 0; n < 3; n++) {
    assert.deepEqual(outcome(await own.login(server, "ana")), [503, "5"]);
  }
  isFull = false;
  await Promise.all(crowd);
  assert.equal((await own.login(server, "ana", "x")).status, 401);
  assert.equal((await own.login(server, "ana")).status, 200);
});

Deno.test({
  name: "two servers on one database count logins and new accounts together",
  ignore: testPostgresUrl === undefined,
  async fn() {
    const url = await createTestDatabase(testPostgresUrl as string);
    const open = async (): Promise<OpenDatabase> => {
      const database = await openPostgres(url);
      await migrate(database.db);
      return database;
    };
    const start = async (): Promise<TestServer> =>
      await startServer({ database: await open(), env: { ...env, DATABASE_URL: url } });
    await using one = await start();
    await using other = await start();
    const turn = (n: number) => n % 2 === 0 ? one : other;

    const guesser = new Browser("203.0.113.9");
    for (let n = 0; n < 5; n++) {
      assert.equal((await guesser.login(turn(n), "ana", "x")).status, 401);
    }
    for (const server of [one, other]) {
      assert.equal((await guesser.login(server, "ana", "x")).status, 429);
    }
    const opener = new Browser("198.51.100.7");
    for (let n = 0; n < 10; n++) {
      assert.equal((await opener.register(turn(n), `member${n}`)).status, 201);
    }
    for (const server of [one, other]) {
      assert.equal((await opener.register(server, "eleventh")).status, 429);
    }
    // What the one server gave, the other knows.
    for (let n = 0; n < 5; n++) await guesser.login(turn(n), "member9", "x");
    one.chat.guesses.account = createRateLimit(openInMemory, "account", 0, 60);
    assert.equal((await opener.login(one, "member9")).status, 200);
  },
});
