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
    // Else a script could not see when to come back.
    assert.match(headers.get("access-control-expose-headers") ?? "", /retry-after/i);
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
  const { host } = new URL(server.url);
  const origins = [undefined, configured, "https://chat.example", `https://${host}`];
  for (const origin of origins) {
    const socket = TestSocket.open(server, ana.token, { headers: origin ? { origin } : {} });
    await socket.next("connected");
    await socket.close();
  }
  // Where members come by https, a page that came without it may be anybody's.
  for (const origin of [`http://${host}`, "http://chat.example"]) {
    assert.equal(await handshake(server.url, ana.token, origin), 403, origin);
  }
});

Deno.test("until it is told its address, the server is who it was asked for as", async () => {
  await using server = await startServer();
  const ana = await server.addUser("ana");
  const { host } = new URL(server.url);
  for (const origin of [`http://${host}`, `https://${host}`]) {
    assert.equal(await handshake(server.url, ana.token, origin), 101, origin);
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
    `http://${hostname}`,
    `http://localhost:${port}`,
    `http://${hostname}.:${port}`,
    `http://${hostname}:${port}.evil.example`,
    `http://${hostname}:${port}@evil.example`,
    `http://${hostname}:${port}/`,
    `capacitor://${hostname}:${port}`,
    `${hostname}:${port}`,
    "HTTPS://SITE.EXAMPLE",
    "https://site.example.",
    `${configured} ${configured}`,
    "",
  ];
  for (const origin of origins) {
    assert.equal(await handshake(server.url, ana.token, origin), 403, origin);
  }
  assert.equal(await handshake(server.url, ana.token, configured), 101);
});

/** What browsers say of who asks, and whether our accounts listen. */
const askers: [what: string, headers: Record<string, string>, allowed: boolean, own: boolean][] = [
  ["a program", {}, true, true],
  ["our page", { origin: "https://chat.example", "sec-fetch-site": "same-origin" }, true, true],
  ["our page in an old browser", { origin: "https://chat.example" }, true, true],
  // A proxy that hands on another name: the browser knows better.
  [
    "our page at another name",
    {
      origin: "https://www.chat.example",
      "sec-fetch-site": "same-origin",
    },
    true,
    true,
  ],
  ["a configured site", { origin: configured, "sec-fetch-site": "cross-site" }, true, false],
  ["a stranger", { origin: "https://evil.example", "sec-fetch-site": "cross-site" }, false, false],
  ["a stranger in an old browser", { origin: "https://evil.example" }, false, false],
  [
    "a neighbour",
    { origin: "https://a.chat.example", "sec-fetch-site": "same-site" },
    false,
    false,
  ],
  ["our name without TLS", { origin: "http://chat.example" }, false, false],
  ["a sandboxed frame", { origin: "null", "sec-fetch-site": "cross-site" }, false, false],
  ["who hides its origin", { "sec-fetch-site": "cross-site" }, false, false],
  ["a neighbour who hides it", { "sec-fetch-site": "same-site" }, false, false],
];

Deno.test("no other page signs its visitor in, up or out, or uses their cookie", async () => {
  await using server = await startServer({ env: { ...env, PUBLIC_URL: "https://chat.example" } });
  const password = "correct horse battery";
  const account = { username: "ana", displayName: "Ana", email: "ana@example.com", password };
  await call(server, "POST", "/api/auth/register", { body: account });
  const login = (headers: Record<string, string>) =>
    call(server, "POST", "/api/auth/login", { headers, body: { login: "ana", password } });
  const { headers } = await login({});
  let cookie = headers.get("set-cookie")?.split(";")[0] ?? "";

  for (const [what, headers, allowed, own] of askers) {
    const expected = (right: boolean, status: number) => right ? status : 403;
    const signedIn = await login(headers);
    assert.equal(signedIn.status, expected(allowed, 200), what);
    assert.equal(signedIn.headers.has("set-cookie"), allowed, what);
    const invalid = await call(server, "POST", "/api/auth/register", { headers, body: {} });
    assert.equal(invalid.status, expected(allowed, 400), what);

    const withCookie = { headers: { ...headers, cookie } };
    const refreshed = await call(server, "POST", "/api/auth/refresh", withCookie);
    assert.equal(refreshed.status, expected(own, 200), what);
    assert.equal(refreshed.headers.has("set-cookie"), own, what);
    if (own) cookie = refreshed.headers.get("set-cookie")?.split(";")[0] ?? "";
    else {
      const out = await call(server, "POST", "/api/auth/logout", withCookie);
      assert.equal(out.status, 403, what);
    }
  }
  // And so the session is still there.
  const last = await call(server, "POST", "/api/auth/refresh", { headers: { cookie } });
  assert.equal(last.status, 200);
});

Deno.test("over https the browser itself refuses a cookie of ours that came otherwise", async () => {
  const body = {
    username: "ana",
    displayName: "Ana",
    email: "ana@example.com",
    password: "correct horse battery",
  };
  for (
    const [publicUrl, cookie] of [
      ["https://chat.example", /^__Secure-parley_\w+=[^;]+;.*; Secure(;|$)/],
      ["http://localhost:8000", /^parley_\w+=(?!.*Secure)/],
    ] as const
  ) {
    await using server = await startServer({ env: { PUBLIC_URL: publicUrl } });
    const { headers } = await call(server, "POST", "/api/auth/register", { body });
    const sets = headers.getSetCookie();
    const names = sets.map((set) => /parley_(\w+)=/.exec(set)?.[1]);
    assert.deepEqual(names, ["refresh", "device"]);
    for (const set of sets) {
      assert.match(set, cookie);
      assert.match(set, /; Path=\/api\/auth(;|$)/);
      assert.match(set, /; HttpOnly(;|$)/);
      assert.match(set, /; SameSite=Strict(;|$)/);
      assert.ok(!/Domain=/i.test(set));
    }
  }
});
