import assert from "node:assert/strict";
import type { ServerFrame } from "@/chat/protocol.ts";
import { sweep } from "@/chat/online.ts";
import { call, converse, TestSocket } from "../support/client.ts";
import { steadyClock } from "../support/clock.ts";
import { startServer, type TestServer, type TestUser } from "../support/server.ts";

/** A stream of server-sent events, read frame by frame. */
async function openEvents(server: TestServer, user: TestUser) {
  const response = await fetch(`${server.url}/api/messages/events`, {
    headers: { authorization: `Bearer ${user.token}` },
  });
  const reader = (response.body as ReadableStream<Uint8Array>)
    .pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return {
    response,
    /** The next frame of this type; undefined at the end of the stream. */
    async next(type: ServerFrame["type"]): Promise<ServerFrame | undefined> {
      while (true) {
        const end = text.indexOf("\n\n");
        if (end !== -1) {
          const event = text.slice(0, end);
          text = text.slice(end + 2);
          const frame = event.startsWith("data: ") && JSON.parse(event.slice("data: ".length));
          if (frame && frame.type === type) return frame;
          continue;
        }
        const { value, done } = await reader.read();
        if (done) return undefined;
        text += value;
      }
    },
    close: () => reader.cancel(),
  };
}

const post = (server: TestServer, as: TestUser, frame: Record<string, unknown>) =>
  call<ServerFrame>(server, "POST", "/api/messages/events", { as, body: frame });

Deno.test("without WebSocket the same frames come as events and go as posts", async () => {
  await using server = await startServer();
  const ana = await server.addUser("ana");
  const jonas = await server.addUser("jonas");
  const conversationId = await converse(server, ana, jonas);
  const events = await openEvents(server, jonas);
  assert.equal(events.response.headers.get("content-type"), "text/event-stream");
  const connected = await events.next("connected");
  assert.equal((connected as { user: { id: string } }).user.id, jonas.id);

  const socket = await TestSocket.connect(server, ana);
  const message = await socket.say(conversationId, "First line\nand a second");
  assert.deepEqual(await events.next("new_message"), { type: "new_message", message });

  const clientId = crypto.randomUUID();
  const sent = await post(server, jonas, {
    type: "send_message",
    id: "7",
    clientId,
    conversationId,
    content: "By post",
  });
  assert.equal(sent.status, 200);
  assert.equal(sent.body.type, "message_sent");
  assert.equal((sent.body as { replyTo?: string }).replyTo, "7");
  assert.equal((await socket.next("new_message")).message.clientId, clientId);

  const read = await post(server, jonas, { type: "mark_read", conversationId, seq: 1 });
  assert.equal(read.status, 204);
  assert.equal((await socket.next("message_read")).seq, 1);

  socket.send({ type: "typing_start", conversationId });
  assert.deepEqual(await events.next("user_typing"), {
    type: "user_typing",
    conversationId,
    userId: ana.id,
    isTyping: true,
  });

  const wrong = await post(server, jonas, { type: "mark_read", conversationId });
  assert.equal(wrong.status, 400);
  const unknown = await post(server, jonas, { type: "mark_everything" });
  assert.equal(unknown.status, 400);
  await events.close();
  await socket.close();
});

Deno.test("a stream counts as being online, and ends with its token", async () => {
  let now = Date.now();
  await using server = await startServer({ clock: steadyClock(() => now) });
  const ana = await server.addUser("ana");
  const jonas = await server.addUser("jonas");
  const socket = await TestSocket.connect(server, ana);
  await socket.say(await converse(server, ana, jonas), "Hello");
  const events = await openEvents(server, jonas);
  assert.equal((await socket.next("user_online")).userId, jonas.id);
  assert.ok(await events.next("connected"));
  now += 16 * 60_000;
  await sweep(server.chat);
  assert.equal(await events.next("notification"), undefined);
  assert.equal(server.chat.connections.size, 0);
});

Deno.test("a stream needs a token", async () => {
  await using server = await startServer();
  assert.equal((await call(server, "GET", "/api/messages/events")).status, 401);
});

Deno.test("a HEAD opens no stream", async () => {
  await using server = await startServer();
  const ana = await server.addUser("ana");
  const answer = await call(server, "HEAD", "/api/messages/events", { as: ana });
  assert.equal(answer.status, 400);
  assert.equal(server.chat.connections.size, 0);
});
