import type { TestPostgres } from "@/tests/support/postgres.ts";
import type { PartResult } from "./comparison.ts";
import type { IdlePlan } from "./idle_load.ts";
import type { Options } from "./options.ts";
import { deno, type Running, runToEnd } from "./processes.ts";
import { openMembers, startBare, startParley } from "./targets.ts";

const limitMs = 300_000;

/** The memory that a connected member costs who does nothing, beside a bare socket on Deno. */
export async function measureIdle(
  { idle, rounds }: Options,
  postgres: TestPostgres,
  say: (what: string) => void,
): Promise<PartResult> {
  say(`making ${idle} members`);
  const { members, databaseUrl } = await openMembers(idle, postgres);

  const measure = async (server: Running) => {
    const plan: IdlePlan = { url: server.url, serverPid: server.pid, members };
    const program = deno(["--allow-all", "bench/idle_load.ts"]);
    const answer = await runToEnd(program, JSON.stringify(plan), limitMs);
    await server.stop();
    return Number(answer) / 1000;
  };
  const [values, bare]: [number[], number[]] = [[], []];
  for (let round = 1; round <= rounds; round++) {
    say(`round ${round}: ${idle} idle members`);
    values.push(await measure(await startParley({ databaseUrl })));
    bare.push(await measure(await startBare()));
  }
  return {
    comparisons: [{
      what: `memory of an idle member, of ${idle}`,
      unit: "kB",
      values,
      beside: { name: "bare socket", values: bare },
      aim: { is: "at most", bound: 1.3 },
    }],
    faults: [],
  };
}
