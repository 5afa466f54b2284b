import assert from "node:assert/strict";
import { clientFrames, serverFrames } from "@/chat/protocol.ts";
import { Status } from "@/chat/status.ts";
import { createApp } from "@/routes/app.ts";
import { SocketGuard } from "@/routes/socket_guard.ts";
import { Metrics } from "@/utils/metrics.ts";
import { call } from "../support/client.ts";
import { silentLog, startServer } from "../support/server.ts";

type Json = Record<string, unknown>;

interface Operation {
  summary: string;
  security?: unknown[];
  parameters?: { name: string; in: string; required: boolean; schema: Json }[];
  requestBody?: { content: Record<string, { schema: Json }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: Json }> }>;
}

interface OpenApi {
  openapi: string;
  info: { title: string; version: string };
  servers: { url: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Json };
}

/** Not calls: a socket, which AsyncAPI tells of, and the reference itself. */
const notCalls = [
  "GET /api/asyncapi.json",
  "GET /api/messages/ws",
  "GET /api/openapi.json",
];

/** Every operation of a document as `GET /api/users/{userId}`. */
function operations(document: OpenApi): [name: string, operation: Operation][] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ])
  );
}

/** All objects within a value. */
function* objectsIn(value: unknown): Generator<Json> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield value as Json;
  for (const inside of Object.values(value)) yield* objectsIn(inside);
}

function assertRefsResolve(document: Json): void {
  for (const { $ref } of objectsIn(document)) {
    if ($ref === undefined) continue;
    assert.match(String($ref), /^#\//, "Nothing foreign is referred to");
    let at: unknown = document;
    for (const part of String($ref).slice(2).split("/")) at = (at as Json)?.[part];
    assert.ok(typeof at === "object" && at !== null, `${$ref} leads nowhere`);
  }
}

Deno.test("every call is in the reference, and nothing else is", async () => {
  await using server = await startServer();
  const app = createApp(server.chat, server.tokens, {
    publicUrl: "http://localhost:8000",
    allowedOrigins: [],
    localAccounts: true,
    heartbeatSeconds: 30,
    silenceSeconds: 120,
    guard: new SocketGuard(silentLog, 120),
    metrics: new Metrics(),
    status: new Status(server.chat),
    page: {
      folder: "dist",
      dev: false,
      config: {
        localAccounts: true,
        tabs: [],
        demoMembers: null,
        demoPassword: null,
        parentOrigins: [],
        heartbeatSeconds: 30,
        vapidPublicKey: null,
        emailAvailable: false,
        emailContentAllowed: true,
      },
    },
  });
  const served = app.routes
    .filter(({ method, path }) => method !== "ALL" && path.startsWith("/api/"))
    .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`);
  const { body } = await call<OpenApi>(server, "GET", "/api/openapi.json");
  const documented = operations(body).map(([name]) => name);
  assert.deepEqual([...documented, ...notCalls].sort(), [...new Set(served)].sort());
  assert.equal(new Set(documented).size, documented.length);
});

Deno.test("the reference is whole: refs resolve, and each call says what it takes and gives", async () => {
  await using server = await startServer({ env: { PUBLIC_URL: "https://chat.example" } });
  const { headers, body } = await call<OpenApi>(server, "GET", "/api/openapi.json");
  assert.match(headers.get("content-type") ?? "", /^application\/json/);
  assert.match(body.openapi, /^3\.1\./);
  assert.deepEqual(body.servers, [{ url: "https://chat.example" }]);
  assertRefsResolve(body as unknown as Json);
  for (const [name, operation] of operations(body)) {
    assert.ok(operation.summary.length > 5, name);
    const inPath = [...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
    const declared = (operation.parameters ?? []).filter((one) => one.in === "path");
    assert.deepEqual(declared.map((one) => one.name), inPath, name);
    assert.ok(declared.every((one) => one.required), name);
    const statuses = Object.keys(operation.responses);
    assert.ok(statuses.some((status) => /^2\d\d$/.test(status)), name);
    assert.ok(statuses.includes("default"), name);
    for (const { description } of Object.values(operation.responses)) assert.ok(description);
    const takesBody = /^(POST|PUT|PATCH) /.test(name) && !/\/(refresh|logout|resend)$/.test(name);
    assert.equal(operation.requestBody !== undefined, takesBody, name);
  }
  const list = body.paths["/api/messages/conversations"]?.["get"];
  assert.deepEqual(list?.parameters?.map((one) => [one.name, one.required]), [
    ["query", false],
    ["context", false],
    ["cursor", false],
    ["limit", false],
  ]);
});

Deno.test("who needs a token is who the reference says needs one", async () => {
  await using server = await startServer();
  const { body } = await call<OpenApi>(server, "GET", "/api/openapi.json");
  const open = operations(body).filter(([, operation]) => operation.security !== undefined);
  assert.deepEqual(open.map(([name]) => name).sort(), [
    "GET /api/health",
    "GET /api/ready",
    "POST /api/auth/login",
    "POST /api/auth/logout",
    "POST /api/auth/refresh",
    "POST /api/auth/register",
  ]);
  for (const [name, operation] of operations(body)) {
    if (operation.security !== undefined) continue;
    const [method = "", path = ""] = name.split(" ");
    const id = "0197a3c0-0000-7000-8000-000000000000";
    const body = operation.requestBody && {};
    const answer = await call(server, method, path.replace(/\{\w+\}/g, id), { body });
    assert.equal(answer.status, 401, name);
  }
});

Deno.test("every frame is in the socket's reference, as received or as sent", async () => {
  await using server = await startServer({ env: { PUBLIC_URL: "https://chat.example" } });
  const { body } = await call<{
    asyncapi: string;
    servers: Json;
    channels: {
      socket: { address: string; messages: Record<string, { name: string; payload: Json }> };
    };
    operations: Record<"receive" | "send", { action: string; messages: { $ref: string }[] }>;
  }>(server, "GET", "/api/asyncapi.json");
  assert.match(body.asyncapi, /^3\.0\./);
  assert.deepEqual(body.servers, { parley: { host: "chat.example", protocol: "wss" } });
  assertRefsResolve(body as unknown as Json);

  const { address, messages } = body.channels.socket;
  assert.equal(address, "/api/messages/ws");
  const received = Object.keys(clientFrames).map((name) => `client-${name}`);
  const sent = Object.keys(serverFrames).map((name) => `server-${name}`);
  assert.deepEqual(Object.keys(messages).sort(), [...received, ...sent].sort());
  const named = (operation: "receive" | "send") =>
    body.operations[operation].messages.map(({ $ref }) => $ref.split("/").at(-1));
  assert.deepEqual(named("receive"), received);
  assert.deepEqual(named("send"), sent);
  for (const [key, { name, payload }] of Object.entries(messages)) {
    assert.match(key, new RegExp(`^(client|server)-${name}$`));
    const { properties, required } = payload as { properties: Json; required: string[] };
    assert.deepEqual(properties.type, { const: name });
    assert.ok(required.includes("type"));
  }
});

Deno.test("the reference page loads its own files and nothing foreign", async () => {
  await using server = await startServer();
  const page = await call<string>(server, "GET", "/docs");
  assert.equal(page.status, 200);
  assert.match(page.headers.get("content-security-policy") ?? "", /^default-src 'none';/);
  const loaded = [...page.body.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address!);
  for (const address of loaded) assert.match(address, /^\/[^/]/, "Our own, by its path");
  assert.ok(!/<script>|\son\w+=/.test(page.body), "Nothing inline, which its policy would refuse");
  const own = loaded.filter((address) => address.startsWith("/docs/"));
  assert.equal(own.length, 3);
  for (const address of own) {
    const { status, headers, body } = await call<string>(server, "GET", address);
    assert.equal(status, 200);
    assert.match(
      headers.get("content-type") ?? "",
      address.endsWith(".css") ? /^text\/css/ : /^text\/javascript/,
    );
    assert.ok(body.length > 100);
  }
  const start = await call<string>(server, "GET", "/docs/start.js");
  assert.match(start.body, /url: "\/api\/openapi\.json"/);
});
