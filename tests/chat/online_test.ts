import assert from "node:assert/strict";
import { closeCodes, type Conversation, type Profile } from "@/chat/protocol.ts";
import { beat, sweep } from "@/chat/online.ts";
import { sql } from "drizzle-orm";
import { call, converse, TestSocket } from "../support/client.ts";
import { steadyClock } from "../support/clock.ts";
import { openTestEmbedded, startServer, testDatabases } from "../support/server.ts";

for (const { name, open, ignore } of testDatabases) {
  Deno.test({
    name: `contacts, and no one else, hear who comes and goes (${name})`,
    ignore,
    async fn() {
      let now = Date.parse("2026-06-01T12:00:00Z");
      await using server = await startServer({
        database: await open(),
        clock: steadyClock(() => now),
        env: { SILENCE_SECONDS: "86400", TOKEN_TTL_SECONDS: "86400" },
      });
      const [ana, jonas, eve] = await Promise.all(["ana", "jonas", "eve"].map(server.addUser));
      const id = await converse(server, ana!, jonas!);
      const watching = await TestSocket.connect(server, ana!);
      await watching.say(id, "Hello");
      const stranger = await TestSocket.connect(server, eve!);

      const phone = await TestSocket.connect(server, jonas!);
      assert.equal((await watching.next("user_online")).userId, jonas!.id);
      const laptop = await TestSocket.connect(server, jonas!);
      await phone.close();

      const isOnline = async () => {
        const path = `/api/messages/conversations/${id}`;
        const { body } = await call<Conversation>(server, "GET", path, { as: ana! });
        return body.participants.find((one) => one.userId === jonas!.id)?.online;
      };
      assert.equal(await isOnline(), true);

      // A page that reloads was never gone.
      await laptop.close();
      now += 1_000;
      await sweep(server.chat);
      const reloaded = await TestSocket.connect(server, jonas!);
      now += 10_000;
      await sweep(server.chat);
      assert.equal(await isOnline(), true);

      await reloaded.close();
      now += 4_000;
      await sweep(server.chat);
      const gone = await watching.next("user_offline");
      assert.deepEqual([gone.userId, gone.lastSeenAt], [jonas!.id, new Date(now).toISOString()]);
      assert.equal(await isOnline(), false);

      await watching.settled();
      assert.equal(watching.frames.filter((frame) => frame.type === "user_online").length, 1);
      assert.equal(watching.frames.filter((frame) => frame.type === "user_offline").length, 1);
      await stranger.settled();
      assert.ok(!stranger.frames.some((frame) => frame.type.startsWith("user_")));

      const profile = async (as: typeof ana) =>
        (await call<Profile>(server, "GET", `/api/users/${jonas!.id}`, { as: as! })).body;
      assert.equal((await profile(ana)).lastSeenAt, new Date(now).toISOString());
      assert.equal((await profile(eve)).lastSeenAt, null);
      await Promise.all([watching, stranger].map((socket) => socket.close()));
    },
  });
}

Deno.test("presence catches up once the database that refused it is back", async () => {
  const database = await openTestEmbedded();
  let now = Date.now();
  // Named, so that presence is shared over the database.
  const env = { DATABASE_URL: "postgres://the-one-that-is-handed-over" };
  await using server = await startServer({ database, clock: steadyClock(() => now), env });
  const [ana, jonas] = [await server.addUser("ana"), await server.addUser("jonas")];
  const id = await converse(server, ana!, jonas!);
  const watching = await TestSocket.connect(server, ana!);
  await watching.say(id, "Hello");
  await database.db.execute(sql`alter table presence rename to presence_away`);
  const socket = await TestSocket.connect(server, jonas!);
  assert.equal((await server.chat.presence.online([jonas!.id]).catch(() => new Set())).size, 0);
  await database.db.execute(sql`alter table presence_away rename to presence`);
  await beat(server.chat);
  assert.deepEqual(await server.chat.presence.online([jonas!.id]), new Set([jonas!.id]));

  await socket.close();
  await database.db.execute(sql`alter table presence rename to presence_away`);
  now += 4_000;
  await assert.rejects(sweep(server.chat));
  await database.db.execute(sql`alter table presence_away rename to presence`);
  await sweep(server.chat);
  assert.equal((await watching.next("user_offline")).userId, jonas!.id);
  await watching.close();
});

Deno.test("who comes while a server ends is sent elsewhere, and never told that they are connected", async () => {
  await using server = await startServer({ database: await openTestEmbedded() });
  const ana = await server.addUser("ana");
  const here = await TestSocket.connect(server, ana);
  await server.chat.connections.end(closeCodes.restart, "The server restarts");
  assert.equal((await here.closed).code, closeCodes.restart);
  const late = TestSocket.open(server, ana.token);
  assert.equal((await late.closed).code, closeCodes.restart);
  assert.deepEqual(late.frames, []);
});
