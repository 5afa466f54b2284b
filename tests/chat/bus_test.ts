import assert from "node:assert/strict";
import type { Bus, BusEvent } from "@/chat/bus.ts";
import { MemoryBus } from "@/chat/memory_bus.ts";
import { createChatMetrics } from "@/chat/metrics.ts";
import { PostgresBus } from "@/chat/postgres_bus.ts";
import type { OpenDatabase } from "@/db/database.ts";
import { Metrics } from "@/utils/metrics.ts";
import { openTestEmbedded, openTestPostgres, silentLog } from "../support/server.ts";
import { testPostgresUrl } from "../support/postgres.ts";

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
];

function onDatabase(database: OpenDatabase): Pair {
  return {
    one: new PostgresBus(
      database,
      crypto.randomUUID(),
      silentLog,
      createChatMetrics(new Metrics()),
    ),
    other: new PostgresBus(
      database,
      crypto.randomUUID(),
      silentLog,
      createChatMetrics(new Metrics()),
    ),
    close: () => database.close(),
  };
}

for (const { name, ignore, open } of kinds) {
  Deno.test({
    name: `events arrive whole, in order, at the others and not at oneself (${name})`,
    ignore,
    async fn() {
      const { one, other, close } = await open();
      const events: BusEvent[] = [
        { to: ["a"], text: "first" },
        { to: ["a", "b"], text: "ünï 👋 \\ \" ' \n".repeat(3_000), joined: "c", droppable: true },
        // As long as a frame may be, to as many as a group may have.
        {
          to: Array.from({ length: 100 }, () => crypto.randomUUID()),
          text: "x".repeat(65_536),
          except: "d",
        },
        ...Array.from({ length: 200 }, (_, n) => ({ to: ["a"], text: `${n}` })),
        { to: ["a"], text: "last" },
      ];
      const heard: BusEvent[] = [];
      const done = Promise.withResolvers<void>();
      const heardByOne: BusEvent[] = [];
      await one.subscribe((event) => heardByOne.push(event));
      await other.subscribe((event) => {
        heard.push(event);
        if (event.text === "last") done.resolve();
      });
      for (const event of events) one.publish(event);
      await done.promise;
      assert.deepEqual(heard, events);
      assert.deepEqual(heardByOne, []);
      await one.close();
      await other.close();
      await close();
    },
  });
}
