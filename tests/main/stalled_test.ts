import assert from "node:assert/strict";
import type { ServerFrame } from "@/chat/protocol.ts";
import { openPostgres } from "@/db/database.ts";
import { migrate } from "@/db/migrate.ts";
import { TestSocket } from "../support/client.ts";
import { addMembers } from "../support/members.ts";
import { memoryOf } from "../support/memory.ts";
import { startPostgres, testPostgresUrl } from "../support/postgres.ts";
import { startProgram } from "../support/process.ts";
import { testSecret, type TestUser } from "../support/server.ts";
import { until } from "../support/until.ts";

const each = 5;

Deno.test({
  name: "a hundred members who write while the database stalls are told so, and lose nothing",
  ignore: testPostgresUrl === undefined,
  async fn() {
    const postgres = await startPostgres();
    try {
      const url = await postgres.createDatabase();
      const database = await openPostgres(url);
      await migrate(database.db);
      const members = await addMembers(database.db, 100);
      await database.close();
      await using program = startProgram("start", {
        DATABASE_URL: url,
        JWT_SECRET: testSecret,
        RATE_LIMIT_SCALE: "50",
      });
      const server = { url: await program.ready };
      const sockets = await Promise.all(members.map((user) => TestSocket.connect(server, user)));
      // Each writes to the next one.
      const first = await Promise.all(sockets.map((socket, n) =>
        socket.request({
          type: "send_message",
          clientId: crypto.randomUUID(),
          recipientId: (members[(n + 1) % members.length] as TestUser).id,
          content: "first",
        })
      ));
      /** What each writes, and writes again, under the ids it has. */
      const frames = first.map((answer) => {
        assert.ok(answer.type === "message_sent", JSON.stringify(answer));
        const { conversationId } = answer.message;
        return Array.from({ length: each }, () => ({
          type: "send_message" as const,
          clientId: crypto.randomUUID(),
          conversationId,
          content: "x".repeat(8_000),
        }));
      });
      /** Sends everything at once and waits for all the answers, however long they take. */
      const sendAll = async (round: string): Promise<ServerFrame[]> => {
        const ids = new Set<string>();
        for (const [n, socket] of sockets.entries()) {
          for (const frame of frames[n] ?? []) {
            const id = `${round} ${frame.clientId}`;
            ids.add(id);
            socket.send({ ...frame, id });
          }
        }
        const answers = () =>
          sockets.flatMap((socket) =>
            socket.frames.filter((one) => "replyTo" in one && ids.has(one.replyTo ?? ""))
          );
        while (answers().length < ids.size) await until(haveMore(answers));
        return answers();
      };
      const haveMore = (answers: () => unknown[]) => {
        const before = answers().length;
        return () => answers().length > before;
      };

      const before = await memoryOf(program.pid);
      await postgres.freeze();
      const start = performance.now();
      const refused = await sendAll("stalled");
      const seconds = Math.round((performance.now() - start) / 1_000);
      const highest = await memoryOf(program.pid);
      await postgres.thaw();
      const codes = new Set(refused.map((one) => one.type === "error" ? one.code : one.type));
      assert.deepEqual(codes, new Set(["unavailable"]));
      console.log(
        `${refused.length} answered within ${seconds} s, ${Math.round(highest - before)} MiB more`,
      );
      assert.ok(highest - before < 150, `Grew by ${highest - before} MiB`);

      const seqs = new Map<string, Set<number>>();
      for (let round = 1;; round++) {
        const answers = await sendAll(`after ${round}`);
        if (answers.some(({ type }) => type === "error")) continue;
        for (const answer of answers) {
          assert.ok(answer.type === "message_sent");
          const { conversationId, seq } = answer.message;
          seqs.set(conversationId, (seqs.get(conversationId) ?? new Set()).add(seq));
        }
        break;
      }
      // Each has the first message and these, once, without a hole.
      const expected = new Set(Array.from({ length: each }, (_, n) => n + 2));
      for (const found of seqs.values()) assert.deepEqual(new Set([...found].sort()), expected);
      assert.equal(seqs.size, members.length);
      await Promise.all(sockets.map((socket) => socket.close()));
      assert.equal(program.output().stderr, "");
    } finally {
      await postgres.stop();
    }
  },
});
