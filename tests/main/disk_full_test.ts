/**
 * The database's disk is full for a while.
 *
 * @module
 */
import assert from "node:assert/strict";
import postgres from "postgres";
import type { HistoryResult } from "@/chat/protocol.ts";
import { openPostgres } from "@/db/database.ts";
import { migrate } from "@/db/migrate.ts";
import { call, converse, TestSocket } from "../support/client.ts";
import { startPostgres, testPostgresUrl } from "../support/postgres.ts";
import { startServer } from "../support/server.ts";
import { canMount, mountSmallDisk } from "../support/small_disk.ts";

Deno.test({
  name: "while the disk is full sends wait, and once there is room all of them are stored once",
  ignore: testPostgresUrl === undefined,
  async fn() {
    if (!canMount) return console.error("Not tried: a full disk. Nothing can be mounted here");
    await using disk = await mountSmallDisk(64);
    const cluster = await startPostgres();
    const admin = postgres(cluster.url, { max: 1, onnotice: () => {} });
    try {
      const [{ folder }] =
        await admin`select current_setting('data_directory') as folder` as unknown as [
          { folder: string },
        ];
      const owner = await Deno.stat(folder);
      const space = `${disk.folder}/space`;
      await Deno.mkdir(space, { mode: 0o700 });
      await Deno.chown(space, owner.uid, owner.gid);
      await admin.unsafe(`create tablespace small location '${space}'`);
      await admin.unsafe(`create database crowded tablespace small`);
      const url = Object.assign(new URL(cluster.url), { pathname: "/crowded" }).href;
      const database = await openPostgres(url);
      await migrate(database.unhurried);
      await using server = await startServer({ database, env: { DATABASE_URL: url } });
      const [ana, ben] = [await server.addUser("ana"), await server.addUser("ben")];
      const conversationId = await converse(server, ana, ben);
      const [here, there] = [
        await TestSocket.connect(server, ana),
        await TestSocket.connect(server, ben),
      ];
      const send = (clientId: string, content: string) =>
        here.request({ type: "send_message", clientId, conversationId, content });
      const stored: string[] = [];
      const say = async (clientId: string, content: string) => {
        const answer = await send(clientId, content);
        if (answer.type === "message_sent") return void stored.push(content);
        assert.ok(answer.type === "error", JSON.stringify(answer));
        return answer;
      };
      assert.equal(await say(crypto.randomUUID(), "before"), undefined);

      await disk.fill();
      // What Postgres has taken already has room for some, and random text cannot be compressed.
      const waiting: { clientId: string; content: string }[] = [];
      for (let n = 0; waiting.length < 3; n++) {
        assert.ok(n < 200, "The disk never was full");
        const one = { clientId: crypto.randomUUID(), content: randomText(7_900) };
        const refused = await say(one.clientId, one.content);
        if (refused === undefined) continue;
        assert.equal(refused.code, "unavailable", JSON.stringify(refused));
        assert.equal(refused.retryAfter, 1);
        waiting.push(one);
      }
      for (const { clientId, content } of waiting) {
        assert.equal((await say(clientId, content))?.code, "unavailable");
      }
      assert.equal((await call(server, "GET", "/api/health")).status, 200);
      const path = `/api/messages/${conversationId}/messages?limit=100`;
      assert.equal((await call(server, "GET", path, { as: ben })).status, 200, "It can be read");

      await disk.free();
      for (const { clientId, content } of waiting) {
        assert.equal(await say(clientId, content), undefined);
        // Once more, as a client whose answer was lost: it stays one.
        assert.equal((await send(clientId, content)).type, "message_sent");
      }
      assert.equal(await say(crypto.randomUUID(), "after"), undefined);
      await there.next("new_message", ({ message }) => message.content === "after");
      const messages: HistoryResult["messages"] = [];
      for (let more = true; more;) {
        const { body } = await call<HistoryResult>(
          server,
          "GET",
          `${path}&after=${messages.at(-1)?.seq ?? 0}`,
          { as: ben },
        );
        messages.push(...body.messages);
        more = body.hasAfter;
      }
      assert.deepEqual(messages.map(({ seq }) => seq), messages.map((_, n) => n + 1));
      assert.deepEqual(messages.map(({ content }) => content), stored);
      await Promise.all([here.close(), there.close()]);
    } finally {
      await admin.end();
      await cluster.stop();
    }
  },
});

function randomText(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  return [...bytes].map((byte) => String.fromCharCode(33 + byte % 94)).join("");
}
