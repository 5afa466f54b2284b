import assert from "node:assert/strict";
import type { Bus, BusEvent } from "@/chat/bus.ts";
import { MemoryBus } from "@/chat/memory_bus.ts";
import { createChatMetrics } from "@/chat/metrics.ts";
import { PostgresBus } from "@/chat/postgres_bus.ts";
import { RedisBus } from "@/chat/redis_bus.ts";
import type { OpenDatabase } from "@/db/database.ts";
import { Metrics } from "@/utils/metrics.ts";
import { openRedis } from "@/utils/redis.ts";
import { testPostgresUrl } from "../support/postgres.ts";
import { addressOf, hasRedis, startRedis, startRedisCluster } from "../support/redis.ts";
import { openTestEmbedded, openTestPostgres, silentLog, testDatabases } from "../support/server.ts";
import { until } from "../support/until.ts";

/** Two instances' ends of a bus, on whatever carries it. */
interface Pair {
  one: Bus;
  other: Bus;
  close(): Promise<void>;
}

const kinds: { name: string; ignore: boolean; open(): Promise<Pair> }[] = [
  {
    name: "in-process",
    ignore: false,
    open() {
      const peers = new Set<MemoryBus>();
      return Promise.resolve({
        one: new MemoryBus(peers),
        other: new MemoryBus(peers),
        close: () => Promise.resolve(),
      });
    },
  },
  {
    name: "LISTEN/NOTIFY on PGlite",
    ignore: false,
    open: async () => onDatabase(await openTestEmbedded()),
  },
  {
    name: "LISTEN/NOTIFY on Postgres",
    ignore: testPostgresUrl === undefined,
    open: async () => onDatabase(await openTestPostgres(testPostgresUrl as string)),
  },
  { name: "Redis", ignore: !hasRedis, open: () => onRedis(startRedis()) },
  { name: "Redis Cluster", ignore: !hasRedis, open: () => onRedis(startRedisCluster()) },
];

function onDatabase(database: OpenDatabase): Pair {
  return {
    one: openBus(database, "one"),
    other: openBus(database, "other"),
    close: () => database.close(),
  };
}

function openBus(database: OpenDatabase, instanceId: string): PostgresBus {
  return new PostgresBus(database, instanceId, silentLog, createChatMetrics(new Metrics()));
}

async function onRedis(starting: Promise<AsyncDisposable & { url: string }>): Promise<Pair> {
  const server = await starting;
  const clients = [1, 2].map(() => openRedis(addressOf(server), silentLog));
  await until(() => clients.every(({ isReady }) => isReady));
  const [one, other] = clients.map((client) =>
    new RedisBus(client, "test", crypto.randomUUID(), silentLog, createChatMetrics(new Metrics()))
  );
  return {
    one: one as Bus,
    other: other as Bus,
    async close() {
      for (const client of clients) client.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** What reaches one member of it: instances may hear of an event once for each, or once for all. */
function toldTo(userId: string, events: BusEvent[]): BusEvent[] {
  return events.filter(({ to }) => to.includes(userId)).map((event) => ({
    ...event,
    to: [userId],
  }));
}

const crowd = Array.from({ length: 100 }, () => crypto.randomUUID());

for (const { name, ignore, open } of kinds) {
  Deno.test({
    name: `events arrive whole, in order, at the others and not at oneself (${name})`,
    ignore,
    async fn() {
      const { one, other, close } = await open();
      const events: BusEvent[] = [
        { to: ["a"], text: "first" },
        { to: ["a", "b"], text: "ünï 👋 \\ \" ' \n".repeat(3_000), joined: "c", droppable: true },
        ...Array.from({ length: 200 }, (_, n) => ({ to: ["a", "b"], text: `${n}` })),
        { to: ["b"], text: "y".repeat(65_536), removed: { conversationId: "c", rev: 3 } },
        // As long as a frame may be, to as many as a group may have.
        { to: crowd, text: "x".repeat(65_536), except: "d" },
        { to: ["a", "b"], text: "last" },
      ];
      const heard: BusEvent[] = [];
      const heardByOne: BusEvent[] = [];
      await one.subscribe({ heard: (event) => heardByOne.push(event), missed() {} });
      await other.subscribe({ heard: (event) => heard.push(event), missed() {} });
      const members = ["a", "b", crowd[0] as string, crowd[99] as string];
      for (const bus of [one, other]) for (const userId of members) await bus.join(userId);

      // Who begins to listen is known to the others a moment later.
      await until(() => {
        one.publish({ to: ["a"], text: "hello" });
        return heard.length > 0;
      });
      for (const event of events) one.publish(event);
      const heardBy = (id: string) => toldTo(id, heard).filter(({ text }) => text !== "hello");
      const isAll = () => members.every((id) => heardBy(id).length >= toldTo(id, events).length);
      await until(isAll);
      for (const userId of members) assert.deepEqual(heardBy(userId), toldTo(userId, events));
      assert.deepEqual(heardByOne, []);
      await one.close();
      await other.close();
      await close();
    },
  });
}

Deno.test({
  name: "over Redis an instance hears what is for the members it holds, and nothing else",
  ignore: !hasRedis,
  async fn() {
    const { one, other, close } = await onRedis(startRedis());
    const heard: string[] = [];
    await one.subscribe({ heard() {}, missed() {} });
    await other.subscribe({ heard: ({ text }) => heard.push(text), missed() {} });
    // Two connections of one member; one goes.
    for (const userId of ["a", "a", "b"]) await other.join(userId);
    other.leave("a");
    other.leave("b");
    one.publish({ to: ["a", "b", "c"], text: "1" });
    await until(() => heard.length > 0);
    // Gone and back before the one is done.
    other.leave("a");
    await other.join("a");
    one.publish({ to: ["b", "c"], text: "2" });
    one.publish({ to: ["a"], text: "3" });
    await until(() => heard.includes("3"));
    assert.deepEqual(heard, ["1", "3"]);
    await one.close();
    await other.close();
    await close();
  },
});

for (const { name, open, ignore } of testDatabases) {
  Deno.test({
    name: `who is alone tells nobody, and who comes is told from then on (${name})`,
    ignore,
    async fn() {
      const database = await open();
      const said: string[] = [];
      await database.listen("parley", (payload) => said.push(payload));
      const one = openBus(database, "one");
      await one.subscribe({ heard() {}, missed() {} });
      one.publish({ to: ["a"], text: "to nobody" });
      const other = openBus(database, "other");
      const heard: string[] = [];
      await other.subscribe({ heard: ({ text }) => heard.push(text), missed() {} });
      await until(() => said.includes("one here"));
      one.publish({ to: ["a"], text: "to the other" });
      await until(() => heard.length > 0);
      assert.deepEqual(heard, ["to the other"]);

      await other.close();
      await until(() => said.includes("other bye"));
      one.publish({ to: ["a"], text: "to nobody again" });
      await one.close();
      assert.equal(said.filter((payload) => payload.includes("nobody")).length, 0);
      await database.close();
    },
  });
}
