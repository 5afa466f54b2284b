import assert from "node:assert/strict";
import { createLog, type LogLevel } from "@/utils/log.ts";
import { call, converse, TestSocket } from "../support/client.ts";
import { startServer } from "../support/server.ts";
import { until } from "../support/until.ts";

type Line = Record<string, string | number>;

/** A server whose log is kept, as objects. */
async function startLogged(level: LogLevel) {
  const lines: Line[] = [];
  const log = createLog(level, "json", (line) => lines.push(JSON.parse(line)));
  const server = await startServer({ log });
  /** The lines of this message so far, without what is another one each time. */
  const said = (message: string) =>
    lines.filter((line) => line.message === message)
      .map(({ time: _, message: __, ms, seconds, ...rest }) => {
        assert.ok(Number(ms ?? seconds) >= 0);
        return rest;
      });
  return { server, lines, said, [Symbol.asyncDispose]: () => server.close() };
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

Deno.test("each request is one line: method, route, status, member and request, and nothing said", async () => {
  await using logged = await startLogged("info");
  const { server, said } = logged;
  const ana = await server.addUser("ana");
  const ben = await server.addUser("ben");
  const conversationId = await converse(server, ana, ben);
  const requestId = "from-the-proxy-1";
  await call(server, "GET", `/api/messages/${conversationId}/messages?limit=1&token=${ana.token}`, {
    as: ana,
    headers: { "x-request-id": requestId },
  });
  await call(server, "GET", `/api/messages/${conversationId}/messages`);
  await call(server, "GET", `/api/none/${ana.token}`, {
    headers: { "x-request-id": `${ana.token}\\n forged` },
  });
  // Asked for again and again, or along with a page.
  for (const path of ["/api/health", "/api/ready", "/favicon.svg", "/docs/swagger-ui.css"]) {
    await call(server, "GET", path);
  }
  const requests = said("Request");
  const [, , , unknown] = requests;
  assert.match(String(unknown?.requestId), uuid);
  const route = "/api/messages/:conversationId/messages";
  const common = { level: "info", method: "GET" };
  assert.deepEqual(requests.map(({ requestId: _, ...rest }) => rest), [
    {
      ...common,
      method: "POST",
      route: "/api/messages/conversations",
      status: 201,
      userId: ana.id,
    },
    { ...common, route, status: 200, userId: ana.id },
    { ...common, route, status: 401 },
    { ...common, route: "other", status: 404 },
  ]);
  assert.equal(requests[1]?.requestId, requestId);
  assert.ok(!JSON.stringify(logged.lines).includes(ana.token));
  assert.ok(!JSON.stringify(logged.lines).includes(conversationId));
});

Deno.test("at debug, what is asked for again and again is logged as well", async () => {
  await using logged = await startLogged("debug");
  await call(logged.server, "GET", "/api/health");
  await call(logged.server, "GET", "/assets/none.js");
  assert.deepEqual(
    logged.said("Request").map(({ level, route, status }) => [level, route, status]),
    [["debug", "/api/health", 200], ["debug", "/assets/:file", 404]],
  );
});

Deno.test("each socket and stream is one line when it ends, with its whole life", async () => {
  await using logged = await startLogged("info");
  const { server, said } = logged;
  const ana = await server.addUser("ana");
  const ben = await server.addUser("ben");
  const conversationId = await converse(server, ana, ben);
  const socket = TestSocket.open(server, ana.token, { inUrl: true });
  const { connectionId } = await socket.next("connected");
  await socket.say(conversationId, "Words of Ana");
  await socket.settled();
  socket.socket.close(1000);
  await socket.closed;
  await until(() => said("Connection ended").length === 1);

  const refused = TestSocket.open(server, `${ana.token}x`);
  assert.equal((await refused.closed).code, 4401);
  await until(() => said("Connection ended").length === 2);

  const stream = await fetch(`${server.url}/api/messages/events`, {
    headers: { authorization: `Bearer ${ben.token}` },
  });
  await stream.body?.cancel();
  await until(() => said("Connection ended").length === 3);

  const kept = await TestSocket.connect(server, ben);
  await server.chat.connections.closeAll(1012, "The server restarts");
  await kept.closed;
  await until(() => said("Connection ended").length === 4);

  const [ended, denied, streamed, restarted] = said("Connection ended");
  const requests = said("Request").filter(({ status }) => status === 101);
  assert.deepEqual(ended, {
    level: "info",
    transport: "websocket",
    connectionId,
    userId: ana.id,
    framesIn: 2,
    framesOut: 3,
    code: 1000,
    requestId: requests[0]?.requestId,
  });
  assert.deepEqual(denied, {
    level: "info",
    transport: "websocket",
    framesIn: 0,
    framesOut: 0,
    code: 4401,
    requestId: requests[1]?.requestId,
  });
  assert.deepEqual(
    [streamed?.transport, streamed?.userId, streamed?.framesOut, streamed?.code],
    ["events", ben.id, 1, 1001],
  );
  assert.deepEqual([restarted?.userId, restarted?.code], [ben.id, 1012]);
  for (const secret of [ana.token, ben.token, "Words"]) {
    assert.ok(!JSON.stringify(logged.lines).includes(secret));
  }
});
