import assert from "node:assert/strict";
import { closeCodes, limits } from "@/chat/protocol.ts";
import { sweep } from "@/chat/online.ts";
import { call, converse, TestSocket } from "../support/client.ts";
import { SetClock } from "../support/clock.ts";
import { startServer } from "../support/server.ts";

Deno.test("a socket opens with the token as a subprotocol or in the address", async () => {
  await using server = await startServer();
  const ana = await server.addUser("ana");
  for (const inUrl of [false, true]) {
    const socket = TestSocket.open(server, ana.token, { inUrl });
    const connected = await socket.next("connected");
    assert.equal(connected.user.id, ana.id);
    assert.equal(connected.heartbeatSeconds, 30);
    assert.deepEqual(connected.limits, { contentLength: 8_000, frameBytes: 65_536 });
    // The token that was offered as a protocol is never reflected.
    assert.equal(socket.socket.protocol, inUrl ? "" : "parley.v1");
    await socket.close();
  }
});

Deno.test("a socket without a good token is told to get one", async () => {
  await using server = await startServer();
  for (const token of [undefined, "nonsense", `${(await server.addUser("ana")).token}x`]) {
    const socket = TestSocket.open(server, token);
    assert.equal((await socket.closed).code, closeCodes.token);
    assert.deepEqual(socket.frames, []);
  }
});

Deno.test("a socket ends with its token unless it is renewed, by the same member", async () => {
  const clock = new SetClock(Date.parse("2026-06-01T12:00:00Z"));
  await using server = await startServer({ clock });
  const ana = await server.addUser("ana");
  const eve = await server.addUser("eve");
  const kept = await TestSocket.connect(server, ana);
  const left = await TestSocket.connect(server, ana);
  clock.pass(60_000);

  const { token, expiresAt } = await server.tokens.sign(ana.id);
  assert.deepEqual(await kept.request({ type: "auth", token }), {
    type: "authenticated",
    expiresAt: new Date(expiresAt).toISOString(),
    replyTo: "r1",
  });
  const foreign = await kept.request({ type: "auth", token: eve.token });
  assert.equal((foreign as { code: string }).code, "forbidden");
  const bad = await kept.request({ type: "auth", token: "nonsense" });
  assert.equal((bad as { code: string }).code, "unauthenticated");

  clock.pass(14 * 60_000);
  // A ping, so that it is not for silence that one ends.
  for (const socket of [kept, left]) await socket.settled();
  await sweep(server.chat);
  assert.equal((await left.closed).code, closeCodes.token);
  await kept.settled();
  await kept.close();
});

Deno.test("a socket that is silent too long is closed, one that pings is not", async () => {
  const clock = new SetClock(Date.parse("2026-06-01T12:00:00Z"));
  await using server = await startServer({ clock });
  const ana = await server.addUser("ana");
  const silent = await TestSocket.connect(server, ana);
  const pinging = await TestSocket.connect(server, ana);
  clock.pass(100_000);
  assert.deepEqual(await pinging.request({ type: "ping" }), { type: "pong", replyTo: "r1" });
  clock.pass(30_000);
  await sweep(server.chat);
  assert.equal((await silent.closed).code, closeCodes.silent);
  await pinging.settled();
  await pinging.close();
});

Deno.test("bad frames are answered with what was wrong, and the socket lives on", async () => {
  await using server = await startServer();
  const socket = await TestSocket.connect(server, await server.addUser("ana"));
  const bad: [text: string, path: string | undefined][] = [
    ["not json", ""],
    ["[]", undefined],
    ["null", undefined],
    ["{}", "type"],
    ['{"type":"constructor"}', "type"],
    ['{"type":"__proto__"}', "type"],
    ['{"type":"mark_read","conversationId":"x","seq":1}', "conversationId"],
    [`{"type":"mark_read","conversationId":"${crypto.randomUUID()}"}`, "seq"],
    ['{"type":"sync","heads":{"x":{"rev":1,"marksRev":0}}}', "heads.x"],
  ];
  for (const [text, path] of bad) {
    socket.socket.send(text);
    const error = await socket.next("error");
    assert.equal(error.code, "invalid_input", text);
    assert.equal(error.errors?.[0]?.path, path, text);
  }
  socket.socket.send('{"type":"sync","id":"my-7"}');
  assert.equal((await socket.next("error")).replyTo, "my-7");
  await socket.settled();
  await socket.close();
});

Deno.test("a frame that is too big, or binary, ends its socket and no other", async () => {
  await using server = await startServer();
  const ana = await server.addUser("ana");
  const witness = await TestSocket.connect(server, ana);
  const big = await TestSocket.connect(server, ana);
  big.socket.send("ü".repeat(limits.frameBytes / 2 + 1));
  assert.equal((await big.closed).code, closeCodes.tooBig);
  const binary = await TestSocket.connect(server, ana);
  binary.socket.send(new Uint8Array(3));
  assert.equal((await binary.closed).code, closeCodes.policy);
  await witness.settled();
  await witness.close();
});

Deno.test("too many frames end the socket until later", async () => {
  await using server = await startServer({ env: { RATE_LIMIT_SCALE: "0.1" } });
  const socket = await TestSocket.connect(server, await server.addUser("ana"));
  for (let n = 0; n < 40; n++) socket.send({ type: "ping" });
  assert.equal((await socket.closed).code, closeCodes.tooMany);
});

Deno.test("a reader that does not read is closed, while others go on", async () => {
  await using server = await startServer();
  const ana = await server.addUser("ana");
  const jonas = await server.addUser("jonas");
  const conversationId = await converse(server, ana, jonas);
  const writer = await TestSocket.connect(server, ana);
  const stalled = await openStalled(server.url, jonas.token);
  const before = server.chat.connections.size;
  const text = "x".repeat(limits.contentLength);
  // The kernel's buffers take some megabytes before ours begin to fill.
  for (let n = 0; n < 4_000 && server.chat.connections.has(jonas.id); n += 50) {
    await Promise.all(Array.from({ length: 50 }, () => writer.say(conversationId, text)));
  }
  assert.ok(!server.chat.connections.has(jonas.id));
  assert.equal(server.chat.connections.size, before - 1);
  await writer.say(conversationId, "Still here");
  stalled.close();
  await writer.close();
});

/** A socket whose handshake is done by hand, and from which nothing is ever read again. */
async function openStalled(url: string, token: string): Promise<Deno.TcpConn> {
  const { hostname, port } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const key = btoa("0123456789abcdef");
  await connection.write(new TextEncoder().encode(
    `GET /api/messages/ws HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\n` +
      `Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n` +
      `Sec-WebSocket-Protocol: parley.v1, bearer.${token}\r\n\r\n`,
  ));
  let head = "";
  const chunk = new Uint8Array(4_096);
  while (!head.includes('"connected"')) {
    const length = await connection.read(chunk);
    if (length === null) throw new Error(`Cannot open a socket: ${head}`);
    head += new TextDecoder().decode(chunk.subarray(0, length));
  }
  return connection;
}

Deno.test("joined sockets hear who types; others do not", async () => {
  await using server = await startServer();
  const ana = await server.addUser("ana");
  const jonas = await server.addUser("jonas");
  const conversationId = await converse(server, ana, jonas);
  const typist = await TestSocket.connect(server, ana);
  const joined = await TestSocket.connect(server, jonas);
  const elsewhere = await TestSocket.connect(server, jonas);
  await typist.say(conversationId, "one");
  const history = await joined.request({ type: "join_conversation", conversationId, limit: 5 });
  assert.equal(history.type, "conversation_history");

  for (const isTyping of [true, false]) {
    typist.send({ type: isTyping ? "typing_start" : "typing_stop", conversationId });
    assert.deepEqual(await joined.next("user_typing"), {
      type: "user_typing",
      conversationId,
      userId: ana.id,
      isTyping,
    });
  }
  joined.send({ type: "leave_conversation", conversationId });
  await joined.settled();
  typist.send({ type: "typing_start", conversationId });
  // What is told after it, to the same member, shows that it has been told to whom it was for.
  await typist.say(conversationId, "two");
  for (const socket of [joined, elsewhere]) {
    await socket.next("new_message", ({ message }) => message.content === "two");
  }
  assert.equal(joined.frames.filter((frame) => frame.type === "user_typing").length, 2);
  for (const socket of [typist, elsewhere]) {
    assert.ok(!socket.frames.some((frame) => frame.type === "user_typing"));
  }
  await Promise.all([typist, joined, elsewhere].map((socket) => socket.close()));
});

Deno.test("a token made to be quoted in an error harms nobody but its socket", async () => {
  await using server = await startServer();
  const witness = await TestSocket.connect(server, await server.addUser("ana"));
  const part = (value: unknown) =>
    btoa(JSON.stringify(value)).replace(/[+/=]/g, (char) => ({ "+": "-", "/": "_" })[char] ?? "");
  const header = { alg: "HS256", typ: "at+jwt", crit: ["x".repeat(300)] };
  const token = `${part(header)}.${part({ iss: "parley", sub: "x", exp: 9e9 })}.AAAA`;
  const socket = TestSocket.open(server, token);
  const { code, reason } = await socket.closed;
  assert.deepEqual([code, reason], [closeCodes.token, "The token was refused"]);
  await witness.settled();
  await witness.close();
});

Deno.test("who sends hears in order too: no frame arrives ahead of a gap", async () => {
  await using server = await startServer();
  const [ana, jonas] = [await server.addUser("ana"), await server.addUser("jonas")];
  const conversationId = await converse(server, ana, jonas);
  const sockets = [
    await TestSocket.connect(server, ana),
    await TestSocket.connect(server, jonas),
  ];
  await Promise.all(
    Array.from({ length: 100 }, (_, n) => sockets[n % 2]!.say(conversationId, `${n}`)),
  );
  for (const socket of sockets) {
    for (let n = 0; n < 50; n++) await socket.next("new_message");
    const revs = socket.frames.flatMap((frame) =>
      frame.type === "new_message" || frame.type === "message_sent" ? [frame.message.rev] : []
    );
    assert.deepEqual(revs, Array.from({ length: 100 }, (_, n) => n + 1));
    await socket.close();
  }
});

Deno.test("what is no handshake is refused as such", async () => {
  await using server = await startServer();
  const answer = await call(server, "GET", "/api/messages/ws");
  assert.deepEqual([answer.status, answer.body.code], [400, "invalid_input"]);
});

Deno.test("a member's connections have a bound", async () => {
  await using server = await startServer();
  const ana = await server.addUser("ana");
  const sockets = await Promise.all(
    Array.from({ length: 50 }, () => TestSocket.connect(server, ana)),
  );
  assert.equal((await TestSocket.open(server, ana.token).closed).code, closeCodes.tooMany);
  const events = await call(server, "GET", "/api/messages/events", { as: ana });
  assert.equal(events.status, 429);
  await sockets.pop()!.close();
  sockets.push(await TestSocket.connect(server, ana));
  await Promise.all(sockets.map((socket) => socket.close()));
});
