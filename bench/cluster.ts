import { canCluster, openCluster } from "@/cluster/cluster.ts";
import type { TestPostgres } from "@/tests/support/postgres.ts";
import { secret, tokenSeconds } from "./accounts.ts";
import type { PartResult } from "./comparison.ts";
import type { Outcome, Plan } from "./load/plan.ts";
import type { Options } from "./options.ts";
import { deno, runToEnd } from "./processes.ts";
import { openMembers } from "./targets.ts";

/** As many for each member as in the fuller of the usual loads. */
const window = 5;
const besideMs = 60_000;

/**
 * Messages through several processes behind HAProxy with Redis between them, beside the same
 * through one: two who talk are rarely on the same.
 */
export async function measureCluster(
  { members, rounds, seconds, warmupSeconds }: Options,
  postgres: TestPostgres,
  say: (what: string) => void,
): Promise<PartResult> {
  if (!canCluster) return { comparisons: [], faults: ["cluster: needs redis-server and haproxy"] };
  const faults: string[] = [];
  await using clusters = new AsyncDisposableStack();
  const open = async (processes: number) => {
    say(`starting ${processes} behind HAProxy`);
    const { pairs, databaseUrl } = await openMembers(members, postgres);
    const { url, servers } = clusters.use(
      await openCluster(processes, {
        DATABASE_URL: databaseUrl,
        JWT_SECRET: secret,
        TOKEN_TTL_SECONDS: String(tokenSeconds),
        RATE_LIMIT_SCALE: "1000000",
      }),
    );
    const plan: Plan = {
      ...{ protocol: "parley", url, pairs, window, seconds, warmupSeconds },
      serverPid: servers[0]!.program.pid,
      rate: undefined,
      marks: false,
    };
    return async () => {
      const program = deno(["--allow-all", "bench/load.ts"]);
      const limitMs = (seconds + warmupSeconds) * 1000 + besideMs;
      const outcome: Outcome = JSON.parse(await runToEnd(program, JSON.stringify(plan), limitMs));
      faults.push(...outcome.faults.map((fault) => `${processes} processes: ${fault}`));
      return outcome.perSecond;
    };
  };
  const [one, three] = [await open(1), await open(3)];
  const [single, several]: [number[], number[]] = [[], []];
  for (let round = 1; round <= rounds; round++) {
    say(`round ${round}: through one process, and through three`);
    single.push(await one());
    several.push(await three());
  }
  return {
    comparisons: [{
      what: "messages through three processes",
      unit: "/s",
      values: several,
      beside: { name: "one process", values: single },
    }],
    faults,
  };
}
