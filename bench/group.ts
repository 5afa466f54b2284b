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
import { deno, runToEnd } from "./processes.ts";
import { postmasterPid, startParley, startRelay } from "./targets.ts";

const besideMs = 180_000;

/**
 * A group in which all are there and one writes: frames delivered a second, beside the relay, which
 * serializes a message once and hands it to the same sockets in a loop.
 */
export async function measureGroup(
  { group, rounds, seconds, warmupSeconds }: Options,
  postgres: TestPostgres,
  say: (what: string) => void,
): Promise<PartResult> {
  say(`making a group of ${group}`);
  const members = await makeAccounts(group);
  const conversationId = newId();
  const databaseUrl = await postgres.createDatabase();
  await prepare(databaseUrl, conversationId, members);
  const databasePid = await postmasterPid(databaseUrl);
  const parley = await startParley({ databaseUrl });
  const relay = await startRelay();

  const faults: string[] = [];
  const found: Record<"parley" | "relay", GroupOutcome[]> = { parley: [], relay: [] };
  for (let round = 1; round <= rounds; round++) {
    for (const [name, { url, pid }] of [["parley", parley], ["relay", relay]] as const) {
      say(`round ${round}: ${name}, a group of ${group}`);
      const plan: GroupPlan = {
        ...{ url, serverPid: pid, conversationId, members, warmupSeconds, seconds },
        databasePid: name === "parley" ? databasePid : undefined,
      };
      const answer = await runToEnd(
        deno(["--allow-all", "bench/group_load.ts"]),
        JSON.stringify(plan),
        (seconds + warmupSeconds) * 1000 + besideMs,
      );
      const outcome: GroupOutcome = JSON.parse(answer);
      found[name].push(outcome);
      faults.push(...outcome.faults.map((fault) => `${name}, a group of ${group}: ${fault}`));
    }
  }
  await Promise.all([parley.stop(), relay.stop()]);
  const rates = (of: GroupOutcome[]) => of.map(({ deliveriesPerSecond }) => deliveriesPerSecond);
  const isLimit = [...found.parley, ...found.relay].some(({ loadCores }) => loadCores >= 0.9);
  const comparison: Comparison = {
    what: `deliveries in a group of ${group}`,
    unit: "/s",
    values: rates(found.parley),
    beside: { name: "bare broadcast", values: rates(found.relay) },
    aim: { is: "at least", bound: 0.7 },
    caveat: isLimit ? "the load is at its own limit" : undefined,
  };
  return { comparisons: [comparison], faults };
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
