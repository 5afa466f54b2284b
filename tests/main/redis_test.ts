/**
 * Two instances that hear each other over Redis: at work, and while it is away, stalls or comes back
 * empty.
 *
 * @module
 */
import assert from "node:assert/strict";
import { openPostgres } from "@/db/database.ts";
import { migrate } from "@/db/migrate.ts";
import { createLog } from "@/utils/log.ts";
import { openRedis, type Redis } from "@/utils/redis.ts";
import { startBalancer } from "../support/balancer.ts";
import { call, converse, TestSocket } from "../support/client.ts";
import { createTestDatabase, testPostgresUrl } from "../support/postgres.ts";
import { addressOf, hasRedis, type RedisServer, startRedis } from "../support/redis.ts";
import { silentLog, startServer, type TestServer, type TestUser } from "../support/server.ts";
import { history } from "../support/crowd.ts";
import { until } from "../support/until.ts";

interface Scene {
  redis: RedisServer;
  databaseUrl: string;
  servers: [TestServer, TestServer];
  /** What both have logged. */
  lines: string[];
  ana: TestUser;
  ben: TestUser;
  conversationId: string;
}

/** Two members, and two instances on one Postgres and one Redis. */
function scene(
  name: string,
  prepare: (redis: RedisServer) => Promise<void>,
  run: (scene: Scene) => Promise<void>,
): void {
  Deno.test({
    name,
    ignore: testPostgresUrl === undefined || !hasRedis,
    async fn() {
      await using redis = await startRedis();
      await prepare(redis);
      const databaseUrl = await createTestDatabase(testPostgresUrl as string);
      const lines: string[] = [];
      const log = createLog("info", "json", (line) => lines.push(line));
      const start = async () => {
        const database = await openPostgres(databaseUrl);
        await migrate(database.db);
        const env = { DATABASE_URL: databaseUrl, REDIS_URL: redis.url };
        return await startServer({ database, env, log });
      };
      await using first = await start();
      await using second = await start();
      const [ana, ben] = [await first.addUser("ana"), await first.addUser("ben")];
      const conversationId = await converse(first, ana, ben);
      const servers: [TestServer, TestServer] = [first, second];
      await run({ redis, databaseUrl, servers, lines, ana, ben, conversationId });
    },
  });
}

const nothing = () => Promise.resolve();
const count = (lines: string[], text: string) => lines.filter((line) => line.includes(text)).length;

scene(
  "members on two instances hear each other over Redis, and Postgres carries no word of it",
  nothing,
  async ({ servers: [first, second], databaseUrl, ana, ben, conversationId }) => {
    const listener = await openPostgres(databaseUrl);
    const notified: string[] = [];
    const unlisten = await listener.listen("parley", (payload) => notified.push(payload));
    const here = await TestSocket.connect(first, ana);
    await here.say(conversationId, "Are you there?");
    const there = await TestSocket.connect(second, ben);
    assert.equal((await here.next("user_online")).userId, ben.id);

    const sent = await here.say(conversationId, "ü".repeat(8_000));
    const heard = await there.next("new_message", ({ message }) => message.seq === 2);
    assert.deepEqual(heard.message, sent);
    there.send({ type: "mark_read", conversationId, seq: 2 });
    assert.equal((await here.next("message_read")).userId, ben.id);
    await here.request({ type: "join_conversation", conversationId, limit: 0 });
    there.send({ type: "typing_start", conversationId });
    assert.equal((await here.next("user_typing")).userId, ben.id);

    // Another device, on the other instance, the last of which goes while the first one stays.
    const device = await TestSocket.connect(second, ana);
    const next = await here.say(conversationId, "To my other device too");
    assert.deepEqual((await device.next("new_message")).message, next);
    await device.close();
    await there.close();
    assert.equal((await here.next("user_offline")).userId, ben.id);
    await here.close();
    await unlisten();
    await listener.close();
    assert.deepEqual(notified, []);
  },
);

scene(
  "while Redis is away messages are stored and told here, and whoever missed some is told to sync",
  nothing,
  async ({ redis, servers: [first, second], lines, ana, ben, conversationId }) => {
    const here = await TestSocket.connect(first, ana);
    const beside = await TestSocket.connect(first, ben);
    const there = await TestSocket.connect(second, ben);
    await here.say(conversationId, "Before");
    await there.next("new_message");

    await redis.halt();
    await until(() => count(lines, "Redis is away") === 2);
    for (let n = 0; n < 50; n++) await here.say(conversationId, `Away ${n}`);
    await beside.next("new_message", ({ message }) => message.content === "Away 49");
    const late = await TestSocket.connect(second, ben);
    for (const server of [first, second]) {
      assert.equal((await call(server, "GET", "/api/ready")).status, 200);
    }
    assert.equal(count(lines, "Redis is away"), 2);
    assert.equal(count(lines, "were not told"), 1);

    await redis.resume();
    await until(() => count(lines, "Redis is back") === 2);
    for (const socket of [here, there, late]) await socket.next("sync_needed");
    const heads = { [conversationId]: { rev: 1, marksRev: 0 } };
    const answer = await there.request({ type: "sync", heads });
    assert.ok(answer.type === "sync_result");
    assert.deepEqual(
      answer.conversations[0]?.messages.map(({ content }) => content),
      Array.from({ length: 50 }, (_, n) => `Away ${n}`),
    );
    assert.deepEqual(answer.online, [ana.id]);

    // From now on all is as before.
    const after = await here.say(conversationId, "After");
    for (const socket of [there, late]) {
      const heard = await socket.next("new_message", ({ message }) => message.seq === after.seq);
      assert.deepEqual(heard.message, after);
    }
    for (const socket of [here, beside, there, late]) await socket.close();
  },
);

scene(
  "a Redis that stalls holds nobody up",
  nothing,
  async ({ redis, servers: [first, second], lines, ana, ben, conversationId }) => {
    const here = await TestSocket.connect(first, ana);
    const there = await TestSocket.connect(second, ben);
    redis.freeze();
    for (let n = 0; n < 20; n++) await here.say(conversationId, `Stalled ${n}`);
    const beside = await TestSocket.connect(first, ben);
    await here.say(conversationId, "To whom came meanwhile");
    await beside.next("new_message");
    const answer = await here.request({ type: "sync", heads: {} });
    assert.equal(answer.type, "sync_result");
    await until(() => count(lines, "Redis is away") === 2);
    redis.thaw();
    await until(() => count(lines, "Redis is back") === 2);
    await there.next("sync_needed");
    const after = await here.say(conversationId, "After");
    await there.next("new_message", ({ message }) => message.seq === after.seq);
    for (const socket of [here, beside, there]) await socket.close();
  },
);

scene(
  "an instance starts while Redis is away, and finds it later",
  (redis) => redis.halt(),
  async ({ redis, servers: [first, second], lines, ana, ben, conversationId }) => {
    const here = await TestSocket.connect(first, ana);
    const there = await TestSocket.connect(second, ben);
    await here.say(conversationId, "Into the void");
    assert.equal((await call(second, "GET", "/api/ready")).status, 200);
    await redis.resume();
    await until(() => count(lines, "Redis is back") === 2);
    await there.next("sync_needed");
    const sent = await here.say(conversationId, "There you are");
    await there.next("new_message", ({ message }) => message.seq === sent.seq);
    await there.request({ type: "sync", heads: {} }).then((answer) =>
      assert.deepEqual(answer.type === "sync_result" && answer.online, [ana.id])
    );
    assert.equal(count(lines, "Redis is away"), 2);
    await Promise.all([here.close(), there.close()]);
  },
);

scene(
  "Redis restarted again and again under load costs no message",
  nothing,
  async ({ redis, servers: [first, second], ana, ben, conversationId }) => {
    const here = await TestSocket.connect(first, ana);
    const there = await TestSocket.connect(second, ben);
    const sent: string[] = [];
    let isOver = false;
    const writing = (async () => {
      for (let n = 0; !isOver; n++) sent.push((await here.say(conversationId, `${n}`)).content);
    })();
    for (let round = 0; round < 3; round++) {
      const before = sent.length;
      await until(() => sent.length > before + 20);
      await redis.halt();
      await redis.resume();
      await there.next("sync_needed");
    }
    isOver = true;
    await writing;
    await here.say(conversationId, "last");
    sent.push("last");
    const heard = there.frames.flatMap((one) =>
      one.type === "new_message" ? [one.message.seq] : []
    );
    assert.deepEqual(heard, [...new Set(heard)].sort((a, b) => a - b));

    // Whoever syncs when told to, and only then, ends with all there is.
    const found = new Map<number, string>();
    let obeyed = 0;
    await until(async () => {
      for (const frame of there.frames) {
        if (frame.type === "new_message") found.set(frame.message.seq, frame.message.content);
      }
      const told = there.frames.filter(({ type }) => type === "sync_needed").length;
      if (told > obeyed) {
        obeyed = told;
        let rev = 1;
        while (found.has(rev + 1)) rev++;
        const heads = { [conversationId]: { rev, marksRev: 0 } };
        const answer = await there.request({ type: "sync", heads });
        assert.ok(answer.type === "sync_result");
        const [changed] = answer.conversations;
        // Of too much to be told, history has the rest, as for a page.
        const messages = changed?.limited
          ? await history(second, ben, conversationId)
          : changed?.messages ?? [];
        for (const { seq, content } of messages) found.set(seq, content);
      }
      return found.size === sent.length;
    });
    assert.deepEqual(sent.map((_, n) => found.get(n + 1)), sent);
    await Promise.all([here.close(), there.close()]);
  },
);

Deno.test({
  name: "whom an instance could not tell while it alone had no Redis is told to sync by the others",
  ignore: testPostgresUrl === undefined || !hasRedis,
  async fn() {
    await using redis = await startRedis();
    const port = Number(new URL(redis.url).port);
    await using way = startBalancer([port]);
    const admin = openRedis(addressOf(redis), silentLog);
    await until(() => admin.isReady);
    const databaseUrl = await createTestDatabase(testPostgresUrl as string);
    const start = async (REDIS_URL: string) => {
      const database = await openPostgres(databaseUrl);
      await migrate(database.db);
      return await startServer({ database, env: { DATABASE_URL: databaseUrl, REDIS_URL } });
    };
    await using first = await start(way.url.replace("http", "redis"));
    const [ana, ben] = [await first.addUser("ana"), await first.addUser("ben")];
    const conversationId = await converse(first, ana, ben);
    const here = await TestSocket.connect(first, ana);
    await until(async () => (await connectionsOf(admin)).length === 2);
    const ours = await connectionsOf(admin);
    await using second = await start(redis.url);
    await until(async () => (await connectionsOf(admin)).length === 3);
    const there = await TestSocket.connect(second, ben);
    await here.say(conversationId, "Before");
    await there.next("new_message");
    // What it said when it began to listen.
    const before = there.frames.filter(({ type }) => type === "sync_needed").length;

    way.ports = [];
    for (const id of ours) {
      await admin.send("", "CLIENT", "KILL", "ID", id, "SKIPME", "yes").catch(() => {});
    }
    const unheard = await here.say(conversationId, "Unheard");
    await there.settled();
    assert.equal(there.frames.filter(({ type }) => type === "sync_needed").length, before);
    way.ports = [port];
    await until(() => there.frames.filter(({ type }) => type === "sync_needed").length > before);
    assert.ok(
      !there.frames.some((one) => one.type === "new_message" && one.message.id === unheard.id),
    );
    await Promise.all([here.close(), there.close()]);
    admin.close();
  },
});

/** The ids of all who are connected to a Redis. */
async function connectionsOf(redis: Redis): Promise<string[]> {
  const list = await redis.send("", "CLIENT", "LIST") as string;
  return [...list.matchAll(/^id=(\d+) /gm)].map(([, id]) => id as string);
}
