import assert from "node:assert/strict";
import { call } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";

/** Sends a request as it is written and gives the answer as text. */
async function speak({ url }: TestServer, request: string[]): Promise<string> {
  const { hostname, port } = new URL(url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const text = [...request, "Connection: close", "\r\n"].join("\r\n");
  await connection.write(new TextEncoder().encode(text));
  let answer = "";
  for await (const chunk of connection.readable.values({ preventCancel: true })) {
    answer += new TextDecoder().decode(chunk);
  }
  return answer;
}

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);

Deno.test("whatever is answered, a browser does nothing with it that was not meant", async () => {
  await using server = await startServer({ env: { PUBLIC_URL: "https://chat.example" } });
  const ana = await server.addUser("ana");
  const answers: [method: string, path: string, status: number, body?: unknown][] = [
    ["GET", "/api/auth/me", 200],
    ["GET", "/api/messages/conversations", 200],
    ["GET", "/api/health", 200],
    ["GET", "/api/openapi.json", 200],
    ["GET", "/api/notifications/preferences", 200],
    ["POST", "/api/messages/send", 400, {}],
    ["GET", "/api/none", 404],
    ["GET", "/none", 404],
    ["GET", "/favicon.svg", 200],
    ["GET", "/messages", 200],
    ["GET", "/docs", 200],
    ["GET", "/docs/start.js", 200],
    ["GET", "/unsubscribe?token=x", 400],
    ["GET", "/confirm?token=x", 400],
    ["GET", "/", 302],
  ];
  for (const [method, path, status, body] of answers) {
    const answer = await call(server, method, path, { as: ana, body });
    const { headers } = answer;
    assert.equal(answer.status, status, path);
    assert.equal(headers.get("x-content-type-options"), "nosniff", path);
    assert.equal(headers.get("x-frame-options"), "DENY", path);
    assert.equal(headers.get("cross-origin-opener-policy"), "same-origin", path);
    assert.equal(headers.get("cross-origin-resource-policy"), "same-origin", path);
    assert.equal(headers.get("strict-transport-security"), "max-age=15552000", path);
    assert.match(headers.get("permissions-policy") ?? "", /camera=\(\)/, path);
    assert.match(headers.get("referrer-policy") ?? "", /^(strict-origin-when-cross|no-ref)/, path);
    assert.equal(headers.get("server"), null, path);
    assert.equal(headers.get("x-powered-by"), null, path);

    const policy = headers.get("content-security-policy") ?? "";
    assert.match(policy, /^default-src 'none'; .*frame-ancestors 'none'/, path);
    assert.ok(!/unsafe-(inline|eval)|\*|http:/.test(policy), policy);
    const isHtml = headers.get("content-type")?.startsWith("text/html");
    if (!isHtml) assert.equal(policy, "default-src 'none'; frame-ancestors 'none'", path);
    if (path.startsWith("/api/") || status >= 400) {
      assert.equal(headers.get("cache-control"), "no-store", path);
    }
    if (path.startsWith("/api/")) assert.match(headers.get("content-type") ?? "", /json$/, path);
  }
});

Deno.test("without https nobody is told to come by it", async () => {
  await using server = await startServer({ env: { PUBLIC_URL: "http://chat.example" } });
  const { headers } = await call(server, "GET", "/messages");
  assert.equal(headers.get("strict-transport-security"), null);
});

Deno.test("a stream and a file say what they are, and a stream is not kept", async () => {
  await using server = await startServer();
  const ana = await server.addUser("ana");
  const stream = await fetch(`${server.url}/api/messages/events`, {
    headers: { authorization: `Bearer ${ana.token}` },
  });
  await stream.body?.cancel();
  assert.equal(stream.headers.get("cache-control"), "no-store");
  assert.equal(stream.headers.get("x-content-type-options"), "nosniff");
  const { headers } = await call(server, "GET", "/favicon.svg");
  assert.equal(headers.get("cache-control"), "public, max-age=3600");
});

Deno.test("odd methods are not found, and change and reflect nothing", async () => {
  await using server = await startServer();
  const ana = await server.addUser("ana");
  const host = `Host: ${new URL(server.url).host}`;
  const bearer = `Authorization: Bearer ${ana.token}`;
  for (const method of ["TRACE", "TRACK", "PROPFIND", "DEBUG", "PUT", "DELETE", "get"]) {
    const answer = await speak(server, [`${method} /api/auth/me HTTP/1.1`, host, bearer]);
    assert.ok([400, 404, 405, 501].includes(statusOf(answer)), `${method}: ${answer}`);
    assert.ok(!answer.includes(ana.token), method);
  }
  const head = await speak(server, ["HEAD /api/auth/me HTTP/1.1", host, bearer]);
  assert.equal(statusOf(head), 200);
  assert.ok(head.endsWith("\r\n\r\n"), "Without a body");
  const options = await speak(server, ["OPTIONS /api/auth/me HTTP/1.1", host]);
  assert.equal(statusOf(options), 204);
  assert.ok(!/access-control-allow-origin/i.test(options));
});

Deno.test("no spelling of a path leads around what guards it", async () => {
  await using server = await startServer();
  const host = `Host: ${new URL(server.url).host}`;
  const paths = [
    "/api//auth/me",
    "//api/auth/me",
    "/api/./auth/me",
    "/api/x/../auth/me",
    "/api/auth/me/",
    "/api/auth%2fme",
    "/api%2Fauth%2Fme",
    "/api/auth/me%00",
    "/api/auth/me;x",
    "/API/AUTH/ME",
    "/api/%61uth/me",
    "/api/auth/me%20",
    "/..%2f..%2fapi/auth/me",
    "/messages/../api/auth/me",
    "/api/auth/%ff",
    "/api/%",
    "http://evil.example/api/auth/me",
  ];
  for (const path of paths) {
    const answer = await speak(server, [`GET ${path} HTTP/1.1`, host]);
    assert.ok([400, 401, 404].includes(statusOf(answer)), `${path}: ${answer}`);
    // Whatever they are taken for, it is guarded as what it is.
    assert.ok(!/"username"/.test(answer), path);
    if (statusOf(answer) === 404) assert.match(answer, /problem\+json/, path);
  }
});

Deno.test("an answer never depends on the host that was asked for", async () => {
  await using server = await startServer({ env: { PUBLIC_URL: "https://chat.example" } });
  const hosts = ["evil.example", "evil.example:80", "chat.example:1", "a b", "<b>", "[::1", ""];
  for (const host of hosts) {
    for (const path of ["/", "/messages", "/docs", "/api/openapi.json", "/none"]) {
      const forwarded = ["X-Forwarded-Host: evil.example", "Forwarded: host=evil.example"];
      const answer = await speak(server, [`GET ${path} HTTP/1.1`, `Host: ${host}`, ...forwarded]);
      assert.ok([200, 302, 400, 404].includes(statusOf(answer)), `${host}${path}: ${answer}`);
      assert.ok(!answer.includes("evil.example"), `${host}${path}`);
    }
  }
});

Deno.test("health says that it is up, and nothing else of the machine", async () => {
  await using server = await startServer();
  assert.deepEqual((await call(server, "GET", "/api/health")).body, { status: "up" });
  assert.deepEqual((await call(server, "GET", "/api/ready")).body, { status: "ready" });
});
