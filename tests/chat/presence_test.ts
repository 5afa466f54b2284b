import assert from "node:assert/strict";
import { MemoryPresence } from "@/chat/memory_presence.ts";
import { PostgresPresence } from "@/chat/postgres_presence.ts";
import type { Presence } from "@/chat/presence.ts";
import { RedisPresence } from "@/chat/redis_presence.ts";
import type { OpenDatabase } from "@/db/database.ts";
import { insertUser } from "@/db/users.ts";
import { newId } from "@/utils/ids.ts";
import { openRedis } from "@/utils/redis.ts";
import { SetClock } from "../support/clock.ts";
import { addressOf, hasRedis, startRedis, startRedisCluster } from "../support/redis.ts";
import { silentLog, testDatabases } from "../support/server.ts";
import { until } from "../support/until.ts";

const hour = 60 * 60_000;

Deno.test("in one process, who is online is who is here", async () => {
  const presence = new MemoryPresence();
  assert.equal(await presence.arrive("a"), false);
  assert.deepEqual(await presence.online(["a", "b"]), new Set(["a"]));
  assert.equal(await presence.leave("a"), false);
  assert.deepEqual(await presence.online(["a"]), new Set());
  await presence.arrive("b");
  assert.deepEqual(await presence.close(), ["b"]);
});

/** Two instances' presence, on whatever they share. */
interface Pair {
  one: Presence;
  other: Presence;
  /** Makes a member. */
  member(username: string): Promise<string>;
  close(): Promise<void>;
}

const kinds: { name: string; ignore: boolean; open(clock: SetClock): Promise<Pair> }[] = [
  ...testDatabases.map(({ name, ignore, open }) => ({
    name,
    ignore,
    open: async (clock: SetClock) => onDatabase(await open(), clock),
  })),
  { name: "Redis", ignore: !hasRedis, open: (clock) => onRedis(startRedis(), clock) },
  {
    name: "Redis Cluster",
    ignore: !hasRedis,
    open: (clock) => onRedis(startRedisCluster(), clock),
  },
];

function onDatabase(database: OpenDatabase, clock: SetClock): Pair {
  const { db } = database;
  return {
    one: new PostgresPresence(db, newId(), clock),
    other: new PostgresPresence(db, newId(), clock),
    member: async (username) =>
      (await insertUser(db, { id: newId(), username, displayName: username })).id,
    close: () => database.close(),
  };
}

async function onRedis(
  starting: Promise<AsyncDisposable & { url: string }>,
  clock: SetClock,
): Promise<Pair> {
  const server = await starting;
  const redis = openRedis(addressOf(server), silentLog);
  await until(() => redis.isReady);
  return {
    one: new RedisPresence(redis, "test", newId(), clock, silentLog),
    other: new RedisPresence(redis, "test", newId(), clock, silentLog),
    member: () => Promise.resolve(newId()),
    async close() {
      redis.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

for (const { name, open, ignore } of kinds) {
  Deno.test({
    name: `shared presence counts instances, and forgets the dead ones (${name})`,
    ignore,
    async fn() {
      const clock = new SetClock();
      const { one, other, member, close } = await open(clock);
      const [ana, jonas] = [await member("ana"), await member("jonas")];

      assert.equal(await one.arrive(ana), false);
      assert.equal(await other.arrive(ana), true);
      assert.equal(await other.arrive(jonas), false);
      assert.deepEqual(await one.online([ana, jonas]), new Set([ana, jonas]));
      assert.equal(await one.leave(ana), true);

      // Who uses the page on one instance is active for the others.
      assert.deepEqual(await other.beat([jonas]), []);
      assert.deepEqual(await one.active([ana, jonas]), new Set([jonas]));
      assert.deepEqual(await other.active([ana, jonas]), new Set());
      assert.deepEqual(await other.beat([]), []);
      assert.deepEqual(await one.active([jonas]), new Set());

      // The other instance dies without a word.
      for (let missed = 0; missed < 4; missed++) {
        assert.deepEqual(await one.beat([]), []);
        // Time alone, and a clock that is set, make nobody gone: the database was away, say.
        clock.pass(60_000);
        clock.jump(missed % 2 === 0 ? hour : -hour);
      }
      assert.deepEqual(await one.online([ana, jonas]), new Set([ana, jonas]));
      assert.deepEqual((await one.beat([])).sort(), [ana, jonas].sort());
      assert.deepEqual(await one.online([ana, jonas]), new Set());
      assert.deepEqual(await one.beat([]), []);

      // It was only paused: its members come back with it.
      await other.beat([]);
      assert.deepEqual(await one.online([ana, jonas]), new Set([ana, jonas]));
      for (let n = 0; n < 6; n++) {
        await other.beat([]);
        assert.deepEqual(await one.beat([]), []);
      }
      assert.deepEqual((await other.close()).sort(), [ana, jonas].sort());
      assert.deepEqual(await one.online([ana, jonas]), new Set());
      await close();
    },
  });
}

Deno.test({
  name: "of several instances that find one dead, one tells of each of its members (Redis)",
  ignore: !hasRedis,
  async fn() {
    await using server = await startRedis();
    const redis = openRedis(addressOf(server), silentLog);
    await until(() => redis.isReady);
    const clock = new SetClock();
    const open = () => new RedisPresence(redis, "test", newId(), clock, silentLog);
    const dead = open();
    const members = Array.from({ length: 200 }, newId);
    await Promise.all(members.map((userId) => dead.arrive(userId)));
    const living = [open(), open(), open()];
    // One of them is on another one too.
    await living[0]!.arrive(members[0]!);
    const gone: string[] = [];
    for (let n = 0; n < 6; n++) {
      gone.push(...(await Promise.all(living.map((one) => one.beat([])))).flat());
    }
    assert.deepEqual(gone.sort(), members.slice(1).sort());
    redis.close();
  },
});

Deno.test({
  name:
    "while Redis is away who is here is online, and all is written again when it is back, empty",
  ignore: !hasRedis,
  async fn() {
    await using server = await startRedis();
    const clients = [1, 2].map(() => openRedis(addressOf(server), silentLog));
    const [one, other] = clients.map((redis) =>
      new RedisPresence(redis, "test", newId(), new SetClock(), silentLog)
    ) as unknown as [Presence, Presence];
    await until(() => clients.every(({ isReady }) => isReady));
    await one.arrive("ana");
    await other.arrive("jonas");
    await server.halt();
    await until(() => clients.every(({ isReady }) => !isReady));
    assert.deepEqual(await one.online(["ana", "jonas"]), new Set(["ana"]));
    assert.equal(await one.arrive("eva"), false);
    assert.equal(await one.leave("ana"), undefined);
    assert.deepEqual(await one.active(["ana", "jonas"]), new Set());
    assert.deepEqual(await one.beat([]), []);

    await server.resume();
    await until(async () => (await other.online(["ana", "jonas", "eva"])).size === 2);
    assert.deepEqual(await other.online(["ana", "jonas", "eva"]), new Set(["jonas", "eva"]));
    assert.deepEqual(await one.online(["jonas"]), new Set(["jonas"]));
    for (const client of clients) client.close();
  },
});
