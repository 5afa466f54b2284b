/**
 * What a run found, and how it is condensed.
 *
 * @module
 */
import type { Comparison } from "./comparison.ts";
import type { AwayOutcome, Outcome } from "./load/plan.ts";
import { percentile } from "./load/percentile.ts";
import type { PageSize } from "./page.ts";
import type { InsertRate } from "./pgbench.ts";
import type { StartTimes } from "./start.ts";
import type { Role } from "./targets.ts";

/** One target under one load, once in each round. */
export interface LoadResult {
  target: string;
  role: Role;
  /** Messages that each member keeps under way, or undefined and a rate. */
  window: number | undefined;
  /** Messages a second by the clock. */
  rate: number | undefined;
  marks: boolean;
  rounds: Outcome[];
}

export interface Results {
  date: string;
  machine: { cores: number; system: string; deno: string };
  loads: LoadResult[];
  /** Of `pgbench`, one for each round. */
  inserts: InsertRate[];
  page: PageSize | undefined;
  away: AwayResults | undefined;
  comparisons: Comparison[];
  /** By database, one for each round. */
  starts: Record<string, StartTimes[]>;
  /** Anything that makes the figures worthless: lost messages, rows that are not there. */
  faults: string[];
}

/** Members who are away written to, once each. */
export interface AwayResults {
  members: number;
  loads: AwayLoad[];
  /** One for each round. */
  notices: NoticeRates[];
  faults: string[];
}

/** One load, with notices on and off in each round. */
export interface AwayLoad {
  /** Messages a second; undefined: each sender writes the next one when one is acknowledged. */
  rate: number | undefined;
  on: AwayRound[];
  off: AwayRound[];
}

/** Delays are to the acknowledgement, sizes in bytes; rates are left out where notices are off. */
export interface AwayRound extends AwayOutcome {
  residentHighest: number | undefined;
  /** After all was mailed. */
  residentAfter: number | undefined;
  /** Notices looked at and handed to the queue as mails. */
  handedPerSecond: number | undefined;
  mailsPerSecond: number | undefined;
}

/** What is done for a message to a member who is away, alone and with nothing else to do. */
export interface NoticeRates {
  /** On the message's way. */
  microsecondsToNote: number;
  /** In the database, beside it. */
  madePerSecond: number;
}

/** The middle one; of two, the lower. */
export function median(values: number[]): number {
  return percentile(values, 0.5);
}

/**
 * How a load stands to another target's under the same load: the median over the rounds of the two
 * that were measured one after the other, since a machine's speed changes with the hour. Undefined
 * where there is none, or where either could not hold the rate.
 */
export function ratioTo(
  role: Role,
  of: LoadResult,
  loads: LoadResult[],
  pick: (outcome: Outcome) => number | undefined,
): number | undefined {
  const other = loads.find((one) =>
    one.role === role && one.window === of.window && one.rate === of.rate && one.marks === of.marks
  );
  if (!other || !isHeld(of) || !isHeld(other)) return undefined;
  const value = (load: LoadResult, round: number) => {
    const outcome = load.rounds[round];
    return (outcome && pick(outcome)) ?? NaN;
  };
  return median(of.rounds.map((_, round) => value(of, round) / value(other, round)));
}

/** Whether a target held its rate in most rounds. */
export function isHeld({ rounds }: LoadResult): boolean {
  return rounds.filter((outcome) => outcome.isHeld).length * 2 > rounds.length;
}

/** How p99 with notices stands to p99 without: the median of the rounds' own ratios. */
export function p99OnToOff({ on, off }: AwayLoad): number {
  return median(on.map(({ p99 }, round) => p99 / (off[round]?.p99 ?? NaN)));
}

/** Beyond this share of a core, a single-threaded program has little left to give. */
export const fullCore = 0.9;

/** Whether the load program, and not the server, set the figure, as far as it can tell. */
export function loadIsLimit({ loadCores, lagP99, p50 }: Outcome): boolean {
  return loadCores >= fullCore || lagP99 > p50;
}

/** Who used how much of the processors. */
type Use = Omit<Outcome, "isHeld">;

/** What ran on the machine beside the measuring. */
export function otherCores(outcome: Use): number | undefined {
  const { machineCores, loadCores, serverCores, databaseCores } = outcome;
  if (machineCores === undefined || serverCores === undefined || databaseCores === undefined) {
    return undefined;
  }
  return Math.max(0, machineCores - loadCores - serverCores - databaseCores);
}

/** Processor time that server and database spend on a message. */
export function microsecondsEach(outcome: Use): number | undefined {
  const { serverCores, databaseCores, perSecond } = outcome;
  if (serverCores === undefined || databaseCores === undefined) return undefined;
  return (serverCores + databaseCores) / perSecond * 1e6;
}
