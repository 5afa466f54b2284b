import assert from "node:assert/strict";
import { createLog, type LogLevel } from "@/utils/log.ts";
import { call, converse, TestSocket } from "../support/client.ts";
import { startServer } from "../support/server.ts";

function collect(level: LogLevel, format: "json" | "text") {
  const lines: string[] = [];
  return { lines, log: createLog(level, format, (line) => lines.push(line)) };
}

Deno.test("a log writes its level and above", () => {
  const { lines, log } = collect("warn", "json");
  for (const level of ["debug", "info", "warn", "error"] as const) log[level](`A ${level}`);
  assert.deepEqual(lines.map((line) => JSON.parse(line).message), ["A warn", "A error"]);
});

Deno.test("a JSON log is one object a line", () => {
  const { lines, log } = collect("debug", "json");
  log.info("Two\nlines", { port: 8000, nested: { a: [1] } });
  const [line = ""] = lines;
  assert.ok(!line.includes("\n"));
  const { time, ...rest } = JSON.parse(line);
  assert.deepEqual(rest, {
    level: "info",
    message: "Two\nlines",
    port: 8000,
    nested: { a: [1] },
  });
  assert.equal(new Date(time).toISOString(), time);
});

Deno.test("an error is logged with its stack and its causes", () => {
  const { lines, log } = collect("debug", "json");
  const error = new Error("Cannot store", { cause: new TypeError("No connection") });
  log.error("Failed", { error });
  const logged = JSON.parse(lines[0] ?? "").error;
  assert.match(logged, /^Error: Cannot store\n +at .*log_test\.ts/);
  assert.match(logged, /\nCaused by: TypeError: No connection\n/);
});

Deno.test("a database's error is logged without the values that it was given", () => {
  const { lines, log } = collect("debug", "json");
  const error = Object.assign(new Error("Failed query: select $1\nparams: ana@example.com"), {
    query: "select $1",
    params: ["ana@example.com"],
  });
  log.error("Failed", { error: new Error("Cannot store", { cause: error }) });
  assert.match(lines[0] ?? "", /Failed query: select \$1/);
  assert.ok(!lines[0]?.includes("ana@example.com"));
});

Deno.test("an error is logged without what it quotes: values, addresses, lines like a stack's", () => {
  const errors: [error: Error, kept: RegExp][] = [
    [
      Object.assign(new Error('invalid input syntax for type uuid: "WORDS of Ana\nto Ben"'), {
        code: "22P02",
      }),
      /invalid input syntax for type uuid: …/,
    ],
    [
      new Error("550 5.1.1 <WORDS.ana@mail.example.com>: no such user"),
      /550 5\.1\.1 <…@…>: no such/,
    ],
    [new Error("Failed query: select $1\nparams: a,\n    at WORDS"), /Failed query: select \$1/],
    [new Error("A reason\n    at WORDS (x.ts:1:1)"), /A reason\\+n|A reason\\u000a/],
  ];
  for (const [error, kept] of errors) {
    const { lines, log } = collect("debug", "text");
    log.error("Failed", { error: new Error("Cannot store", { cause: error }) });
    const [line = ""] = lines;
    assert.match(line, kept);
    // A reason of our own may say what it likes, but on its own line.
    const others = line.split("\n").filter((one) => !/^(Caused by|\d\d:)/.test(one));
    assert.ok(others.length > 1 && others.every((one) => / at .*(\.ts|\.js|ext:)/.test(one)), line);
    if (!error.message.startsWith("A reason")) assert.ok(!line.includes("WORDS"), line);
    else assert.ok(!others.some((one) => one.includes("WORDS")), line);
  }
});

Deno.test("no text from elsewhere ends a line, or tells a terminal what to do", () => {
  const hostile = "x\r\n12:00:00 Forged \x1b[31m\x9b2J\u2028\u202e\0\x7f";
  for (const format of ["text", "json"] as const) {
    const { lines, log } = collect("debug", format);
    log.info(hostile, { path: hostile, nested: [hostile], error: new Error(hostile) });
    const [line = ""] = lines;
    const stack = format === "json" ? 0 : line.split("\n").length - 1;
    assert.ok(!/^12:00:00 Forged/m.test(line));
    assert.equal(line.match(/\n +at /g)?.length ?? 0, stack);
    // deno-lint-ignore no-control-regex
    assert.ok(!/[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e]/.test(line), JSON.stringify(line));
    if (format === "json") assert.deepEqual(JSON.parse(line).nested, [hostile]);
  }
});

Deno.test("a warning that repeats and repeats is counted rather than written", () => {
  const { lines, log } = collect("info", "json");
  for (let n = 0; n < 500; n++) log.warn("The database does not answer");
  for (let n = 0; n < 20; n++) log.info("A message");
  log.warn("Something else");
  assert.equal(lines.length, 10 + 20 + 1);
});

Deno.test("a text log names levels other than info, and the fields", () => {
  const { lines, log } = collect("debug", "text");
  log.info("Ready", { seconds: 0.3, at: "http://localhost:8000" });
  log.warn("Slow");
  assert.match(lines[0] ?? "", /^\d\d:\d\d:\d\d Ready seconds=0\.3 at=http:\/\/localhost:8000$/);
  assert.match(lines[1] ?? "", /^\d\d:\d\d:\d\d warn: Slow$/);
});

Deno.test("a server's log holds no token, no password and nothing a member wrote", async () => {
  const { lines, log } = collect("debug", "json");
  await using server = await startServer({ log });
  const password = "a secret of Ana's own";
  const account = { username: "ana", displayName: "Ana", email: "ana@example.com", password };
  const registered = await call<{ token: string; user: { id: string } }>(
    server,
    "POST",
    "/api/auth/register",
    { body: account },
  );
  const cookie = (registered.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  const refreshed = await call(server, "POST", "/api/auth/refresh", { headers: { cookie } });
  assert.equal(refreshed.status, 200);
  await call(server, "POST", "/api/auth/login", {
    body: { login: "ana", password: `${password}?` },
  });
  const ana = { id: registered.body.user.id, username: "ana", token: registered.body.token };
  const jonas = await server.addUser("jonas");
  const conversationId = await converse(server, ana, jonas);
  for (const inUrl of [true, false]) {
    const socket = TestSocket.open(server, ana.token, { inUrl });
    await socket.next("connected");
    await socket.say(conversationId, "Meet me at the harbour");
    await socket.close();
    // Refused: what was wrong with a token must not be told with the token.
    const altered = TestSocket.open(server, `${ana.token}x`, { inUrl });
    await altered.closed;
  }
  await call(server, "GET", `/api/messages/conversations?query=harbour&token=${ana.token}`);
  // Used twice, which is logged: an old one, and one that never was.
  for (const stale of [cookie.slice(0, -43) + "x".repeat(43), cookie]) {
    const { status } = await call(server, "POST", "/api/auth/refresh", {
      headers: { cookie: stale },
    });
    assert.equal(status, 401);
  }

  const all = lines.join("\n");
  assert.ok(lines.length > 10);
  assert.match(all, /used twice/);
  const [, secretOfCookie = ""] = cookie.split(".");
  for (const secret of [ana.token, password, secretOfCookie, "harbour", "a secret for tests"]) {
    assert.ok(secret.length > 6 && !all.includes(secret), secret);
  }
});
