import { insertConversation } from "@/db/conversations.ts";
import { openPostgres } from "@/db/database.ts";
import { migrate } from "@/db/migrate.ts";
import type { TestPostgres } from "@/tests/support/postgres.ts";
import { newId } from "@/utils/ids.ts";
import { insertMember, makeAccounts } from "./accounts.ts";
import type { Comparison, PartResult } from "./comparison.ts";
import type { GroupOutcome, GroupPlan } from "./group_load.ts";
import type { Account } from "./load/plan.ts";
import type { Options } from "./options.ts";
import { fullCore } from "./results.ts";
import { deno, runToEnd } from "./processes.ts";
import { postmasterPid, startParley, startRelay } from "./targets.ts";

const besideMs = 180_000;

/**
 * A group in which all are there and one writes: frames delivered a second, beside the relay, which
 * serializes a message once and hands it to the same sockets in a loop.
 */
export async function measureGroup(
  options: Options,
  postgres: TestPostgres,
  say: (what: string) => void,
): Promise<PartResult> {
  const { group, rounds } = options;
  say(`making a group of ${group}`);
  await using measured = await openGroup(options, postgres, group);
  const found: Record<Kind, GroupOutcome[]> = { parley: [], relay: [] };
  for (let round = 1; round <= rounds; round++) {
    for (const kind of kinds) {
      say(`round ${round}: ${kind}, a group of ${group}`);
      found[kind].push(await measured.run(kind));
    }
  }
  const rates = (kind: Kind) => found[kind].map(({ deliveriesPerSecond }) => deliveriesPerSecond);
  const outcomes = [...found.parley, ...found.relay];
  const isLimit = outcomes.some(({ loadCores }) => loadCores >= fullCore);
  const comparison: Comparison = {
    what: `deliveries in a group of ${group}`,
    unit: "/s",
    values: rates("parley"),
    beside: { name: "bare broadcast", values: rates("relay") },
    aim: { is: "at least", bound: 0.7 },
    caveat: isLimit ? "the load is at its own limit" : undefined,
  };
  return { comparisons: [comparison], faults: outcomes.flatMap(({ faults }) => faults) };
}

export const kinds = ["parley", "relay"] as const;
export type Kind = typeof kinds[number];

/** A server of each kind with a group of that size, all of whom come for each run. */
export async function openGroup(
  { seconds, warmupSeconds }: Pick<Options, "seconds" | "warmupSeconds">,
  postgres: TestPostgres,
  size: number,
): Promise<{ run(kind: Kind): Promise<GroupOutcome> } & AsyncDisposable> {
  const members = await makeAccounts(size);
  const conversationId = newId();
  const databaseUrl = await postgres.createDatabase();
  await prepare(databaseUrl, conversationId, members);
  const databasePid = await postmasterPid(databaseUrl);
  const servers = { parley: await startParley({ databaseUrl }), relay: await startRelay() };
  return {
    async run(kind) {
      const { url, pid } = servers[kind];
      const plan: GroupPlan = {
        ...{ url, serverPid: pid, conversationId, members, warmupSeconds, seconds },
        databasePid: kind === "parley" ? databasePid : undefined,
      };
      const answer = await runToEnd(
        deno(["--allow-all", "bench/group_load.ts"]),
        JSON.stringify(plan),
        (seconds + warmupSeconds) * 1000 + besideMs,
      );
      return JSON.parse(answer);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([servers.parley.stop(), servers.relay.stop()]);
    },
  };
}

async function prepare(
  databaseUrl: string,
  conversationId: string,
  members: Account[],
): Promise<void> {
  const { db, close } = await openPostgres(databaseUrl, 1);
  await migrate(db);
  await db.transaction(async (tx) => {
    for (const { id } of members) await insertMember(tx, id);
    const now = new Date();
    await insertConversation(tx, {
      id: conversationId,
      kind: "group",
      title: "All of us",
      createdBy: members[0]!.id,
      createdAt: now,
      lastMessageAt: now,
    }, members.map(({ id }) => id));
  });
  await close();
}
