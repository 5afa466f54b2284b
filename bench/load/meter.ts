import { cpuUsage } from "node:process";
import { familySeconds, machineSeconds, processSeconds } from "../cpu.ts";
import type { Outcome, Plan } from "./plan.ts";
import { percentile } from "./percentile.ts";

const tickMs = 10;

type Cores = Pick<
  Outcome,
  "loadCores" | "serverCores" | "databaseCores" | "machineCores" | "lagP99"
>;

/**
 * Watches, from now until the function it returns is called, whether it is the load that limits:
 * its own processor time and how late its timers are; and what the others use beside it.
 */
export function startMeter(
  { serverPid, databasePid }: Pick<Plan, "serverPid" | "databasePid">,
): () => Cores {
  const databaseSeconds = () => databasePid === undefined ? 0 : familySeconds(databasePid);
  const lags: number[] = [];
  let due = performance.now() + tickMs;
  const timer = setInterval(() => {
    const now = performance.now();
    lags.push(Math.max(0, now - due));
    due = now + tickMs;
  }, tickMs);
  const started = performance.now();
  const own = cpuUsage();
  const server = processSeconds(serverPid);
  const database = databaseSeconds();
  const machine = machineSeconds();

  return () => {
    clearInterval(timer);
    const seconds = (performance.now() - started) / 1000;
    const { user, system } = cpuUsage(own);
    const cores = (before: number | undefined, after: number | undefined) =>
      before === undefined || after === undefined ? undefined : (after - before) / seconds;
    return {
      loadCores: (user + system) / 1e6 / seconds,
      serverCores: cores(server, processSeconds(serverPid)),
      databaseCores: cores(database, databaseSeconds()),
      machineCores: cores(machine, machineSeconds()),
      lagP99: percentile(lags, 0.99),
    };
  };
}
