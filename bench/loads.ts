import type { Outcome, Pair, Plan } from "./load/plan.ts";
import type { Options } from "./options.ts";
import { deno, runToEnd } from "./processes.ts";
import type { LoadResult } from "./results.ts";
import type { Target } from "./targets.ts";

/** What opening, settling and closing may take beside the measuring. */
const besideMs = 60_000;

/** A target under one load; keeps what is found in each round. */
export interface Load {
  target: Target;
  result: LoadResult;
  faults: string[];
}

/** Every target under every load, in the order in which to run them. */
export function makeLoads(targets: Target[], options: Options): Load[] {
  const kinds = [
    ...options.windows.flatMap((window) =>
      (options.marks ? [false, true] : [false]).map((marks) => ({ window, rate: undefined, marks }))
    ),
    ...options.rates.map((rate) => ({ window: undefined, rate, marks: false })),
  ];
  return kinds.flatMap((kind) =>
    targets.filter(({ protocol }) => !kind.marks || protocol === "parley").map((target) => ({
      target,
      result: { target: target.name, role: target.role, ...kind, rounds: [] },
      faults: [],
    }))
  );
}

/** Runs a load once, in a process of its own, and notes what it found. */
export async function runLoad(load: Load, pairs: Pair[], options: Options): Promise<void> {
  const { target, result: { window, rate, marks, rounds } } = load;
  const { seconds, warmupSeconds } = options;
  const plan: Plan = {
    protocol: target.protocol,
    url: target.server.url,
    serverPid: target.server.pid,
    databasePid: target.databasePid,
    ...{ pairs, window, rate, marks, seconds, warmupSeconds },
  };
  const limitMs = (seconds + warmupSeconds) * 1000 + besideMs;
  const program = deno(["--allow-all", "bench/load.ts"]);
  const run = () => runToEnd(program, JSON.stringify(plan), limitMs);
  // Where others keep the machine busy, a server may be too slow to let all members in.
  const answer = await run().catch(run);
  const outcome: Outcome = JSON.parse(answer);
  rounds.push(outcome);
  target.acknowledged += outcome.acknowledged;
  const faults = [...outcome.faults];
  // What the peer leaves to chance is told in its row.
  if (outcome.outOfOrder > 0 && target.role !== "peer") {
    faults.push(`${outcome.outOfOrder} delivered out of order`);
  }
  load.faults.push(...faults.map((fault) => `${target.name}, ${kindOf(load.result)}: ${fault}`));
}

/** How a load is named beside its target. */
export function kindOf({ window, rate }: Pick<LoadResult, "window" | "rate">): string {
  return rate === undefined ? `W=${window}` : `${rate}/s`;
}

/** Stops the servers and looks whether all they acknowledged is there. @returns what is not */
export async function countRows(targets: Target[]): Promise<string[]> {
  const faults: string[] = [];
  for (const { name, acknowledged, countStored } of targets) {
    const stored = await countStored?.();
    if (stored !== undefined && stored !== acknowledged) {
      faults.push(`${name} acknowledged ${acknowledged} messages and stored ${stored}`);
    }
  }
  return faults;
}
