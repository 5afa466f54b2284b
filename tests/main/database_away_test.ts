/**
 * The database away, stalled, full of connections, read-only: what members meet, and that all goes
 * on by itself when it is back.
 *
 * @module
 */
import assert from "node:assert/strict";
import postgres from "postgres";
import { isReady, isTransient, openPostgres } from "@/db/database.ts";
import { migrate } from "@/db/migrate.ts";
import { createLog } from "@/utils/log.ts";
import { call, converse, TestSocket } from "../support/client.ts";
import { type OwnPostgres, startPostgres, testPostgresUrl } from "../support/postgres.ts";
import { startServer, type TestServer, type TestUser } from "../support/server.ts";
import type { ServerFrame } from "@/chat/protocol.ts";

const ignore = testPostgresUrl === undefined;

interface Scene {
  database: OwnPostgres;
  url: string;
  /** Two instances on one database. */
  servers: [TestServer, TestServer];
  /** Everything that both have logged. */
  lines: string[];
  ana: TestUser;
  ben: TestUser;
  conversationId: string;
  /** Ana's, on the first; Ben's, on the second. */
  here: TestSocket;
  there: TestSocket;
}

/** Two members on two instances, on a Postgres of their own that can be disturbed. */
function scene(name: string, run: (scene: Scene) => Promise<void>): void {
  Deno.test({
    name,
    ignore,
    async fn() {
      const rejections: unknown[] = [];
      const note = (event: PromiseRejectionEvent) => {
        event.preventDefault();
        rejections.push(event.reason);
      };
      addEventListener("unhandledrejection", note);
      const database = await startPostgres();
      try {
        const url = await database.createDatabase();
        const lines: string[] = [];
        const log = createLog("info", "json", (line) => lines.push(line));
        const start = async () => {
          const opened = await openPostgres(url);
          await migrate(opened.db);
          const mail = {
            PUBLIC_URL: "https://chat.example.com",
            EMAIL_FROM: "Parley <parley@example.com>",
            SMTP_URL: "smtp://127.0.0.1:1",
          };
          return await startServer({ database: opened, env: { DATABASE_URL: url, ...mail }, log });
        };
        await using first = await start();
        await using second = await start();
        const [ana, ben] = [await first.addUser("ana"), await first.addUser("ben")];
        const conversationId = await converse(first, ana, ben);
        const here = await TestSocket.connect(first, ana);
        const there = await TestSocket.connect(second, ben);
        const servers: [TestServer, TestServer] = [first, second];
        await here.say(conversationId, "Before");
        await there.next("new_message");
        await run({ database, url, servers, lines, ana, ben, conversationId, here, there });
        for (const socket of [here, there]) {
          assert.equal(socket.socket.readyState, WebSocket.OPEN);
          await socket.close();
        }
        assert.deepEqual(rejections, []);
      } finally {
        removeEventListener("unhandledrejection", note);
        await database.stop();
      }
    },
  });
}

/** Says it again and again under one client id, as the outbox does, until it is stored. */
async function insist(socket: TestSocket, conversationId: string, content: string) {
  const clientId = crypto.randomUUID();
  const answers: ServerFrame[] = [];
  for (const deadline = Date.now() + 60_000; Date.now() < deadline;) {
    const answer = await within(
      15_000,
      socket.request({
        type: "send_message",
        clientId,
        conversationId,
        content,
      }),
    );
    answers.push(answer);
    if (answer.type === "message_sent") return { message: answer.message, answers };
    assert.ok(answer.type === "error" && answer.code === "unavailable", JSON.stringify(answer));
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`Never sent: ${JSON.stringify(answers.at(-1))}`);
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Not answered within ${ms} ms`)), ms);
  });
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

async function until(what: string, look: () => Promise<boolean> | boolean): Promise<void> {
  for (const deadline = Date.now() + 40_000; Date.now() < deadline;) {
    if (await look()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`Waited in vain: ${what}`);
}

const status = async (server: TestServer, path: string, as?: TestUser) =>
  (await within(20_000, call(server, "GET", path, as ? { as } : {}))).status;

/** Asserts that everything goes on: writing, hearing across instances, presence, notices, the queue. */
async function assertRecovered(scene: Scene): Promise<void> {
  const { servers: [first, second], ana, conversationId, here, there } = scene;
  for (const server of [first, second]) {
    await until("ready", async () => await status(server, "/api/ready") === 200);
  }
  // What was said while nobody listened is brought by sync; what is said from now on is heard.
  // On both: each listens again in its own time.
  for (const [writer, hearer] of [[here, there], [there, here]] as const) {
    await until("heard on the other instance", async () => {
      const { message } = await insist(writer, conversationId, crypto.randomUUID());
      return await Promise.race([
        hearer.next("new_message", (frame) => frame.message.id === message.id).then(() => true),
        new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 1_500)),
      ]).catch(() => false);
    });
  }
  // Presence: somebody comes to the second instance, and the first is told.
  const cyd = await first.addUser("cyd");
  await call(first, "POST", "/api/messages/send", {
    as: cyd,
    body: { clientId: crypto.randomUUID(), recipientId: ana.id, content: "Hello" },
  });
  const come = await TestSocket.connect(second, cyd);
  await here.next("user_online", ({ userId }) => userId === cyd.id);
  await come.close();
  const path = `/api/messages/conversations/${conversationId}`;
  assert.equal(await status(second, path, ana), 200);
  await until("a notice", async () => {
    const rows = await first.chat.db.execute(`select 1 from notices limit 1`);
    return (rows as unknown as unknown[]).length > 0;
  });
}

scene("while the database is away sockets stay and sends are answered; then all goes on", async (
  scene,
) => {
  const { database, servers: [first, second], lines, ana, conversationId, here } = scene;
  await database.halt();
  const from = lines.length;
  const start = Date.now();
  const sending = insist(here, conversationId, "While it was away");
  for (const server of [first, second]) {
    assert.equal(await status(server, "/api/ready"), 503);
    assert.equal(await status(server, "/api/health"), 200);
    const path = `/api/messages/conversations/${conversationId}`;
    const answer = await within(20_000, call(server, "GET", path, { as: ana }));
    assert.equal(answer.status, 503);
    assert.equal(answer.body.code, "unavailable");
    assert.equal(answer.headers.get("retry-after"), "1");
  }
  const sync = await within(15_000, here.request({ type: "sync", heads: {} }));
  assert.ok(sync.type === "error" && sync.code === "unavailable");
  await new Promise((resolve) => setTimeout(resolve, 6_000));
  await database.resume();
  const { message, answers } = await sending;
  assert.ok(answers.length > 1);
  await assertRecovered(scene);
  const seconds = (Date.now() - start) / 1_000;
  const written = lines.length - from;
  console.log(`${written} log lines in ${seconds} s, two instances`);
  assert.ok(written < 30 + seconds * 12, `${written} lines in ${seconds} s`);
  // Stored once, though it was said many times.
  const rows = await first.chat.db.execute(
    `select 1 from messages where content = 'While it was away'`,
  );
  assert.equal((rows as unknown as unknown[]).length, 1);
  assert.equal(message.content, "While it was away");
});

scene("a database that stalls keeps nobody waiting, and goes on where it was", async (scene) => {
  const { database, servers: [first], ana, conversationId } = scene;
  await database.freeze();
  try {
    const path = `/api/messages/conversations/${conversationId}`;
    const [answer, ready, read] = await Promise.all([
      within(
        20_000,
        call(first, "POST", "/api/messages/send", {
          as: ana,
          body: { clientId: crypto.randomUUID(), conversationId, content: "Into the void" },
        }),
      ),
      status(first, "/api/ready"),
      status(first, path, ana),
    ]);
    assert.deepEqual([answer.status, ready, read], [503, 503, 503]);
  } finally {
    await database.thaw();
  }
  await assertRecovered(scene);
});

scene("without a free connection, or read-only, the database is waited for", async (scene) => {
  const { url, servers: [first], conversationId, here } = scene;
  const admin = postgres(url, { max: 1, onnotice: () => {} });
  const { pathname } = new URL(url);
  const name = pathname.slice(1);
  try {
    await admin.unsafe(`alter database "${name}" set default_transaction_read_only = on`);
    await admin`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = ${name} and pid <> pg_backend_pid()`;
    const refused = await here.request({
      type: "send_message",
      clientId: crypto.randomUUID(),
      conversationId,
      content: "Not now",
    });
    assert.ok(refused.type === "error" && refused.code === "unavailable", JSON.stringify(refused));
    await admin`set default_transaction_read_only = off`;
    await admin.unsafe(`alter database "${name}" reset default_transaction_read_only`);
    await admin`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = ${name} and pid <> pg_backend_pid()`;
    await insist(here, conversationId, "Writable again");

    // A limit on the database is as one on the server, for whoever is no superuser.
    await admin.unsafe(`create role member login`);
    await admin.unsafe(`alter database "${name}" connection limit 0`);
    const other = new URL(url);
    other.username = "member";
    const full = await openPostgres(other.href, 1);
    assert.equal(await isReady(full.db), false);
    const error = await full.db.execute("select 1").then(() => undefined, (error) => error);
    assert.ok(isTransient(error), String(error?.cause));
    await admin.unsafe(`alter database "${name}" connection limit -1`);
    await until("a connection", () => isReady(full.db));
    await full.close();
  } finally {
    await admin.end();
  }
  assert.equal(await status(first, "/api/ready"), 200);
  await assertRecovered(scene);
});
