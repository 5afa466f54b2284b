import assert from "node:assert/strict";
import type { Conversation } from "@/chat/protocol.ts";
import { call, converse, TestSocket } from "../support/client.ts";
import { createTestDatabase, testPostgresUrl } from "../support/postgres.ts";
import { type Program, startProgram } from "../support/process.ts";
import { register } from "../support/register.ts";

Deno.test({
  name: "members on two processes with one Postgres write to each other, through a death too",
  ignore: testPostgresUrl === undefined,
  async fn() {
    const env = {
      DATABASE_URL: await createTestDatabase(testPostgresUrl as string),
      JWT_SECRET: "a secret for tests, long enough to be taken",
    };
    // At once, on an empty database: they take turns to migrate it.
    const programs: Program[] = [startProgram("start", env), startProgram("start", env)];
    const [first, second] = programs as [Program, Program];
    try {
      const [one, other] = (await Promise.all(programs.map((program) => program.ready)))
        .map((url) => ({ url })) as [{ url: string }, { url: string }];
      const ana = await register(one, "ana");
      const jonas = await register(other, "jonas");
      const conversationId = await converse(one, ana, jonas);

      const here = await TestSocket.connect(one, ana);
      await here.say(conversationId, "Are you there?");
      const there = await TestSocket.connect(other, jonas);
      assert.equal((await here.next("user_online")).userId, jonas.id);

      const sent = await here.say(conversationId, "From one process");
      // The one before may arrive as well, from the instance that stored it before they came.
      const heard = await there.next("new_message", ({ message }) => message.seq === 2);
      assert.deepEqual(heard.message, sent);
      there.send({ type: "mark_read", conversationId, seq: 2 });
      assert.equal((await here.next("message_read")).userId, jonas.id);

      await here.request({ type: "join_conversation", conversationId, limit: 0 });
      there.send({ type: "typing_start", conversationId });
      assert.equal((await here.next("user_typing")).userId, jonas.id);

      const long = await there.say(conversationId, "ü".repeat(8_000));
      assert.deepEqual((await here.next("new_message")).message, long);

      // Both at once, in one conversation: no hole, no double, the same for both.
      await Promise.all(
        Array.from(
          { length: 25 },
          (_, n) =>
            Promise.all([here.say(conversationId, `h${n}`), there.say(conversationId, `t${n}`)]),
        ),
      );
      for (const socket of [here, there]) {
        for (let n = 0; n < 25; n++) {
          await socket.next("new_message", ({ message }) => message.seq > 3);
        }
        const seqs = socket.frames.flatMap((frame) =>
          frame.type === "new_message" || frame.type === "message_sent" ? [frame.message.seq] : []
        );
        assert.deepEqual(
          seqs.toSorted((a, b) => a - b).filter((seq) => seq > 1),
          Array.from({ length: 52 }, (_, n) => n + 2),
        );
      }

      second.kill("SIGKILL");
      await second.exited;
      const path = `/api/messages/conversations/${conversationId}`;
      const { body } = await call<Conversation>(one, "GET", path, { as: jonas });
      assert.equal(body.lastSeq, 53);
      const back = await TestSocket.connect(one, jonas);
      const last = await here.say(conversationId, "Still there?");
      assert.deepEqual((await back.next("new_message")).message, last);
      await Promise.all([here.close(), back.close(), there.closed]);
    } finally {
      first.kill("SIGTERM");
      assert.equal(await first.exited, 0);
    }
  },
});
