import type { TestPostgres } from "@/tests/support/postgres.ts";
import type { PartResult } from "./comparison.ts";
import type { Account } from "./load/plan.ts";
import type { Options } from "./options.ts";
import { deno, freePort, type Running, runToEnd } from "./processes.ts";
import type { ReconnectPlan } from "./reconnect_load.ts";
import { openMembers, startBare, startParley } from "./targets.ts";

const limitMs = 300_000;

/**
 * All members lose a server that is killed and come back at once to the one that is started in its
 * place: until all have synced, beside bare sockets that are answered one frame.
 */
export async function measureReconnect(
  { reconnect, rounds }: Options,
  postgres: TestPostgres,
  say: (what: string) => void,
): Promise<PartResult> {
  say(`making ${reconnect} members`);
  const { members, databaseUrl } = await openMembers(reconnect, postgres);

  const [values, bare]: [number[], number[]] = [[], []];
  for (let round = 1; round <= rounds; round++) {
    say(`round ${round}: ${reconnect} members come back`);
    values.push(await measure(members, (port) => startParley({ databaseUrl }, {}, { port })));
    bare.push(await measure(members, startBare));
  }
  return {
    comparisons: [{
      what: `${reconnect} members back in step after a restart`,
      unit: "s",
      values,
      beside: { name: "bare sockets", values: bare },
    }],
    faults: [],
  };
}

async function measure(
  members: Account[],
  start: (port: number) => Promise<Running>,
): Promise<number> {
  const port = freePort();
  const first = await start(port);
  const plan: ReconnectPlan = { url: first.url, serverPid: first.pid, members };
  const program = deno(["--allow-all", "bench/reconnect_load.ts"]);
  const answer = runToEnd(program, JSON.stringify(plan), limitMs);
  await Promise.race([first.ended, answer]);
  const second = await start(port);
  try {
    return Number(await answer);
  } finally {
    await second.stop();
  }
}
