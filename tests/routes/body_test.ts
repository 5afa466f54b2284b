import assert from "node:assert/strict";
import { toChatError } from "@/chat/errors.ts";
import { readBody } from "@/routes/body.ts";
import { problemResponse } from "@/routes/errors.ts";
import { createLog } from "@/utils/log.ts";
import { Hono } from "hono";
import { call, converse } from "../support/client.ts";
import { RawHttp } from "../support/raw_http.ts";
import { startServer } from "../support/server.ts";

Deno.test("a body that does not come, or not soon enough, is not waited for", async () => {
  const app = new Hono();
  const errors: string[] = [];
  const log = createLog("error", "text", (line) => errors.push(line));
  app.onError((error, c) => problemResponse(c, toChatError(error, log)));
  app.post("/", async (c) => c.text(`${(await readBody(c, 1_000, 300)).length}`));
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, app.fetch);
  const at = { url: `http://127.0.0.1:${server.addr.port}` };

  const heads = ["Content-Length: 900", "Transfer-Encoding: chunked"];
  for (const head of heads) {
    for (const drips of [false, true]) {
      const raw = await RawHttp.open(at, `POST / HTTP/1.1\r\nHost: x\r\n${head}\r\n\r\n`);
      // One byte now and then, in either way of saying how much there is.
      const byte = head.includes("chunked") ? "1\r\n{\r\n" : "{";
      const timer = drips ? setInterval(() => raw.write(byte).catch(() => {}), 20) : undefined;
      const answer = await raw.answer();
      clearInterval(timer);
      assert.match(answer, /^HTTP\/1.1 503 [^]*"code":"unavailable"/, head);
      raw.close();
    }
  }
  // What breaks off is no failure of ours: it is refused, or hung up on.
  for (
    const rest of [
      "Content-Length: 400\r\n\r\n{",
      "Transfer-Encoding: chunked\r\n\r\n5\r\n{",
      "Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n",
    ]
  ) {
    const raw = await RawHttp.open(at, `POST / HTTP/1.1\r\nHost: x\r\n${rest}`);
    await raw.connection.closeWrite();
    assert.match(await raw.answer(), /^$|^HTTP\/1.1 (400|503) /, rest);
    raw.close();
  }
  const soon = await RawHttp.open(at, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na");
  await soon.write("bc");
  assert.match(await soon.answer(), /^HTTP\/1.1 200 [^]*3$/);
  soon.close();
  assert.deepEqual(errors, []);
});

Deno.test("what is no UTF-8 is refused, and never mended into something else", async () => {
  await using server = await startServer();
  const [ana, jonas] = [await server.addUser("ana"), await server.addUser("jonas")];
  const conversationId = await converse(server, ana, jonas);
  const before =
    `{"clientId":"${crypto.randomUUID()}","conversationId":"${conversationId}","content":"`;
  const encode = (text: string) => new TextEncoder().encode(text);
  const broken = [[0xff], [0xc3], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xc0, 0xaf], [0xf8, 0x88]];
  const send = (middle: number[]) =>
    fetch(new URL("/api/messages/send", server.url), {
      method: "POST",
      headers: { authorization: `Bearer ${ana.token}`, "content-type": "application/json" },
      body: new Uint8Array([...encode(before), ...middle, ...encode('"}')]),
    });
  for (const bytes of broken) {
    const response = await send(bytes);
    assert.deepEqual([response.status, (await response.json()).detail], [400, "Expected UTF-8"]);
  }
  const fine = await send([0xe2, 0x82, 0xac]);
  assert.equal((await fine.json()).message.content, "€");
  const { body } = await call(server, "GET", `/api/messages/${conversationId}/messages`, {
    as: ana,
  });
  assert.equal((body.messages as unknown[]).length, 1);
});
