/**
 * A member who is removed while others write as fast as they can: on every instance, and by every
 * way, nothing that was written after the removal reaches them.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Conversation, ServerFrame } from "@/chat/protocol.ts";
import { openPostgres } from "@/db/database.ts";
import { migrate } from "@/db/migrate.ts";
import { Away, hour } from "../support/away.ts";
import { call, TestSocket } from "../support/client.ts";
import type { Ear } from "../support/ear.ts";
import { createTestDatabase, testPostgresUrl } from "../support/postgres.ts";
import { hasRedis, startRedis } from "../support/redis.ts";
import type { TestServer, TestUser } from "../support/server.ts";
import { TestStream } from "../support/stream.ts";

const conversations = "/api/messages/conversations";
/** Messages after the removal's answer, at the least. */
const afterwards = 200;

for (const bus of ["LISTEN/NOTIFY", "Redis"] as const) {
  Deno.test({
    name:
      `who is removed gets nothing that was written afterwards, on any instance, by any way (${bus})`,
    ignore: testPostgresUrl === undefined || bus === "Redis" && !hasRedis,
    async fn() {
      await using redis = bus === "Redis" ? await startRedis() : undefined;
      const url = await createTestDatabase(testPostgresUrl as string);
      const database = await openPostgres(url);
      await migrate(database.db);
      // They find each other by the address of the database they share.
      const env = { DATABASE_URL: url, ...redis && { REDIS_URL: redis.url } };
      await using away = await Away.start({ database, env });
      await using second = await away.join(await openPostgres(url), { env });
      const servers: TestServer[] = [away.server, second];
      const ana = await away.addUser("ana");
      const jonas = await away.addUser("jonas");
      const mira = await away.addUser("mira");
      for (const user of [ana, jonas, mira]) {
        user.token = (await away.server.tokens.sign(user.id)).token;
      }
      const device = await away.push.subscribe();
      await away.call(mira, "POST", "/api/notifications/subscriptions", device.input);
      const { body } = await away.call<Conversation>(ana, "POST", conversations, {
        kind: "group",
        participantIds: [jonas.id, mira.id],
      });
      const group = body.id;

      const ears: Ear[] = [];
      for (const server of servers) {
        const socket = await TestSocket.connect(server, mira);
        await socket.request({ type: "join_conversation", conversationId: group });
        ears.push(socket, await TestStream.open(server, mira));
      }
      const writers = await Promise.all(servers.map((server) => TestSocket.connect(server, jonas)));
      // What mira asks for meanwhile, over and over, and is answered.
      const answers: unknown[] = [];
      let running = true;
      const asking = servers.flatMap((server) =>
        ways(group).map((way) => repeat(server, mira, way))
      );
      let written = 0;
      const writing = writers.map((writer) => write(writer));

      await untilWritten(100);
      const removal = await call(
        away.server,
        "DELETE",
        `${conversations}/${group}/members/${mira.id}`,
        {
          as: ana,
        },
      );
      assert.equal(removal.status, 204);
      await untilWritten(written + afterwards);
      running = false;
      await Promise.all([...writing, ...asking]);
      for (const ear of ears) await ear.until(() => removedAt(ear), "conversation_removed");
      // What is to be told of it would be told by now.
      for (const writer of writers) await writer.settled();
      await away.pass(hour);
      await away.pass(24 * hour);

      // Nothing but messages takes a rev before the removal, which takes one itself.
      const isLater = (message: { seq: number; rev: number }) => message.rev > message.seq;
      const history = await away.call<{ messages: { seq: number; rev: number }[] }>(
        jonas,
        "GET",
        `/api/messages/${group}/messages?limit=100`,
      );
      assert.ok(history.body.messages.every(isLater), "many came after the removal");
      for (const ear of ears) {
        const at = removedAt(ear) as number;
        assert.deepEqual(messagesIn(ear.frames.slice(0, at)).filter(isLater), []);
        assert.ok(messagesIn(ear.frames.slice(0, at)).length > 0, "it heard of what came before");
        const asked = (frame: ServerFrame) => "replyTo" in frame && frame.replyTo !== undefined;
        const rest = ear.frames.slice(at + 1).filter((frame) => !asked(frame));
        assert.ok(!JSON.stringify(rest).includes(group), JSON.stringify(rest).slice(0, 2_000));
      }
      assert.deepEqual(messagesIn(answers).filter(isLater), []);
      assert.ok(messagesIn(answers).length > 0, "what came before was answered");
      assert.ok(!JSON.stringify(answers).includes('"internal"'));
      const told = device.pushes.map(({ payload }) => JSON.parse(payload))
        .filter(({ type }) => type === "messages");
      assert.deepEqual(told, [], "what waited to be pushed was not");
      assert.deepEqual(away.smtp.mails.filter(({ to }) => to.includes("mira@example.com")), []);
      const list = await away.call<{ notifications: unknown[] }>(mira, "GET", "/api/notifications");
      assert.deepEqual(list.body.notifications, []);

      for (const ear of ears) {
        await (ear instanceof TestStream
          ? ear[Symbol.asyncDispose]()
          : (ear as TestSocket).close());
      }
      await Promise.all(writers.map((writer) => writer.close()));

      async function write(writer: TestSocket): Promise<void> {
        await Promise.all(Array.from({ length: 5 }, async () => {
          while (running) {
            await writer.say(group, `message ${written}`);
            written++;
            writer.send({ type: "typing_start", conversationId: group });
            const seq = Math.max(1, written - 20);
            writer.send({ type: "mark_read", conversationId: group, seq });
          }
        }));
      }

      async function repeat(server: TestServer, as: TestUser, [method, path, body]: Way) {
        while (running) {
          const answer = await call(server, method, path, {
            as,
            ...body !== undefined && { body },
          });
          answers.push(answer.body);
        }
      }

      /** Waits until so many are written. */
      async function untilWritten(many: number): Promise<void> {
        await writers[0]?.until(() => written >= many ? true : undefined, `message ${many}`);
      }
    },
  });
}

type Way = [method: string, path: string, body?: unknown];

/** The ways to ask for what a conversation holds. */
const ways = (group: string): Way[] => [
  ["GET", `/api/messages/${group}/messages?limit=10`],
  ["POST", "/api/messages/sync", { heads: { [group]: { rev: 0, marksRev: 0 } } }],
  ["GET", conversations],
  ["GET", `${conversations}/${group}`],
  ["GET", "/api/notifications"],
  ["POST", "/api/messages/events", { type: "join_conversation", conversationId: group, limit: 5 }],
];

const removedAt = (ear: Ear): number | undefined => {
  const at = ear.frames.findIndex((frame) => frame.type === "conversation_removed");
  return at < 0 ? undefined : at;
};

/** Every message in what was told, however deep. */
function messagesIn(value: unknown): { seq: number; rev: number; content: string }[] {
  if (typeof value !== "object" || value === null) return [];
  const isMessage = "seq" in value && "rev" in value && "content" in value;
  if (isMessage) return [value as { seq: number; rev: number; content: string }];
  return Object.values(value).flatMap(messagesIn);
}
