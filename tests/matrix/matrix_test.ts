/**
 * Every call and every frame × everyone who could try it → the expected answer. The rows are
 * checked against the lists that the program itself uses: what is added without a row fails.
 *
 * @module
 */
import assert from "node:assert/strict";
import { clientFrames, type ClientFrameType, type ServerFrame } from "@/chat/protocol.ts";
import { Status } from "@/chat/status.ts";
import { createApp } from "@/routes/app.ts";
import { SocketGuard } from "@/routes/socket_guard.ts";
import { Mailbox } from "@/utils/mailbox.ts";
import { Metrics } from "@/utils/metrics.ts";
import { call, TestSocket } from "../support/client.ts";
import { silentLog, startServer, testDatabases } from "../support/server.ts";
import { ask, cellsOf, post, requestOf } from "./ask.ts";
import { calls } from "./calls.ts";
import { frameOf, frames } from "./frames.ts";
import { actors, members, openWorld } from "./world.ts";
import { until } from "../support/until.ts";

const codes: Record<number, string> = {
  400: "invalid_input",
  401: "unauthenticated",
  403: "forbidden",
  404: "not_found",
};

Deno.test("every route and every frame has its row", async () => {
  await using server = await startServer();
  const page = {
    localAccounts: true,
    tabs: [],
    demoMembers: null,
    demoPassword: null,
    parentOrigins: [],
    heartbeatSeconds: 30,
    emailAvailable: false,
    emailContentAllowed: false,
    vapidPublicKey: null,
  };
  const app = createApp(server.chat, server.tokens, {
    publicUrl: server.url,
    allowedOrigins: [],
    localAccounts: true,
    heartbeatSeconds: 30,
    silenceSeconds: 120,
    guard: new SocketGuard(silentLog, 120),
    metrics: new Metrics(),
    status: new Status(server.chat),
    metricsToken: "a token for Prometheus alone",
    mailbox: new Mailbox(server.chat.clock),
    page: { folder: "dist", config: page, dev: false },
  });
  // Those for all methods are what every request passes through.
  const routes = app.routes.filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual([...new Set(routes)].sort(), Object.keys(calls).sort());
  assert.deepEqual(Object.keys(frames).sort(), Object.keys(clientFrames).sort());
});

for (const { name, open, ignore } of testDatabases) {
  Deno.test({
    name: `every call answers everyone as the table says (${name})`,
    ignore,
    async fn() {
      const world = await openWorld(await open());
      await using _ = world.server;
      const wrong = [];
      for (const [route, row] of Object.entries(calls)) {
        const cells = cellsOf(row.answers, actors);
        for (const [n, actor] of actors.entries()) {
          const { status, headers, text } = await ask(world, actor, requestOf(route, row, world));
          const isProblem = headers["content-type"] === "application/problem+json";
          const code = isProblem ? JSON.parse(text).code : undefined;
          const expected = Number(cells[n]);
          const expectedCode = isProblem ? codes[expected] : undefined;
          if (status !== expected || code !== expectedCode) {
            wrong.push(`${route} as ${actor}: ${status} instead of ${expected}, ${text}`);
          }
          if (status >= 400 && route.includes(" /api/")) assert.ok(isProblem, `${route}: ${text}`);
        }
      }
      assert.deepEqual(wrong, []);
    },
  });

  Deno.test({
    name: `every frame answers everyone as the table says, by socket and by POST (${name})`,
    ignore,
    async fn() {
      const world = await openWorld(await open());
      await using _ = world.server;
      const wrong = [];
      for (const [n, actor] of members.entries()) {
        const user = world.users[actor];
        const socket = await TestSocket.connect(world.server, user);
        for (const type of Object.keys(frames) as ClientFrameType[]) {
          const { answers, posted = answers } = frames[type];
          const expected = cellsOf(answers, members)[n];
          const bySocket = await answerOf(socket, frameOf(type, world, user), expected !== "-");
          if (bySocket !== expected) {
            wrong.push(`${type} as ${actor}: ${bySocket} instead of ${expected}`);
          }
          const { status, text } = await post(world, actor, frameOf(type, world, user));
          const byPost = status === 204 ? "-" : kindOf(JSON.parse(text));
          const expectedByPost = cellsOf(posted, members)[n];
          if (byPost !== expectedByPost) {
            wrong.push(`${type} by POST as ${actor}: ${byPost} instead of ${expectedByPost}`);
          }
        }
        await socket.close();
      }
      assert.deepEqual(wrong, []);
    },
  });
}

Deno.test("a frame is heard from nobody without a good token", async () => {
  const world = await openWorld(await testDatabases[0]!.open());
  await using _ = world.server;
  const before = await call(world.server, "GET", `/api/messages/${world.group}/messages`, {
    as: world.users.owner,
  });
  for (const token of [undefined, world.users.expired.token]) {
    for (const type of Object.keys(frames) as ClientFrameType[]) {
      const socket = TestSocket.open(world.server, token);
      socket.socket.onopen = () => socket.send(frameOf(type, world, world.users.owner));
      assert.equal((await socket.closed).code, 4401, type);
      assert.deepEqual(socket.frames, [], type);
      const actor = token === undefined ? "anonymous" : "expired";
      const answer = await post(world, actor, frameOf(type, world, world.users.owner));
      assert.equal(answer.status, 401, type);
    }
  }
  const after = await call(world.server, "GET", `/api/messages/${world.group}/messages`, {
    as: world.users.owner,
  });
  assert.deepEqual(after.body, before.body);
});

const kindOf = (answer: { type?: string; code?: string }) => answer.code ?? answer.type;

/** The type of a frame's answer or the code of its error; a dash if it has neither. */
async function answerOf(
  socket: TestSocket,
  frame: Parameters<TestSocket["send"]>[0],
  hasAnswer: boolean,
) {
  const id = crypto.randomUUID();
  const isIts = (one: ServerFrame) => "replyTo" in one && one.replyTo === id;
  socket.send({ ...frame, id });
  if (hasAnswer) await until(() => socket.frames.some(isIts));
  else {
    // Takes more of the database than any frame without an answer does.
    await socket.request({ type: "sync", heads: {} });
    await socket.request({ type: "sync", heads: {} });
  }
  const answer = socket.frames.find(isIts);
  return answer === undefined ? "-" : kindOf(answer);
}
