import assert from "node:assert/strict";
import { sql } from "drizzle-orm";
import type { ServerFrame } from "@/chat/protocol.ts";
import { call, converse, TestSocket } from "../support/client.ts";
import { startServer, testDatabases } from "../support/server.ts";

for (const { name, open, ignore } of testDatabases) {
  Deno.test({
    name: `one message that the database refuses does not take the others with it (${name})`,
    ignore,
    async fn() {
      await using server = await startServer({ database: await open() });
      const [ana, jonas] = [await server.addUser("ana"), await server.addUser("jonas")];
      const conversationId = await converse(server, ana, jonas);
      await server.chat.db.execute(
        sql`alter table messages add constraint refused check (content <> 'refused')`,
      );
      const socket = await TestSocket.connect(server, ana);
      const answers = await Promise.all(["one", "refused", "two", "refused", "three"].map(
        (content) =>
          socket.request({
            type: "send_message",
            clientId: crypto.randomUUID(),
            conversationId,
            content,
          }),
      ));
      const told = (frame: ServerFrame) =>
        frame.type === "message_sent"
          ? frame.message.seq
          : frame.type === "error"
          ? frame.code
          : undefined;
      assert.deepEqual(answers.map(told), [1, "internal", 2, "internal", 3]);
      await socket.close();
    },
  });
}

Deno.test("while the database is away a send is answered as retriable, and succeeds later", async () => {
  const database = await testDatabases[0]!.open();
  await using server = await startServer({ database });
  const [ana, jonas] = [await server.addUser("ana"), await server.addUser("jonas")];
  const conversationId = await converse(server, ana, jonas);
  const send = () =>
    call<{ code?: string }>(server, "POST", "/api/messages/send", {
      as: ana,
      body: { clientId: "0190a0e5-0000-7000-8000-000000000001", conversationId, content: "Hi" },
    });
  // As Postgres says it while it shuts down.
  await database.db.execute(sql`
    create function away() returns trigger language plpgsql as
    $$ begin raise exception 'terminating connection' using errcode = '57P01'; end $$`);
  await database.db.execute(
    sql`create trigger away before insert on messages for each row execute function away()`,
  );
  const refused = await send();
  assert.equal(refused.status, 503);
  assert.equal(refused.body.code, "unavailable");
  assert.equal(refused.headers.get("retry-after"), "1");
  await database.db.execute(sql`drop trigger away on messages`);
  assert.equal((await send()).status, 201);
  assert.equal((await send()).status, 200);
});
