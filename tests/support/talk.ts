/**
 * Two members who write to each other on a server's process while others do it harm, and who must
 * notice nothing of that but delay.
 *
 * @module
 */
import assert from "node:assert/strict";
import { openPostgres } from "@/db/database.ts";
import { migrate } from "@/db/migrate.ts";
import { converse } from "./client.ts";
import { Device } from "./device.ts";
import { addMembers } from "./members.ts";
import { memoryOf } from "./memory.ts";
import { createTestDatabase, testPostgresUrl } from "./postgres.ts";
import { startProgram } from "./process.ts";
import { testSecret, type TestUser } from "./server.ts";
import { until } from "./until.ts";

/** What can be said of a talk while it goes on. */
export interface Talk {
  server: { url: string };
  /** Members who have no part in it. */
  others: TestUser[];
  /** Resolves when the two have said so many messages more. */
  goesOn(times: number): Promise<void>;
  /** MiB that the server's process holds now. */
  memory(): Promise<number>;
  /** How many connections and files the server's process has open. */
  openFiles(): number;
}

export interface TalkOptions {
  env?: Record<string, string>;
  others?: number;
  /** MiB that the server's process may take beyond what it had before. */
  growth: number;
  /** How often the two may be cut off: on a busy machine one may answer the guard too late. */
  reconnects?: number;
}

/** Where such tests can run: they need a Postgres, and Linux to see a process's connections. */
export const cannotTalk = testPostgresUrl === undefined || Deno.build.os !== "linux";

/** Has two members talk while `harm` is done. Prints what it took. */
export async function withTalk(
  options: TalkOptions,
  harm: (talk: Talk) => Promise<void>,
): Promise<void> {
  const databaseUrl = await createTestDatabase(testPostgresUrl as string);
  const database = await openPostgres(databaseUrl);
  await migrate(database.db);
  const members = await addMembers(database.db, 2 + (options.others ?? 1));
  await database.close();
  const [ana, jonas, ...others] = members as [TestUser, TestUser, ...TestUser[]];

  await using program = startProgram("start", {
    DATABASE_URL: databaseUrl,
    JWT_SECRET: testSecret,
    RATE_LIMIT_SCALE: "50",
    ...options.env,
  });
  const server = { url: await program.ready };
  const conversationId = await converse(server, ana, jonas);
  const devices = [new Device(server, ana), new Device(server, jonas)] as const;
  for (const device of devices) await device.request({ type: "ping" });

  const memory = () => memoryOf(program.pid);
  const before = await memory();
  let [said, highest, slowest, over] = [0, before, 0, false];
  const talking = (async () => {
    while (!over) {
      const frame = {
        type: "send_message",
        clientId: crypto.randomUUID(),
        conversationId,
      } as const;
      const start = performance.now();
      const device = devices[said % 2] as Device;
      const sent = await device.request({ ...frame, content: `message ${++said}` });
      // In its place, and once: what was cut off is repeated.
      assert.equal(sent.type === "message_sent" && sent.message.seq, said, JSON.stringify(sent));
      slowest = Math.max(slowest, performance.now() - start);
      highest = Math.max(highest, await memory());
    }
  })();
  const failed = talking.then(() => {
    if (!over) throw new Error("The talk is over");
  });
  failed.catch(() => {});
  try {
    await Promise.race([
      failed.then(() => new Promise(() => {})),
      harm({
        server,
        others,
        memory,
        async goesOn(times) {
          const enough = said + times;
          await until(() => said >= enough);
        },
        openFiles: () => [...Deno.readDirSync(`/proc/${program.pid}/fd`)].length,
      }),
    ]);
  } finally {
    over = true;
  }
  await talking;
  const [mbBefore, mbHighest, ms] = [before, highest, slowest].map(Math.round);
  console.log(
    `${said} messages, the slowest in ${ms} ms; ${mbBefore} MiB before, ${mbHighest} MiB at most`,
  );
  assert.ok(highest - before < options.growth, `Grew by ${highest - before} MiB`);
  const cut = devices.flatMap((device) => device.closeCodes);
  assert.ok(cut.length <= (options.reconnects ?? 0), `Cut off with ${cut.join(", ")}`);
  for (const device of devices) await device.close();
  assert.equal(program.output().stderr, "");
  const errors = program.output().stdout.split("\n").filter((line) => line.includes('"error"'));
  assert.deepEqual(errors, []);
}
