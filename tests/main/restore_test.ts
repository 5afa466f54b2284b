/**
 * Backup and restore: what becomes of clients that have seen more than the restored database.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { HistoryResult, ServerFrame, SyncResult } from "@/chat/protocol.ts";
import {
  applyFrame,
  applyPage,
  applySync,
  type ChatState,
  emptyState,
} from "@/frontend/state/apply.ts";
import { headsOf } from "@/frontend/state/heads.ts";
import { openPostgres } from "@/db/database.ts";
import { migrate } from "@/db/migrate.ts";
import { watchEpoch } from "@/chat/epoch.ts";
import { selectEpoch } from "@/db/epoch.ts";
import { call, converse, TestSocket } from "../support/client.ts";
import { createTestDatabase, testPostgresUrl } from "../support/postgres.ts";
import { findPostgres } from "../support/postgres_binaries.ts";
import { startServer, type TestUser } from "../support/server.ts";
import { sql } from "drizzle-orm";

const ignore = testPostgresUrl === undefined;

/** A client that keeps what it holds, by the page's own rules, over servers that come and go. */
class Device {
  state: ChatState;
  constructor(readonly user: TestUser) {
    this.state = emptyState(user.id);
  }

  hear(frame: ServerFrame): void {
    this.state = applyFrame(this.state, frame).state;
  }

  /** Syncs until nothing is new, then loads the last page of what has none. */
  async sync(server: { url: string }): Promise<void> {
    for (let round = 0; round < 3; round++) {
      const { heads } = headsOf(this.state, null);
      const { status, body } = await call<SyncResult>(server, "POST", "/api/messages/sync", {
        as: this.user,
        body: { heads },
      });
      assert.equal(status, 200, JSON.stringify(body));
      this.state = applySync(this.state, body, heads).state;
    }
    for (const { view, window } of [...this.state.held.values()]) {
      if (window !== null) continue;
      const path = `/api/messages/${view.id}/messages`;
      const { body: page } = await call<HistoryResult>(server, "GET", path, { as: this.user });
      this.state = applyPage(this.state, {
        conversationId: view.id,
        place: "replace",
        page,
        rev: view.rev,
        epoch: undefined,
      }).state;
    }
  }

  /** All it holds, but for who happened to be there when it was loaded. */
  held() {
    return [...this.state.held.values()].map(({ view, ...held }) => ({
      ...held,
      view: {
        ...view,
        participants: view.participants.map(({ online: _, lastSeenAt: __, ...one }) => one),
      },
    }));
  }

  texts(conversationId: string): string[] {
    const held = this.state.held.get(conversationId);
    return held?.window?.messages.map(({ seq, content }) => `${seq} ${content}`) ?? [];
  }
}

/** Copies a database as an operator would: pg_dump into a new, empty one. */
async function backUpAndRestore(url: string): Promise<string> {
  const bin = await findPostgres();
  const hasDump = await Deno.stat(`${bin}/pg_dump`).then(() => true, () => false);
  // The npm package brings a server alone.
  if (!hasDump) return await createTestDatabase(url, url);
  const restored = await createTestDatabase(url);
  const file = await Deno.makeTempFile({ suffix: ".dump" });
  try {
    await run(`${bin}/pg_dump`, "--format=custom", `--file=${file}`, url);
    await run(`${bin}/pg_restore`, "--exit-on-error", `--dbname=${restored}`, file);
  } finally {
    await Deno.remove(file);
  }
  return restored;
}

async function run(command: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

async function start(url: string) {
  const database = await openPostgres(url);
  await migrate(database.db);
  return await startServer({ database, env: { DATABASE_URL: url } });
}

Deno.test({
  name: "clients that saw more than a restored database end with what it has, and lose no line",
  ignore,
  async fn() {
    const url = await createTestDatabase(testPostgresUrl!);
    let ana: TestUser, ben: TestUser, cyd: TestUser, id: string, quiet: string, gone: string;
    let device: Device;
    const unsent = crypto.randomUUID();
    {
      await using server = await start(url);
      [ana, ben, cyd] = [
        await server.addUser("ana"),
        await server.addUser("ben"),
        await server.addUser("cyd"),
      ];
      id = await converse(server, ana, ben);
      quiet = await converse(server, ana, cyd);
      const writer = await TestSocket.connect(server, ana);
      await writer.say(quiet, "kept");
      for (const text of ["one", "two", "three"]) await writer.say(id, text);
      await writer.close();
    }
    // Taken while nobody writes, so that what it holds is known.
    const backup = await backUpAndRestore(url);
    {
      await using server = await start(url);
      device = new Device(ana);
      await device.sync(server);
      const [mine, hers] = await Promise.all(
        [ana, ben].map((user) => TestSocket.connect(server, user)),
      );
      for (const text of ["four", "five", "six"]) {
        await hers!.say(id, text);
        device.hear(await mine!.next("new_message", ({ message }) => message.content === text));
      }
      mine!.send({ type: "mark_read", conversationId: id, seq: 6 });
      device.hear(await mine!.next("message_read"));
      // Begun after the backup: it will be no more.
      gone = await converse(server, ben, cyd);
      await hers!.say(gone, "lost with the disk");
      await Promise.all([mine!.close(), hers!.close()]);
    }
    assert.deepEqual(device.texts(id), ["1 one", "2 two", "3 three", "4 four", "5 five", "6 six"]);

    for (const written of [0, 2, 3, 5]) {
      // Nobody wrote since; fewer changes than were lost; as many; more.
      const database = await createTestDatabase(url, backup);
      await using server = await start(database);
      const mine = new Device(ana);
      mine.state = device.state;
      const hers = await TestSocket.connect(server, ben);
      const others = Array.from({ length: written }, (_, n) => `other ${n + 1}`);
      for (const text of others) await hers.say(id, text);
      if (written === 3) {
        // As many messages and as many marks as were lost: but for the epoch, nothing shows it.
        const elsewhere = await TestSocket.connect(server, ana);
        elsewhere.send({ type: "mark_read", conversationId: id, seq: 6 });
        await elsewhere.next("message_read");
        await elsewhere.close();
      }

      await mine.sync(server);
      const expected = ["one", "two", "three", ...others].map((text, n) => `${n + 1} ${text}`);
      assert.deepEqual(mine.texts(id), expected, `${written} written`);

      // What waited in the outbox goes out, once, though it is said twice.
      const socket = await TestSocket.connect(server, ana);
      for (let n = 0; n < 2; n++) {
        const answer = await socket.request({
          type: "send_message",
          clientId: unsent,
          conversationId: id,
          content: "unsent",
        });
        assert.ok(answer.type === "message_sent");
        mine.hear(answer);
      }
      assert.deepEqual(mine.texts(id), [...expected, `${written + 4} unsent`]);
      const lost = await socket.request({
        type: "send_message",
        clientId: crypto.randomUUID(),
        conversationId: gone,
        content: "to nobody",
      });
      assert.ok(lost.type === "error" && lost.code === "not_found");

      // Once more, and it equals what a client that never was here before loads.
      await mine.sync(server);
      const fresh = new Device(ana);
      await fresh.sync(server);
      assert.deepEqual(mine.held(), fresh.held(), `${written} written`);
      assert.deepEqual(mine.texts(quiet), ["1 kept"]);
      await Promise.all([hers.close(), socket.close()]);
    }
  },
});

Deno.test({
  name: "a restore without a new epoch is noticed by clients that are ahead, and made up for",
  ignore,
  async fn() {
    const url = await createTestDatabase(testPostgresUrl!);
    await using server = await start(url);
    const [ana, ben] = [await server.addUser("ana"), await server.addUser("ben")];
    const id = await converse(server, ana, ben);
    const socket = await TestSocket.connect(server, ben);
    for (const text of ["one", "two", "three"]) await socket.say(id, text);
    const device = new Device(ana);
    await device.sync(server);
    // As a disk that was set back would have it: nothing shows it but the numbers.
    const other = await openPostgres(url, 1);
    await other.db.execute(sql`delete from messages where seq > 1`);
    await other.db.execute(sql`update conversations set rev = 1, last_seq = 1`);
    await other.close();
    await device.sync(server);
    assert.deepEqual(device.texts(id), ["1 one"]);
    const fresh = new Device(ana);
    await fresh.sync(server);
    assert.deepEqual(device.held(), fresh.held());
    await socket.close();
  },
});

Deno.test({
  name: "the epoch stays over restarts and migrations, and is another after any restore",
  ignore,
  async fn() {
    const url = await createTestDatabase(testPostgresUrl!);
    const epochOf = async (url: string) => {
      const database = await openPostgres(url, 1);
      await migrate(database.db);
      const epoch = await selectEpoch(database.db);
      await database.close();
      return epoch;
    };
    const first = await epochOf(url);
    assert.equal(await epochOf(url), first);
    const restored = await backUpAndRestore(url);
    const copied = await createTestDatabase(url, url);
    const epochs = [first, await epochOf(restored), await epochOf(copied)];
    assert.equal(new Set(epochs).size, 3);

    // Into the same database, as `pg_restore --data-only` would after emptying it.
    const database = await openPostgres(url, 1);
    await database.db.execute(sql`truncate conversations cascade`);
    assert.notEqual(await selectEpoch(database.db), first);
    await database.close();
  },
});

Deno.test({
  name: "where the server keeps to itself which one it is, the epoch does without",
  ignore,
  async fn() {
    const url = await createTestDatabase(testPostgresUrl!);
    const database = await openPostgres(url, 1);
    await migrate(database.db);
    const role = `ordinary_${crypto.randomUUID().slice(0, 8)}`;
    const run = (statement: string) => database.db.execute(sql.raw(statement));
    // As rented servers refuse them. The rights are those of this database alone.
    await run(
      `revoke execute on function pg_control_system(), pg_walfile_name(pg_lsn) from public`,
    );
    await run(`create role ${role} login password 'ordinary'`);
    try {
      await run(`grant select on all tables in schema public to ${role}`);
      const address = Object.assign(new URL(url), { username: role, password: "ordinary" });
      const told = await selectEpoch(database.db);
      const ordinary = await openPostgres(address.href, 1);
      const epoch = await ordinary.epoch();
      assert.equal(await ordinary.epoch(), epoch);
      assert.notEqual(epoch, told);
      await run("truncate conversations cascade");
      assert.notEqual(await ordinary.epoch(), epoch);
      await ordinary.close();
    } finally {
      await run(`drop owned by ${role}`);
      await run(`drop role ${role}`);
      await database.close();
    }
  },
});

Deno.test({
  name: "a database that is replaced under a running server has its clients start anew",
  ignore,
  async fn() {
    const url = await createTestDatabase(testPostgresUrl!);
    await using server = await start(url);
    const ana = await server.addUser("ana");
    const socket = await TestSocket.connect(server, ana);
    const before = server.chat.epoch.current;
    await watchEpoch(server.chat);
    assert.equal(server.chat.epoch.current, before);
    // What the operator does after setting back a disk; see docs/operations.md.
    await server.chat.db.execute(sql`delete from server_secrets where name = 'epoch'`);
    assert.equal((await socket.closed).code, 1012);
    assert.notEqual(server.chat.epoch.current, before);
  },
});
