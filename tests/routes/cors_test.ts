import assert from "node:assert/strict";
import { call, TestSocket } from "../support/client.ts";
import { startServer } from "../support/server.ts";

const configured = "https://site.example";
const env = { ALLOWED_ORIGINS: `${configured},https://other.example` };

const preflight = (origin: string) => ({
  origin,
  "access-control-request-method": "PUT",
  "access-control-request-headers": "authorization, content-type",
});

/** Asks for a WebSocket as a page of this origin. @returns the status of the answer */
async function handshake(url: string, token: string, origin: string): Promise<number> {
  const { hostname, port, host } = new URL(url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const request = [
    `GET /api/messages/ws?token=${token} HTTP/1.1`,
    `Host: ${host}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    `Origin: ${origin}`,
    "\r\n",
  ];
  await connection.write(new TextEncoder().encode(request.join("\r\n")));
  const answer = new Uint8Array(1_024);
  await connection.read(answer);
  const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(new TextDecoder().decode(answer)) ?? [];
  return Number(status);
}

Deno.test("a configured origin may call, and is told so before", async () => {
  await using server = await startServer({ env });
  for (const origin of env.ALLOWED_ORIGINS.split(",")) {
    const asked = await call(server, "OPTIONS", "/api/notifications/preferences", {
      headers: preflight(origin),
    });
    assert.equal(asked.status, 204);
    assert.equal(asked.headers.get("access-control-allow-origin"), origin);
    assert.match(asked.headers.get("access-control-allow-methods") ?? "", /PUT/);
    assert.match(asked.headers.get("access-control-allow-headers") ?? "", /authorization/i);
    const { headers } = await call(server, "GET", "/api/health", { headers: { origin } });
    assert.equal(headers.get("access-control-allow-origin"), origin);
    assert.match(headers.get("vary") ?? "", /origin/i);
    // A cookie of ours is for our own page alone.
    assert.equal(headers.get("access-control-allow-credentials"), null);
  }
});

Deno.test("an error, too, can be read by a configured origin", async () => {
  await using server = await startServer({ env });
  const { status, headers } = await call(server, "GET", "/api/auth/me", {
    headers: { origin: configured },
  });
  assert.equal(status, 401);
  assert.equal(headers.get("access-control-allow-origin"), configured);
});

Deno.test("any other origin is not told that it may", async () => {
  await using server = await startServer({ env });
  const origins = [
    "https://evil.example",
    "https://site.example.evil.example",
    "http://site.example",
    "https://site.example:8443",
    "null",
  ];
  for (const origin of origins) {
    for (
      const [method, headers] of [["OPTIONS", preflight(origin)], ["GET", { origin }]] as const
    ) {
      const answer = await call(server, method, "/api/health", { headers });
      assert.equal(answer.headers.get("access-control-allow-origin"), null, origin);
    }
  }
});

Deno.test("without configuration no other origin may call", async () => {
  await using server = await startServer();
  const { headers } = await call(server, "GET", "/api/health", { headers: { origin: configured } });
  assert.equal(headers.get("access-control-allow-origin"), null);
});

Deno.test("a socket is opened from our own page, a configured origin, and programs", async () => {
  await using server = await startServer({ env: { ...env, PUBLIC_URL: "https://chat.example" } });
  const ana = await server.addUser("ana");
  const own = new URL(server.url);
  const origins = [
    undefined,
    configured,
    "https://chat.example",
    own.origin,
    `https://${own.host}`,
  ];
  for (const origin of origins) {
    const socket = TestSocket.open(server, ana.token, { headers: origin ? { origin } : {} });
    await socket.next("connected");
    await socket.close();
  }
});

Deno.test("a socket from a foreign page is refused before it is one, whatever its token", async () => {
  await using server = await startServer({ env });
  const ana = await server.addUser("ana");
  const { hostname, port } = new URL(server.url);
  const origins = [
    "https://evil.example",
    "null",
    `http://${hostname}:${Number(port) + 1}`,
    `http://${hostname}:${port}.evil.example`,
    "",
  ];
  for (const origin of origins) {
    assert.equal(await handshake(server.url, ana.token, origin), 403, origin);
  }
  assert.equal(await handshake(server.url, ana.token, configured), 101);
});
