/**
 * The load program finds what it is there to find: here it writes to a server that does wrong.
 *
 * @module
 */
import assert from "node:assert/strict";
import { openPair } from "@/bench/load/member.ts";
import { percentile } from "@/bench/load/percentile.ts";
import { Tally } from "@/bench/load/tally.ts";

interface Sent {
  clientId: string;
  content: string;
  seq: number;
}

/** Tells a message to whoever wrote it, to the other one, or does something after the last one. */
interface Tell {
  sender(sent: Sent): void;
  peer(sent: Sent): void;
  atTheEnd(task: () => void): void;
}

type Handling = (sent: Sent, tell: Tell) => void;

const rightly: Handling = (sent, { sender, peer }) => {
  sender(sent);
  peer(sent);
};

const written = 5;

/** A member writes a few messages to another, by a server that handles the third one like this. */
async function load(third: Handling): Promise<ReturnType<Tally["result"]>> {
  let seq = 0;
  const sockets = new Map<string, WebSocket>();
  const atTheEnd: (() => void)[] = [];
  // A socket that answers a ping has heard all that was said before it.
  const settled = { one: Promise.withResolvers<void>(), other: Promise.withResolvers<void>() };
  const say = (to: WebSocket | undefined, frame: unknown) => to?.send(JSON.stringify(frame));
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const isOne = request.headers.get("sec-websocket-protocol")?.includes("bearer.one");
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "parley.v1" });
    const [name, peer] = isOne ? ["one", "other"] as const : ["other", "one"] as const;
    sockets.set(name, socket);
    socket.onopen = () => say(socket, { type: "connected" });
    socket.onmessage = ({ data }) => {
      const { type, clientId, content } = JSON.parse(data);
      if (type === "pong") return settled[name].resolve();
      if (type === "join_conversation") {
        return say(socket, { type: "conversation_history", messages: [] });
      }
      const handling = ++seq === 3 ? third : rightly;
      handling({ clientId, content, seq }, {
        sender: (message) => say(socket, { type: "message_sent", message }),
        peer: (message) => say(sockets.get(peer), { type: "new_message", message }),
        atTheEnd: (task) => atTheEnd.push(task),
      });
      if (seq < written) return;
      for (const task of atTheEnd) task();
      for (const one of sockets.values()) say(one, { type: "ping" });
    };
    return response;
  });
  const tally = new Tally();
  const members = openPair(
    {
      conversationId: "their own",
      members: [{ id: "1", token: "one" }, { id: "2", token: "other" }],
    },
    `http://127.0.0.1:${server.addr.port}`,
    { protocol: "parley", marks: false, tally },
  );
  await Promise.all(members.map((member) => member.opened));
  tally.open();
  for (let n = 0; n < written; n++) members[0].write(performance.now());
  await Promise.all([settled.one.promise, settled.other.promise]);
  tally.close();
  await Promise.all(members.map((member) => member.finish()));
  await server.shutdown();
  return tally.result();
}

Deno.test("a load finds no fault where all is well, and counts what came", async () => {
  const { faults, outOfOrder, acknowledged, perSecond } = await load(rightly);
  assert.deepEqual([faults, outOfOrder, acknowledged], [[], 0, written]);
  assert.ok(perSecond > 0);
});

const wrongs: [what: string, third: Handling, found: string[]][] = [
  ["never delivered", (sent, { sender }) => sender(sent), [
    "Acknowledged but never delivered",
    "No message came with seq 3",
  ]],
  ["never acknowledged", (sent, { peer }) => peer(sent), [
    "Never acknowledged",
    "No message came with seq 3",
  ]],
  ["acknowledged twice", (sent, { sender, peer }) => {
    sender(sent);
    peer(sent);
    sender(sent);
  }, ["Acknowledged twice"]],
  ["delivered twice", (sent, { sender, peer }) => {
    sender(sent);
    peer(sent);
    peer(sent);
  }, ["Delivered twice"]],
  ["delivered with another content", (sent, { sender, peer }) => {
    sender(sent);
    peer({ ...sent, content: `${sent.content}?` });
  }, ["Delivered with another content"]],
];

for (const [what, third, found] of wrongs) {
  Deno.test(`a load finds a message that was ${what}`, async () => {
    assert.deepEqual((await load(third)).faults, found);
  });
}

Deno.test("a load finds messages that came in another order than they were written", async () => {
  const { faults, outOfOrder } = await load((sent, { sender, peer, atTheEnd }) => {
    sender(sent);
    atTheEnd(() => peer(sent));
  });
  assert.deepEqual(faults, []);
  assert.ok(outOfOrder > 0);
});

Deno.test("percentile() gives the smallest value that so many do not exceed", () => {
  const values = Array.from({ length: 100 }, (_, n) => 100 - n);
  assert.deepEqual([0.5, 0.99, 1].map((share) => percentile(values, share)), [50, 99, 100]);
  assert.equal(percentile([], 0.99), 0);
});
