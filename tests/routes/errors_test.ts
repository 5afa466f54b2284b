import assert from "node:assert/strict";
import { limits, type Problem } from "@/chat/protocol.ts";
import { createLog } from "@/utils/log.ts";
import { sql } from "drizzle-orm";
import { call, converse } from "../support/client.ts";
import {
  openTestEmbedded,
  startServer,
  type TestServer,
  type TestUser,
} from "../support/server.ts";

const sendPath = "/api/messages/send";

/** Posts bytes as they are. */
async function post(
  server: TestServer,
  as: TestUser,
  body: BodyInit,
  contentType = "application/json",
): Promise<{ status: number; headers: Headers; body: Problem }> {
  const response = await fetch(new URL(sendPath, server.url), {
    method: "POST",
    headers: { authorization: `Bearer ${as.token}`, "content-type": contentType },
    body,
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

Deno.test("an error is a problem document, whole and with its own content type", async () => {
  await using server = await startServer();
  const { status, headers, body } = await call<Problem>(server, "GET", "/api/auth/me");
  assert.equal(headers.get("content-type"), "application/problem+json");
  assert.deepEqual(body, {
    type: "about:blank",
    title: "Unauthorized",
    status,
    detail: "A token is missing",
    code: "unauthenticated",
  });
});

Deno.test("what is wrong with an input is told by paths", async () => {
  await using server = await startServer();
  const ana = await server.addUser("ana");
  const { status, body } = await call<Problem>(server, "POST", "/api/messages/conversations", {
    as: ana,
    body: {
      participantIds: [ana.id, "nobody"],
      subject: { title: "", url: "javascript:alert(1)", imageUrl: "ftp://x.example" },
    },
  });
  assert.deepEqual([status, body.code], [400, "invalid_input"]);
  assert.deepEqual(body.errors, [
    { path: "participantIds.1", message: "Expected a UUID" },
    { path: "subject.title", message: "Must not be empty" },
    { path: "subject.url", message: "Expected an http or https URL" },
    { path: "subject.imageUrl", message: "Expected an http or https URL" },
  ]);
  assert.equal(body.detail, "participantIds.1: Expected a UUID");
});

Deno.test("what is not there is 404, as a problem as well", async () => {
  await using server = await startServer();
  for (
    const [method, path] of [
      ["GET", "/api/nothing"],
      ["DELETE", "/api/messages/send"],
      ["GET", "/api"],
      ["GET", "/nothing/here"],
    ] as const
  ) {
    const { status, headers, body } = await call<Problem>(server, method, path);
    assert.equal(status, 404);
    assert.equal(headers.get("content-type"), "application/problem+json");
    assert.deepEqual([body.code, body.detail], ["not_found", `There is no ${method} ${path}`]);
  }
});

Deno.test("a body of another content type is refused, with a charset it is taken", async () => {
  await using server = await startServer();
  const [ana, jonas] = [await server.addUser("ana"), await server.addUser("jonas")];
  const message = JSON.stringify({
    clientId: crypto.randomUUID(),
    conversationId: await converse(server, ana, jonas),
    content: "Grüße",
  });
  // A form of another site could send these without asking first.
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp"]) {
    const { status, body } = await post(server, ana, message, type);
    assert.deepEqual([status, body.code], [400, "invalid_input"], type);
    assert.match(body.detail, /content type application\/json/);
  }
  assert.equal((await post(server, ana, message, "application/json; charset=utf-8")).status, 201);
});

Deno.test("a body that is not JSON, or not the right JSON, is refused", async () => {
  await using server = await startServer();
  const ana = await server.addUser("ana");
  for (const text of ["", "{", "{'a': 1}", '{"content": "\\ud800', "undefined"]) {
    const { status, body } = await post(server, ana, text);
    assert.deepEqual([status, body.detail], [400, "Expected JSON"], text);
  }
  for (const text of ["null", "[]", '"text"', "7", '{"__proto__": {"content": "x"}}']) {
    const { status, body } = await post(server, ana, text);
    assert.deepEqual([status, body.code], [400, "invalid_input"], text);
    assert.ok(body.errors && body.errors.length > 0);
  }
});

Deno.test("a body that is too large is refused, whether it says so or not", async () => {
  await using server = await startServer();
  const ana = await server.addUser("ana");
  const large = "x".repeat(limits.frameBytes + 1);
  const chunk = new TextEncoder().encode(large.slice(0, 32_768));
  let sent = 0;
  const endless = () =>
    new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull(controller) {
        if (sent++ < 10_000) controller.enqueue(chunk);
        else controller.close();
      },
    });
  for (const body of [large, endless()]) {
    const answer = await post(server, ana, body);
    assert.deepEqual([answer.status, answer.body.code], [413, "too_large"]);
    assert.equal(answer.headers.get("content-type"), "application/problem+json");
  }
  assert.ok(sent < 10_000, "It was not read to its end");
});

Deno.test("a call too many is told when to come back", async () => {
  await using server = await startServer({ env: { RATE_LIMIT_SCALE: "0.05" } });
  const [ana, jonas] = [await server.addUser("ana"), await server.addUser("jonas")];
  const body = { recipientId: jonas.id, content: "Hello" };
  const send = () =>
    call<Problem>(server, "POST", sendPath, {
      as: ana,
      body: { ...body, clientId: crypto.randomUUID() },
    });
  for (let n = 0; n < 3; n++) assert.equal((await send()).status, 201);
  const refused = await send();
  assert.deepEqual([refused.status, refused.body.code], [429, "rate_limited"]);
  const wait = Number(refused.headers.get("retry-after"));
  assert.ok(Number.isInteger(wait) && wait >= 1 && wait <= 10, `${wait} s`);
  assert.equal(refused.body.detail, `Too many requests: wait ${wait} s`);
});

Deno.test("a failure that nobody expected tells nothing of itself", async () => {
  await using server = await startServer();
  const ana = await server.addUser("ana");
  await server.chat.db.execute("drop table notification_preferences");
  const { status, body } = await call<Problem>(server, "GET", "/api/notifications/preferences", {
    as: ana,
  });
  assert.deepEqual([status, body], [500, {
    type: "about:blank",
    title: "Internal Server Error",
    status: 500,
    detail: "Something went wrong on our side",
    code: "internal",
  }]);
});

Deno.test("a server is ready while its database answers, and up without it", async () => {
  const database = await openTestEmbedded();
  await using server = await startServer({ database: { ...database, close: async () => {} } });
  const ready = await call(server, "GET", "/api/ready");
  assert.deepEqual([ready.status, ready.body], [200, { status: "ready" }]);
  await database.close();
  const waiting = await call(server, "GET", "/api/ready");
  assert.deepEqual([waiting.status, waiting.body], [503, { status: "waiting" }]);
  const health = await call(server, "GET", "/api/health");
  assert.deepEqual([health.status, health.body], [200, { status: "up" }]);
});

Deno.test("answers carry the headers that keep browsers careful", async () => {
  await using server = await startServer({ env: { PUBLIC_URL: "https://chat.example" } });
  const { headers } = await call(server, "GET", "/api/health");
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.equal(headers.get("referrer-policy"), "strict-origin-when-cross-origin");
  assert.equal(headers.get("strict-transport-security"), "max-age=15552000");
});

Deno.test("no log line holds what was written, a hash, or an address", async () => {
  const lines: string[] = [];
  const log = createLog("debug", "json", (line) => lines.push(line));
  const database = await openTestEmbedded();
  // With an address to be confirmed in the statement that fails.
  const env = {
    SMTP_URL: "smtp://127.0.0.1:1",
    EMAIL_FROM: "parley@example.com",
    PUBLIC_URL: "https://parley.example",
  };
  await using server = await startServer({ database, log, env });
  const [ana, jonas] = [await server.addUser("ana"), await server.addUser("jonas")];
  const conversationId = await converse(server, ana, jonas);
  await database.db.execute(
    sql`alter table messages add constraint no check (content <> 'gossip')`,
  );
  await database.db.execute(
    sql`alter table users add constraint no check (display_name <> 'Eve of Secrets')`,
  );
  const sent = await call(server, "POST", "/api/messages/send", {
    as: ana,
    body: { clientId: crypto.randomUUID(), conversationId, content: "gossip" },
  });
  assert.equal(sent.status, 500);
  const registered = await call(server, "POST", "/api/auth/register", {
    body: {
      username: "eve",
      displayName: "Eve of Secrets",
      email: "e@e.example",
      password: "a long enough one",
    },
  });
  assert.equal(registered.status, 500);
  const all = lines.join("\n");
  assert.match(all, /Failed query/);
  for (const secret of ["gossip", "e@e.example", "scrypt", "a long enough one", ana.token]) {
    assert.ok(!all.includes(secret), secret);
  }
});
