import assert from "node:assert/strict";
import { MemoryPresence } from "@/chat/memory_presence.ts";
import { PostgresPresence } from "@/chat/postgres_presence.ts";
import { insertUser } from "@/db/users.ts";
import { newId } from "@/utils/ids.ts";
import { SetClock } from "../support/clock.ts";
import { testDatabases } from "../support/server.ts";

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

for (const { name, open, ignore } of testDatabases) {
  Deno.test({
    name: `shared presence counts instances, and forgets the dead ones (${name})`,
    ignore,
    async fn() {
      const database = await open();
      const { db } = database;
      const clock = new SetClock();
      const member = async (username: string) =>
        (await insertUser(db, { id: newId(), username, displayName: username })).id;
      const [ana, jonas] = [await member("ana"), await member("jonas")];
      const one = new PostgresPresence(db, newId(), clock);
      const other = new PostgresPresence(db, newId(), clock);

      assert.equal(await one.arrive(ana), false);
      assert.equal(await other.arrive(ana), true);
      assert.equal(await other.arrive(jonas), false);
      assert.deepEqual(await one.online([ana, jonas]), new Set([ana, jonas]));
      assert.equal(await one.leave(ana), true);

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
      await database.close();
    },
  });
}
