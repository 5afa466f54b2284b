import type { Outcome, Pair, Plan } from "./load/plan.ts";
import type { Options } from "./options.ts";
import { runToEnd } from "./processes.ts";
import type { LoadResult } from "./results.ts";
import type { Target } from "./targets.ts";

/** What opening, settling and closing may take beside the measuring. */
const besideMs = 40_000;

/** A target under one load; keeps what is found in each round. */
export interface Load {
  target: Target;
  result: LoadResult;
  faults: string[];
}

/** Every target under every load, in the order in which to run them. */
export function makeLoads(targets: Target[], options: Options): Load[] {
  const kinds = options.windows.flatMap((window) =>
    (options.marks ? [false, true] : [false]).map((marks) => ({ window, marks }))
  );
  return kinds.flatMap((kind) =>
    targets.map((target) => ({
      target,
      result: { target: target.name, ceiling: target.ceiling, ...kind, rounds: [] },
      faults: [],
    }))
  );
}

/** Runs a load once, in a process of its own, and notes what it found. */
export async function runLoad(load: Load, pairs: Pair[], options: Options): Promise<void> {
  const { target, result: { window, marks, rounds } } = load;
  const { seconds, warmupSeconds } = options;
  const plan: Plan = {
    url: target.server.url,
    serverPid: target.server.pid,
    databasePid: target.databasePid,
    ...{ pairs, window, marks, seconds, warmupSeconds },
  };
  const limitMs = (seconds + warmupSeconds) * 1000 + besideMs;
  const answer = await runToEnd(["--allow-all", "bench/load.ts"], JSON.stringify(plan), limitMs);
  const outcome: Outcome = JSON.parse(answer);
  rounds.push(outcome);
  target.acknowledged += outcome.acknowledged;
  load.faults.push(...outcome.faults.map((fault) => `${target.name}, W=${window}: ${fault}`));
}

/** Stops the servers and looks whether all they acknowledged is there. @returns what is not */
export async function countRows(targets: Target[]): Promise<string[]> {
  const faults: string[] = [];
  for (const { name, server, acknowledged, countStored } of targets) {
    await server.stop();
    const stored = await countStored?.();
    if (stored !== undefined && stored !== acknowledged) {
      faults.push(`${name} acknowledged ${acknowledged} messages and stored ${stored}`);
    }
  }
  return faults;
}
