/**
 * Hostile input to a real server: frames and requests made from the protocol's schemas, right, nearly
 * right and garbage, of many members at once, each of which must be answered as the contract says.
 *
 * @module
 */
import assert from "node:assert/strict";
import { clientFrames, limits } from "@/chat/protocol.ts";
import { type OpenDatabase, openEmbedded, openPostgres } from "@/db/database.ts";
import { migrate } from "@/db/migrate.ts";
import fc from "fast-check";
import { makeCheckout } from "../support/checkout.ts";
import { addMembers } from "../support/members.ts";
import { memoryOf } from "../support/memory.ts";
import type { Program } from "../support/process.ts";
import { testSecret, type TestUser } from "../support/server.ts";
import { checkDatabase } from "./invariants.ts";
import { request, requests } from "./requests.ts";
import { garbage, nearlyValid, valid, type World } from "./schemas.ts";
import { FuzzSocket, type Input } from "./sockets.ts";
import { makeWorld, viewOf } from "./world.ts";

/** Members who send, each on a lane of their own. */
const lanes = 8;
/** Frames sent at once before their answers are waited for, and the requests that follow them. */
const batch = { frames: 25, requests: 2 };
/** This share of the inputs comes before memory is measured. */
const warmUp = 0.25;

export interface FuzzOptions {
  seed: number;
  /** How many inputs: frames and requests together. */
  inputs: number;
  /** An empty database of a Postgres server; undefined: the embedded one. */
  databaseUrl: string | undefined;
  /** Told now and then how far it has come. */
  report?: (line: string) => void;
}

export interface FuzzFigures {
  frames: number;
  requests: number;
  /** Sockets that the server ended, as it must, for frames that were binary or too big. */
  ended: number;
  seconds: number;
  /** MiB of the server's process, when it was warm and at the end. */
  memory: { before: number; after: number };
}

/** @throws if anything is not as the contract says, with the input that did it */
export async function fuzz(options: FuzzOptions): Promise<FuzzFigures> {
  const { seed, databaseUrl } = options;
  await using checkout = await makeCheckout();
  if (databaseUrl === undefined) await Deno.mkdir(`${checkout.folder}/data`);
  const open = () =>
    databaseUrl === undefined
      ? openEmbedded(`${checkout.folder}/data/postgres`)
      : openPostgres(databaseUrl);
  const [ana, ben, ...members] = await withDatabase(open, async ({ db }) => {
    await migrate(db);
    return await addMembers(db, lanes + 2);
  }) as [TestUser, TestUser, ...TestUser[]];

  await using program = checkout.start("start", {
    JWT_SECRET: testSecret,
    RATE_LIMIT_SCALE: "100000",
    ...databaseUrl !== undefined && { DATABASE_URL: databaseUrl },
  });
  const server = { url: await program.ready };
  const good = new Set(members.map(({ token }) => token));
  const world = await makeWorld(server, members, [ana, ben]);
  const strangers = await viewOf(server, ana, world.strangersId);
  const start = performance.now();
  const seconds = () => Math.round((performance.now() - start) / 100) / 10;
  const count = { frames: 0, requests: 0, ended: 0 };

  /** One member's inputs, until there were enough of all. */
  async function lane(index: number, seedOfLane: number, until: number): Promise<void> {
    const { token } = members[index] as TestUser;
    const frame = frames(world);
    const call = requests(world, token);
    let socket = await FuzzSocket.open(server.url, token);
    for (let round = 0; count.frames + count.requests < until; round++) {
      const seedOfRound = seedOfLane + round * lanes;
      try {
        const { sent, ended } = await socket.send(sample(frame, seedOfRound, batch.frames));
        count.frames += sent;
        if (ended) {
          count.ended++;
          socket = await FuzzSocket.open(server.url, token);
        }
        const calls = sample(call, seedOfRound, batch.requests);
        await Promise.all(calls.map((one) => request(server.url, good, one)));
        count.requests += calls.length;
      } catch (error) {
        throw new Error(`Member ${index}, round ${round}, seed ${seed}`, { cause: error });
      }
      if (index === 0 && round % 100 === 99) {
        const memory = Math.round(await memoryOf(program.pid));
        options.report?.(`${JSON.stringify(count)} in ${seconds()} s, ${memory} MiB`);
      }
    }
    await socket.close();
  }

  const all = (first: number, until: number) =>
    Promise.all(members.map((_, index) => lane(index, first + index, until)));
  const memory = async () => Math.round(await memoryOf(program.pid));
  await all(seed * 1_000_000, options.inputs * warmUp);
  const before = await memory();
  await all(seed * 1_000_000 + 500_000, options.inputs);
  const figures = { ...count, seconds: seconds(), memory: { before, after: await memory() } };

  assert.deepEqual(
    await viewOf(server, ana, world.strangersId),
    strangers,
    "Strangers are as before",
  );
  await stop(program);
  await withDatabase(open, ({ db }) => checkDatabase(db));
  return figures;
}

/** The frames that members send. */
function frames(world: World): fc.Arbitrary<Input> {
  const right = fc.tuple(
    fc.oneof(...Object.values(clientFrames).map((schema) => valid(schema, world))),
    fc.uuid(),
    // With an id, so that it is clear what an answer belongs to; it may be what is wrong then.
  ).map(([frame, id]) => ({ ...frame as object, id }));
  const text = fc.oneof(
    { weight: 2, arbitrary: right.map((frame) => JSON.stringify(frame)) },
    { weight: 2, arbitrary: nearlyValid(right) },
    { weight: 1, arbitrary: garbage(right) },
  );
  const ending: fc.Arbitrary<Input> = fc.oneof(
    fc.uint8Array({ maxLength: 100 }).map((bytes): Input => new Uint8Array(bytes)),
    fc.nat(5_000).map((more): Input => "ü".repeat(limits.frameBytes / 2 + 1 + more)),
  );
  return fc.oneof({ weight: 400, arbitrary: text as fc.Arbitrary<Input> }, {
    weight: 1,
    arbitrary: ending,
  });
}

function sample<T>(arbitrary: fc.Arbitrary<T>, seed: number, numRuns: number): T[] {
  return fc.sample(arbitrary, { seed, numRuns });
}

/** It ends in order, and has complained of nothing. */
async function stop(program: Program): Promise<void> {
  program.kill("SIGTERM");
  const code = await program.exited;
  const { stdout, stderr } = program.output();
  assert.deepEqual([code, stderr], [0, ""], stdout);
  const lines = stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  assert.deepEqual(lines.filter(({ level }) => level === "error"), []);
}

async function withDatabase<T>(
  open: () => Promise<OpenDatabase>,
  work: (database: OpenDatabase) => Promise<T>,
): Promise<T> {
  const database = await open();
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}
