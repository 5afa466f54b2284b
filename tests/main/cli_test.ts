import assert from "node:assert/strict";
import { sql } from "drizzle-orm";
import { closeCodes, type HistoryResult, type SessionResult } from "@/chat/protocol.ts";
import { openPostgres, select } from "@/db/database.ts";
import { call, converse, TestSocket } from "../support/client.ts";
import { createTestDatabase, testPostgresUrl } from "../support/postgres.ts";
import { makeCheckout } from "../support/checkout.ts";
import { type Program, startProgram, taskFlags } from "../support/process.ts";
import type { TestUser } from "../support/server.ts";

const env = { JWT_SECRET: "a secret for tests, long enough to be taken" };
const password = "correct horse battery";

async function enter(url: string, how: "register" | "login", username: string): Promise<TestUser> {
  const account = { username, displayName: username, email: `${username}@example.com`, password };
  const { status, body } = await call<SessionResult>({ url }, "POST", `/api/auth/${how}`, {
    body: how === "register" ? account : { login: username, password },
  });
  assert.ok(status === 200 || status === 201, JSON.stringify(body));
  return { id: body.user.id, username, token: body.token };
}

/** What a program said, for the message of a failed assertion. */
const said = (program: Program) => JSON.stringify(program.output(), null, 1);

/** Tells a program to stop, and asserts that it does so as it should. */
async function assertStops(program: Program, signal: Deno.Signal = "SIGTERM"): Promise<void> {
  const start = performance.now();
  program.kill(signal);
  assert.equal(await program.exited, 0, said(program));
  const ms = performance.now() - start;
  assert.ok(ms < 10_000, `It took ${ms} ms`);
  assert.equal(program.output().stderr, "");
}

/** Asserts that a program refuses to run: one line for whoever started it, and nothing else. */
async function assertRefuses(program: Program, line: RegExp): Promise<void> {
  assert.equal(await program.exited, 1, said(program));
  assert.equal(program.output().stdout, "");
  assert.match(program.output().stderr, /^[^\n]+\n$/);
  assert.match(program.output().stderr, line);
}

Deno.test("a wrong start is refused in one line that says what to do", async (t) => {
  await using checkout = await makeCheckout({ built: false });
  const refusals: [what: string, command: string, env: Record<string, string>, line: RegExp][] = [
    ["an unknown command", "serve", env, /^Cannot serve: expected dev, start or migrate$/m],
    ["no secret", "start", {}, /^JWT_SECRET is missing: expected .*openssl rand -base64 48/],
    ["a short secret", "start", { JWT_SECRET: "short" }, /^JWT_SECRET has 5 bytes: expected 32/],
    ["a wrong setting", "start", { ...env, PORT: "http" }, /^PORT is "http": expected a whole/],
    [
      "no built page",
      "start",
      env,
      /^Cannot start: the page is not built; run `deno task build` first$/m,
    ],
    [
      "a database that is not there",
      "migrate",
      { ...env, DATABASE_URL: "postgres://parley:hunter2@127.0.0.1:1/parley" },
      /^Cannot start: the database of DATABASE_URL does not answer \(ECONNREFUSED\)$/m,
    ],
    [
      "a data folder that it may not write",
      "migrate",
      { ...env, DATA_DIR: "elsewhere" },
      /^Requires write access to ".*elsewhere"/,
    ],
  ];
  for (const [what, command, given, line] of refusals) {
    await t.step(what, async () => {
      await using program = checkout.start(command, given);
      await assertRefuses(program, line);
      assert.ok(!/"short"|hunter2/.test(program.output().stderr), "No secret is told");
    });
  }
  await assert.rejects(Deno.stat(`${checkout.folder}/data`), Deno.errors.NotFound);
});

Deno.test("on its own database it serves alone, stops in order, and keeps what was said", async () => {
  await using checkout = await makeCheckout();
  const warnings = (program: Program) =>
    program.output().stdout.split("\n").filter((line) => /embedded database/.test(line));
  let conversationId: string;
  {
    await using program = checkout.start("start", env);
    const url = await program.ready;
    assert.equal(warnings(program).length, 1);
    assert.match(warnings(program)[0]!, /"level":"warn".*one process only.*power failure/);
    const page = await call<string>({ url }, "GET", "/messages");
    assert.equal(page.status, 200);

    for (const command of ["start", "migrate"]) {
      await using second = checkout.start(command, env);
      await assertRefuses(
        second,
        new RegExp(`^Cannot use ./data: process ${program.pid}, started .* is using it$`, "m"),
      );
    }

    const ana = await enter(url, "register", "ana");
    const jonas = await enter(url, "register", "jonas");
    const sockets = await Promise.all([ana, jonas].map((one) => TestSocket.connect({ url }, one)));
    const answer = await sockets[0]!.request({
      type: "send_message",
      clientId: crypto.randomUUID(),
      recipientId: jonas.id,
      content: "Still here tomorrow",
    });
    assert.ok(answer.type === "message_sent");
    conversationId = answer.message.conversationId;

    await assertStops(program);
    for (const socket of sockets) assert.equal((await socket.closed).code, closeCodes.restart);
  }
  {
    await using program = checkout.start("start", env);
    const url = await program.ready;
    const jonas = await enter(url, "login", "jonas");
    const path = `/api/messages/${conversationId}/messages`;
    const { body } = await call<HistoryResult>({ url }, "GET", path, { as: jonas });
    assert.deepEqual(body.messages.map((message) => message.content), ["Still here tomorrow"]);
    // Impatience changes nothing: what is under way is finished.
    program.kill("SIGINT");
    await assertStops(program, "SIGTERM");
  }
});

Deno.test("what was stored is there after the program was killed", async () => {
  await using checkout = await makeCheckout();
  {
    await using program = checkout.start("start", env);
    await enter(await program.ready, "register", "ana");
    program.kill("SIGKILL");
    await program.exited;
  }
  await using program = checkout.start("start", env);
  await enter(await program.ready, "login", "ana");
  await assertStops(program);
});

Deno.test("migrate brings the database up to date without serving", async () => {
  await using checkout = await makeCheckout();
  for (let n = 0; n < 2; n++) {
    await using program = checkout.start("migrate", {});
    assert.equal(await program.exited, 0, said(program));
    assert.match(program.output().stdout, /The database is up to date/);
    assert.ok(!program.output().stdout.includes("ready"));
  }
  assert.ok((await Deno.stat(`${checkout.folder}/data/postgres`)).isDirectory);
});

Deno.test({
  name: "two that start at once on an empty Postgres migrate it once, and both serve it",
  ignore: testPostgresUrl === undefined,
  async fn() {
    await using checkout = await makeCheckout();
    const url = await createTestDatabase(testPostgresUrl!);
    await using one = checkout.start("start", { ...env, DATABASE_URL: url });
    await using other = checkout.start("start", { ...env, DATABASE_URL: url });
    const [urlOfOne, urlOfOther] = await Promise.all([one.ready, other.ready]);
    assert.ok(!one.output().stdout.includes("embedded"));

    const database = await openPostgres(url, 1);
    const applied = await select<{ hash: string }>(
      database.db,
      sql`select hash from schema_migrations`,
    );
    await database.close();
    const files = [...Deno.readDirSync(`${checkout.folder}/drizzle`)];
    assert.equal(applied.length, files.filter((file) => file.name.endsWith(".sql")).length);

    const { port } = new URL(urlOfOne);
    await using third = checkout.start("start", { ...env, DATABASE_URL: url, PORT: port });
    await assertRefuses(
      third,
      /^Cannot listen on 127.0.0.1:\d+: it is in use; choose another PORT$/m,
    );

    const ana = await enter(urlOfOne, "register", "ana");
    const socket = await TestSocket.connect(
      { url: urlOfOther },
      await enter(urlOfOther, "login", "ana"),
    );
    assert.equal((await call({ url: urlOfOther }, "GET", "/api/auth/me", { as: ana })).status, 200);
    await assertStops(other);
    assert.equal((await socket.closed).code, closeCodes.restart);
    assert.equal((await call({ url: urlOfOne }, "GET", "/api/ready")).status, 200);
    await assertStops(one, "SIGINT");
    await assert.rejects(Deno.stat(`${checkout.folder}/data`), Deno.errors.NotFound);
  },
});

Deno.test({
  name: "migrate works on Postgres with the permissions of its task",
  ignore: testPostgresUrl === undefined,
  async fn() {
    await using checkout = await makeCheckout({ built: false });
    const DATABASE_URL = await createTestDatabase(testPostgresUrl!);
    await using program = checkout.start("migrate", { ...env, DATABASE_URL });
    assert.equal(await program.exited, 0, said(program));
    assert.match(program.output().stdout, /The database is up to date/);
  },
});

Deno.test({
  name: "with a Postgres server the program needs no permission to write",
  ignore: testPostgresUrl === undefined,
  async fn() {
    const flags = taskFlags("start").filter((flag) => !flag.startsWith("--allow-write"));
    assert.equal(flags.length, taskFlags("start").length - 1);
    const settings = { ...env, DATABASE_URL: await createTestDatabase(testPostgresUrl as string) };
    await using program = startProgram("start", settings, undefined, flags);
    const url = await program.ready;
    const ana = await enter(url, "register", "ana");
    const ben = await enter(url, "register", "ben");
    const socket = await TestSocket.connect({ url }, ana);
    await socket.say(await converse({ url }, ana, ben), "Nothing is written but this");
    await socket.close();
    await assertStops(program);
  },
});
