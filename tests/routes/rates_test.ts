import type { Problem } from "@/chat/protocol.ts";
import { closeCodes } from "@/chat/protocol.ts";
import type { RateName } from "@/chat/rates.ts";
import { createRateLimit, openInMemory } from "@/utils/rate_limit.ts";
import assert from "node:assert/strict";
import { systemClock } from "@/utils/clock.ts";
import { call, converse, TestSocket } from "../support/client.ts";
import { startServer, type TestServer, type TestUser } from "../support/server.ts";

interface Scene {
  server: TestServer;
  ana: TestUser;
  conversationId: string;
  socket: TestSocket;
}

async function begin(): Promise<Scene> {
  const { now } = Date;
  const server = await startServer({ clock: { ...systemClock, now } });
  const [ana, jonas] = [await server.addUser("ana"), await server.addUser("jonas")];
  const conversationId = await converse(server, ana, jonas);
  return { server, ana, conversationId, socket: await TestSocket.connect(server, ana) };
}

/** What is done, and how it was refused: the seconds to wait, undefined if it was not. */
type Deed = (scene: Scene) => Promise<number | undefined>;

const http = (
  method: string,
  path: (scene: Scene) => string,
  body?: (scene: Scene) => unknown,
  headers: Record<string, string> = {},
): Deed =>
async (scene) => {
  const answer = await call<Problem>(scene.server, method, path(scene), {
    ...!path(scene).startsWith("/api/auth/") && { as: scene.ana },
    ...body && { body: body(scene) },
    headers,
  });
  if (answer.status !== 429) return undefined;
  if (method !== "HEAD") assert.equal(answer.body.code, "rate_limited");
  return Number(answer.headers.get("retry-after"));
};

const frame =
  (make: (scene: Scene) => Parameters<TestSocket["request"]>[0]): Deed => async (scene) => {
    // Those without an answer are followed by one that has.
    const id = crypto.randomUUID();
    scene.socket.send({ ...make(scene), id });
    await scene.socket.settled();
    const answer = scene.socket.frames.find((one) => "replyTo" in one && one.replyTo === id);
    if (answer?.type !== "error") return undefined;
    assert.equal(answer.code, "rate_limited");
    return answer.retryAfter ?? NaN;
  };

const message = ({ conversationId }: Scene) => ({
  clientId: crypto.randomUUID(),
  conversationId,
  content: "Hello",
});
const conversations = "/api/messages/conversations";
const uuid = () => crypto.randomUUID();
const history = (id: string) => `/api/messages/${id}/messages`;
const settings = ({ conversationId: id }: Scene) => `${conversations}/${id}/settings`;
const subscription = () => `/api/notifications/subscriptions/${uuid()}`;
const account = () => ({
  username: `m${uuid().slice(0, 8)}`,
  displayName: "Mia",
  email: `${uuid()}@example.com`,
  password: "long enough for anyone",
});

const both = ["member", "address"] as const;
const member = ["member"] as const;
const address = ["address"] as const;
const renewal = frame(({ ana: { token } }) => ({ type: "auth", token }));
const stream = http("HEAD", () => "/api/messages/events");
const login = { login: "nobody", password: "wrong" };

/** Everything that is counted, by each way to do it, with those it is counted for. */
const deeds: [name: RateName, by: readonly ("member" | "address")[], way: string, Deed][] = [
  ["connect", address, "a stream", stream],
  ["open", member, "a stream", stream],
  ["open", member, "a frame that renews the token", renewal],
  ["login", address, "POST", http("POST", () => "/api/auth/login", () => login)],
  ["register", address, "POST", http("POST", () => "/api/auth/register", account)],
  ["refresh", address, "POST", http("POST", () => "/api/auth/refresh")],
  ["link", address, "GET of a page to confirm", http("GET", () => "/confirm?token=x")],
  ["link", address, "POST to it", http("POST", () => "/confirm?token=x")],
  ["link", address, "GET of a page to unsubscribe", http("GET", () => "/unsubscribe?token=x")],
  ["link", address, "POST to it", http("POST", () => "/unsubscribe?token=x")],
  ["send", both, "POST", http("POST", () => "/api/messages/send", message)],
  ["send", both, "a frame", frame((scene) => ({ type: "send_message", ...message(scene) }))],
  [
    "mark",
    both,
    "a frame",
    frame(({ conversationId }) => ({
      type: "mark_read",
      conversationId,
      seq: 1,
    })),
  ],
  ["mark", both, "POST", http("POST", () => "/api/notifications/read", () => ({ all: true }))],
  [
    "typing",
    both,
    "a frame",
    frame(({ conversationId }) => ({
      type: "typing_start",
      conversationId,
    })),
  ],
  [
    "join",
    both,
    "a frame",
    frame(({ conversationId }) => ({
      type: "join_conversation",
      conversationId,
    })),
  ],
  ["sync", both, "a frame", frame(() => ({ type: "sync", heads: {} }))],
  ["sync", both, "POST", http("POST", () => "/api/messages/sync", () => ({ heads: {} }))],
  ["search", both, "GET", http("GET", () => "/api/users?query=j")],
  ["history", both, "GET", http("GET", ({ conversationId }) => history(conversationId))],
  ["read", both, "GET", http("GET", () => conversations)],
  ["create", both, "POST", http("POST", () => conversations, () => ({ participantIds: [uuid()] }))],
  ["settings", both, "PATCH", http("PATCH", settings, () => ({ emailOff: true }))],
  ["subscribe", both, "DELETE", http("DELETE", subscription)],
];

Deno.test("each limit refuses with the seconds to wait, and lets in again", async (t) => {
  const scene = await begin();
  // The library reads the system's clock; the server is given one that does not jump.
  const { now } = Date;
  let ahead = 0;
  Date.now = () => now() + ahead;
  try {
    for (const [name, by, way, deed] of deeds) {
      for (const kind of by) {
        await t.step(`${name} by ${kind}, by ${way}`, async () => {
          const limits = scene.server.chat.rates[name];
          const real = limits[kind];
          limits[kind] = createRateLimit(openInMemory, name, 2, 600);
          assert.equal(await deed(scene), undefined);
          assert.equal(await deed(scene), undefined);
          const wait = await deed(scene);
          assert.ok(wait !== undefined && wait > 400 && wait <= 600, `${wait} s`);
          ahead += 600_000;
          assert.equal(await deed(scene), undefined);
          limits[kind] = real;
        });
      }
    }
  } finally {
    Date.now = now;
  }
  await scene.socket.close();
  await scene.server.close();
});

Deno.test("what a member is refused does not count for their address", async () => {
  await using server = await startServer();
  const [ana, jonas] = [await server.addUser("ana"), await server.addUser("jonas")];
  const search = async (as: TestUser) =>
    (await call(server, "GET", "/api/users?query=x", { as })).status;
  server.chat.rates.search = {
    member: createRateLimit(openInMemory, "search", 2, 600),
    address: createRateLimit(openInMemory, "search", 3, 600),
  };
  for (const expected of [200, 200, 429, 429, 429]) assert.equal(await search(ana), expected);
  for (const expected of [200, 429]) assert.equal(await search(jonas), expected);
});

Deno.test("a first message counts as beginning a conversation, a further one does not", async () => {
  await using server = await startServer();
  const [ana, jonas, mia] = [
    await server.addUser("ana"),
    await server.addUser("jonas"),
    await server.addUser("mia"),
  ];
  server.chat.rates.create = { member: createRateLimit(openInMemory, "create", 1, 600) };
  const write = async (to: TestUser) =>
    (await call(server, "POST", "/api/messages/send", {
      as: ana,
      body: { clientId: uuid(), recipientId: to.id, content: "Hello" },
    })).status;
  assert.deepEqual([await write(jonas), await write(jonas)], [201, 201]);
  assert.equal(await write(mia), 429);
});

Deno.test("a flood of upgrades from one address is refused before the token is looked at", async () => {
  await using server = await startServer();
  server.chat.rates.connect = { address: createRateLimit(openInMemory, "connect", 3, 600) };
  const upgrade = async (address: string) => {
    const response = await fetch(`${server.url}/api/messages/ws?token=bad`, {
      headers: { "x-forwarded-for": address },
    });
    await response.body?.cancel();
    return [response.status, response.headers.has("retry-after")];
  };
  const answers = [];
  for (let n = 0; n < 5; n++) answers.push(await upgrade("203.0.113.9"));
  // Without the headers of a handshake it ends behind the limit, as invalid.
  const passed = [400, false];
  const refused = [429, true];
  assert.deepEqual(answers, [passed, passed, passed, refused, refused]);
  assert.deepEqual(await upgrade("198.51.100.7"), passed);
});

Deno.test("a member who opens connections too often is told so by the close code", async () => {
  await using server = await startServer();
  const ana = await server.addUser("ana");
  server.chat.rates.open = { member: createRateLimit(openInMemory, "open", 1, 600) };
  const first = await TestSocket.connect(server, ana);
  const second = TestSocket.open(server, ana.token);
  assert.equal((await second.closed).code, closeCodes.tooMany);
  await first.close();
});
