/**
 * The machine's clock is set while the program runs: an hour forward, an hour back.
 *
 * @module
 */
import assert from "node:assert/strict";
import { notify } from "@/chat/notify.ts";
import { beat, sweep } from "@/chat/online.ts";
import {
  closeCodes,
  type ConversationsResult,
  type HistoryResult,
  type ServerFrameType,
} from "@/chat/protocol.ts";
import { sql } from "drizzle-orm";
import { Away, hour, minute } from "../support/away.ts";
import { call, converse, TestSocket } from "../support/client.ts";
import { SetClock } from "../support/clock.ts";
import { startServer, testDatabases } from "../support/server.ts";
import { TestStream } from "../support/stream.ts";

const second = 1_000;
const jumps = [["forward", hour], ["back", -hour]] as const;
/** Named where there may be several instances, so that presence is shared over the database. */
const envOf = (database: string): Record<string, string> =>
  database === "Postgres" ? { DATABASE_URL: "postgres://the-one-that-is-handed-over" } : {};

for (const { name, open, ignore } of testDatabases) {
  for (const [where, ms] of jumps) {
    Deno.test({
      name: `the clock an hour ${where}: nobody is cut off, and all keeps its order (${name})`,
      ignore,
      async fn() {
        const clock = new SetClock(Date.parse("2026-06-01T12:00:00Z"));
        const database = await open();
        await using server = await startServer({ database, clock, env: envOf(name) });
        const [ana, ben, cyd] = [
          await server.addUser("ana"),
          await server.addUser("ben"),
          await server.addUser("cyd"),
        ];
        const withBen = await converse(server, ana, ben);
        const withCyd = await converse(server, ana, cyd);
        const [here, there] = [
          await TestSocket.connect(server, ana),
          await TestSocket.connect(server, ben),
        ];
        await using stream = await TestStream.open(server, ana);
        const gone = await TestSocket.connect(server, cyd);
        const count = (type: ServerFrameType) =>
          here.frames.filter((frame) => frame.type === type).length;
        const lookAround = async () => {
          await sweep(server.chat);
          await beat(server.chat);
          await notify(server.chat);
        };
        await there.say(withBen, "one");
        clock.pass(minute);
        await gone.say(withCyd, "another");
        await lookAround();

        clock.jump(ms);
        await lookAround();
        await Promise.all([here, there, gone].map((socket) => socket.settled()));
        assert.equal(count("user_offline"), 0);

        // Order is by seq, and nothing sinks in the list.
        const two = await there.say(withBen, "two");
        await stream.until(
          () =>
            stream.frames.find((one) => one.type === "new_message" && one.message.id === two.id),
          "the message on the stream",
        );
        clock.pass(second);
        await here.say(withBen, "three");
        const as = { ...ana, token: (await server.tokens.sign(ana.id)).token };
        const { body } = await call<HistoryResult>(
          server,
          "GET",
          `/api/messages/${withBen}/messages`,
          { as },
        );
        assert.deepEqual(body.messages.map(({ seq, content }) => `${seq} ${content}`), [
          "1 one",
          "2 two",
          "3 three",
        ]);
        const { body: { conversations } } = await call<ConversationsResult>(
          server,
          "GET",
          "/api/messages/conversations",
          { as },
        );
        const expected = ms > 0 ? [withBen, withCyd] : [withCyd, withBen];
        assert.deepEqual(conversations.map(({ id }) => id), expected);
        const updated = conversations.find(({ id }) => id === withBen)!.updatedAt;
        assert.ok(updated >= body.messages[0]!.createdAt);
        assert.equal(conversations.find(({ id }) => id === withBen)!.lastMessage?.seq, 3);

        // What lasts goes on to be measured: who leaves is gone, who is silent is closed.
        await gone.close();
        clock.pass(4 * second);
        await sweep(server.chat);
        assert.equal((await here.next("user_offline")).userId, cyd.id);
        clock.pass(100 * second);
        await here.settled();
        clock.pass(30 * second);
        await sweep(server.chat);
        assert.equal((await there.closed).code, closeCodes.silent);
        // A token lasts as long as it had to when it was shown, and no longer.
        for (let passed = 3; passed < 14; passed++) {
          clock.pass(minute);
          await here.settled();
          await sweep(server.chat);
        }
        await here.settled();
        clock.pass(minute);
        await sweep(server.chat);
        assert.equal((await here.closed).code, closeCodes.token);
        await assert.rejects(stream.until(() => undefined, "its end"), /is closed/);
      },
    });
  }

  Deno.test({
    name: `a clock that is set loses no notice and doubles none (${name})`,
    ignore,
    async fn(t) {
      for (const [where, ms] of jumps) {
        await t.step(where, async () => {
          await using away = await Away.start({ database: await open() });
          const [ana, ben] = [await away.addUser("ana"), await away.addUser("ben")];
          const id = await converse(away.server, ana, ben);
          const notices = async () => {
            const path = "/api/notifications";
            const { body } = await away.call<{ notifications: { count: number }[] }>(
              ben,
              "GET",
              path,
            );
            return body.notifications.map(({ count }) => count);
          };
          await away.say(ana, id, "before");
          await away.settle();
          await away.jump(ms);
          await away.say(ana, id, "after");
          await away.pass(15 * second);
          // The list is written in time, whatever the notice that waited had as its time.
          assert.deepEqual(await notices(), [2]);
          const [row] = await away.sql<{ ahead: number }>(
            sql`select max(abs(extract(epoch from noticed_at) * 1000 - ${away.clock.now()}))::float8
              as ahead from notice_watermarks`,
          );
          assert.ok(row!.ahead < 10 * second, `The watermark is ${row!.ahead} ms off`);
          await away.pass(hour + 10 * minute);
          await away.pass(hour);
          assert.equal(away.smtp.mails.length, 1);
          assert.deepEqual(await notices(), [2]);
        });
      }
    },
  });
}
