import assert from "node:assert/strict";
import { type Conversation, type Message, type Problem } from "@/chat/protocol.ts";
import { createLog } from "@/utils/log.ts";
import { call, converse, TestSocket } from "../support/client.ts";
import { hostileTexts, unstorableTexts } from "../fuzz/texts.ts";
import { RawHttp } from "../support/raw_http.ts";
import { startServer, testDatabases } from "../support/server.ts";

const conversations = "/api/messages/conversations";

/** A server that fails the test if it ever met an error of its own. */
async function openServer(open?: () => ReturnType<typeof testDatabases[number]["open"]>) {
  const errors: string[] = [];
  const log = createLog("error", "text", (line) => errors.push(line));
  const server = await startServer({ log, ...open && { database: await open() } });
  return { server, noErrors: () => assert.deepEqual(errors, []) };
}

const isSeveralLines = (text: string) => /[\p{Cc}\u2028\u2029]/u.test(text);

for (const { name, open, ignore } of testDatabases) {
  Deno.test({
    name: `a hostile text is kept as it is or refused, wherever it stands, on ${name}`,
    ignore,
    async fn(t) {
      const { server, noErrors } = await openServer(open);
      await using _ = server;
      const [ana, jonas] = [await server.addUser("ana"), await server.addUser("jonas")];
      const conversationId = await converse(server, ana, jonas);
      const [writer, reader] = [
        await TestSocket.connect(server, ana),
        await TestSocket.connect(server, jonas),
      ];
      for (const [what, text] of Object.entries(hostileTexts)) {
        await t.step(what, async () => {
          const sent = await writer.say(conversationId, text);
          const heard = await reader.next("new_message", ({ message }) => message.id === sent.id);
          assert.equal(heard.message.content, text);
          const { body } = await call<{ messages: Message[] }>(
            server,
            "GET",
            `/api/messages/${conversationId}/messages?limit=1`,
            { as: jonas },
          );
          assert.equal(body.messages[0]?.content, text);

          const title = text.trim().slice(0, 60).toWellFormed().trim() || "x";
          const subject = { id: title, title, url: null, imageUrl: null };
          const given = { title, context: title, subject };
          const made = await call<Conversation>(server, "POST", conversations, {
            as: ana,
            body: { participantIds: [jonas.id], kind: "group", ...given },
          });
          // Whatever has a name or a title has one line of it.
          if (isSeveralLines(title)) {
            assert.equal(made.status, 400);
            const paths = (made.body as unknown as Problem).errors?.map(({ path }) => path);
            assert.deepEqual(paths, ["title", "context", "subject.id", "subject.title"]);
          } else {
            assert.equal(made.status, 201, JSON.stringify(made.body));
            const { title, context, subject } = made.body;
            assert.deepEqual({ title, context, subject }, given);
          }

          const query = encodeURIComponent(text.trim().slice(0, 60).toWellFormed());
          for (const path of [`/api/users?query=${query}`, `${conversations}?query=${query}`]) {
            assert.equal((await call(server, "GET", path, { as: ana })).status, 200, path);
          }
        });
      }
      for (const [what, text] of Object.entries(unstorableTexts)) {
        await t.step(what, async () => {
          const clientId = crypto.randomUUID();
          const answer = await writer.request({
            type: "send_message",
            clientId,
            conversationId,
            content: text,
          });
          assert.ok(answer.type === "error");
          assert.deepEqual([answer.code, answer.errors?.[0]?.path], ["invalid_input", "content"]);
          const { status, body } = await call<Problem>(server, "POST", conversations, {
            as: ana,
            body: { participantIds: [jonas.id], subject: { title: text } },
          });
          assert.deepEqual([status, body.errors?.[0]?.path], [400, "subject.title"]);
        });
      }
      for (const encoded of ["%00", "a%00b"]) {
        const { status } = await call(server, "GET", `/api/users?query=${encoded}`, { as: ana });
        assert.equal(status, 400, encoded);
      }
      await Promise.all([writer.close(), reader.close()]);
      noErrors();
    },
  });
}

Deno.test("JSON that means harm is refused by a path, or means nothing", async () => {
  const { server, noErrors } = await openServer();
  await using _ = server;
  const [ana, jonas] = [await server.addUser("ana"), await server.addUser("jonas")];
  const conversationId = await converse(server, ana, jonas);
  const socket = await TestSocket.connect(server, ana);
  await socket.say(conversationId, "one");
  const mark = (seq: string) =>
    `{"type":"mark_read","conversationId":"${conversationId}","seq":${seq}}`;
  const send = (rest: string) =>
    `{"type":"send_message","clientId":"${crypto.randomUUID()}",` +
    `"conversationId":"${conversationId}",${rest}}`;
  const refused: [frame: string, path: string | undefined][] = [
    [mark("1e400"), "seq"],
    [mark("-1e400"), "seq"],
    [mark("9007199254740993"), "seq"],
    [mark("-1"), "seq"],
    [mark("1.5"), "seq"],
    [mark('"1"'), "seq"],
    [mark('"NaN"'), "seq"],
    [mark("[1]"), "seq"],
    [mark("{}"), "seq"],
    [mark("null"), "seq"],
    [mark("NaN"), ""],
    [mark("1n"), ""],
    [send('"content":["a"]'), "content"],
    [send('"content":{"toString":"x"}'), "content"],
    [send('"content":"a","attachmentIds":{"0":"x"}'), "attachmentIds"],
    [send('"content":"a","content":7'), "content"],
    ['{"type":"__proto__"}', "type"],
    ['{"type":"toString"}', "type"],
    ['{"type":["ping"]}', "type"],
    ['{"__proto__":{"type":"ping"}}', "type"],
    ['{"type":"sync","heads":["x"]}', "heads.0"],
    [`{"type":"typing_start","conversationId":"{${conversationId}}"}`, "conversationId"],
    [`{"type":"typing_start","conversationId":" ${conversationId}"}`, "conversationId"],
    [
      `{"type":"typing_start","conversationId":"${conversationId.replaceAll("-", "")}"}`,
      "conversationId",
    ],
    ["[".repeat(60_000), ""],
    [`${"[".repeat(30_000)}${"]".repeat(30_000)}`, undefined],
    [`${'{"a":'.repeat(8_000)}1${"}".repeat(8_000)}`, "type"],
    ['\u{feff}{"type":"ping"}', ""],
    ['{"type":"ping"}{"type":"ping"}', ""],
    ["'{'type':'ping'}'", ""],
  ];
  for (const [frame, path] of refused) {
    socket.socket.send(frame);
    const error = await socket.next("error");
    assert.equal(error.code, "invalid_input", frame.slice(0, 200));
    assert.equal(error.errors?.[0]?.path, path, frame.slice(0, 200));
  }
  // Deep, but of no meaning: what is not known is not looked at.
  socket.socket.send(`{"type":"ping","x":${"[".repeat(30_000)}${"]".repeat(30_000)}}`);
  await socket.next("pong");
  // A prototype's name is no id, and is passed over.
  socket.socket.send('{"type":"sync","heads":{"__proto__":{"rev":1,"marksRev":1}}}');
  await socket.next("sync_result");
  // An id in another case is the same id; of a key that comes twice the last counts.
  const upper = await socket.request({
    type: "join_conversation",
    conversationId: conversationId.toUpperCase(),
  });
  assert.equal(upper.type, "conversation_history");
  socket.socket.send(send('"content":"a","content":"b"'));
  await socket.next("message_sent", ({ message }) => message.content === "b");
  socket.socket.send(mark("-0"));
  socket.socket.send(mark("9007199254740991"));
  await socket.settled();
  assert.ok(!("polluted" in {}));
  await socket.close();
  noErrors();
});

Deno.test("requests that no client would make are answered, and never by a failure", async () => {
  const { server, noErrors } = await openServer();
  await using _ = server;
  const ana = await server.addUser("ana");
  const auth = `Authorization: Bearer ${ana.token}\r\n`;
  const json = "Content-Type: application/json\r\n";
  const post = `POST /api/messages/sync HTTP/1.1\r\nHost: x\r\n${auth}`;
  const get = (path: string, headers = "") =>
    `GET ${path} HTTP/1.1\r\nHost: x\r\n${auth}${headers}\r\n`;
  const body = '{"heads":{}}';
  const requests: [what: string, text: string, status: RegExp][] = [
    ["broken percents in a path", get("/api/users/%zz"), /400/],
    ["bytes that are no UTF-8 in a path", get("/api/users/%ff%fe"), /400/],
    ["a NUL in a path", get("/api/users/%00"), /400/],
    ["a slash in an id", get("/api/users/..%2f..%2fauth%2fme"), /400/],
    ["broken percents in a query", get("/api/users?query=%zz%"), /200/],
    ["bytes that are no UTF-8 in a query", get("/api/users?query=%ff%fe"), /200/],
    ["a parameter twice", get(`${conversations}?limit=1&limit=x`), /200/],
    ["a parameter as a list", get(`${conversations}?limit[]=1`), /200/],
    ["a wrong limit", get(`${conversations}?limit=1e2`), /400/],
    ["a prototype's name as a parameter", get("/api/users?__proto__=x&constructor=y"), /200/],
    ["a cursor of another make", get(`${conversations}?cursor=${btoa("[1,2]")}`), /400/],
    ["a cursor of garbage", get(`${conversations}?cursor=%00%ff`), /400/],
    ["a page's path of broken percents", get("/u/%zz"), /200|404/],
    ["a file outside", get("/assets/..%2f..%2fmain.ts"), /404/],
    ["two dots", get("/assets/../../main.ts"), /404/],
    ["an absolute address", get("http://elsewhere.example/api/health"), /200|400/],
    ["a path of no slash", get("*"), /400|404/],
    ["an unknown method", "FROB /api/health HTTP/1.1\r\nHost: x\r\n\r\n", /404|400/],
    ["no host", "GET /api/health HTTP/1.1\r\n\r\n", /200|400/],
    ["no HTTP", "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", /400|^$/],
    [
      "many headers",
      get("/api/health", Array.from({ length: 5_000 }, (_, n) => `X-${n}: y\r\n`).join("")),
      /400|431|^$/,
    ],
    ["a large header", get("/api/health", `X: ${"y".repeat(1_000_000)}\r\n`), /400|431|^$/],
    ["a header of bytes", get("/api/auth/me", "X-Forwarded-For: \xff\xfe\r\n"), /200|400/],
    ["a language of garbage", get("/api/auth/me", "Accept-Language: \x80;;;,,=\r\n"), /200|400/],
    ["two lengths", `${post}${json}Content-Length: 12\r\nContent-Length: 5\r\n\r\n${body}`, /400/],
    [
      "a length and chunks",
      `${post}${json}Content-Length: 12\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      /400/,
    ],
    ["a length of minus one", `${post}${json}Content-Length: -1\r\n\r\n`, /400/],
    ["a length beyond all", `${post}${json}Content-Length: 99999999999\r\n\r\n{`, /413/],
    ["a length of no number", `${post}${json}Content-Length: 0x10\r\n\r\n`, /400/],
    ["a BOM", `${post}${json}Content-Length: 15\r\n\r\n\u{feff}${body}`, /200/],
    ["no content type", `${post}Content-Length: 12\r\n\r\n${body}`, /400/],
    [
      "a compressed body",
      `${post}${json}Content-Encoding: gzip\r\nContent-Length: 12\r\n\r\n\x1f\x8b\x08\0\0\0\0\0`,
      /400/,
    ],
  ];
  for (const [what, text, status] of requests) {
    const raw = await RawHttp.open(server, text);
    // What says that there is more, and then ends, is over.
    if (/compressed/.test(what)) await raw.connection.closeWrite();
    const answer = await raw.answer();
    assert.match(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? "", status, `${what}: ${answer}`);
    raw.close();
  }
  noErrors();
});

Deno.test("a text frame that is no UTF-8 ends its socket and no other", async () => {
  const { server, noErrors } = await openServer();
  await using _ = server;
  const ana = await server.addUser("ana");
  const witness = await TestSocket.connect(server, ana);
  for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80]]) {
    const raw = await RawHttp.open(
      server,
      "GET /api/messages/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n" +
        `Sec-WebSocket-Protocol: parley.v1, bearer.${ana.token}\r\n\r\n`,
    );
    await raw.write(new Uint8Array([0x81, 0x80 | bytes.length, 0, 0, 0, 0, ...bytes]));
    const chunk = new Uint8Array(4_096);
    while (await raw.connection.read(chunk).catch(() => null) !== null);
    raw.close();
  }
  await witness.settled();
  await witness.close();
  noErrors();
});
