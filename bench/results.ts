/**
 * What a run found, and how it is condensed.
 *
 * @module
 */
import type { AwayOutcome, Outcome } from "./load/plan.ts";
import { percentile } from "./load/percentile.ts";
import type { PageSize } from "./page.ts";
import type { InsertRate } from "./pgbench.ts";
import type { StartTimes } from "./start.ts";

/** One target under one load, once in each round. */
export interface LoadResult {
  target: string;
  window: number;
  marks: boolean;
  /** Whether this is what the others are compared with. */
  ceiling: boolean;
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
 * How a load's rate stands to the ceiling's under the same load: the median over the rounds of the
 * two that were measured one after the other, since a machine's speed changes with the hour.
 */
export function ratioToCeiling(of: LoadResult, loads: LoadResult[]): number | undefined {
  const ceiling = loads.find((one) =>
    one.ceiling && one.window === of.window && one.marks === of.marks
  );
  if (!ceiling) return undefined;
  return median(of.rounds.map(({ perSecond }, round) => perSecond / rateOf(ceiling, round)));
}

/** How p99 with notices stands to p99 without: the median of the rounds' own ratios. */
export function p99OnToOff({ on, off }: AwayLoad): number {
  return median(on.map(({ p99 }, round) => p99 / (off[round]?.p99 ?? NaN)));
}

function rateOf(load: LoadResult, round: number): number {
  return load.rounds[round]?.perSecond ?? NaN;
}

/** Beyond this share of a core, a single-threaded program has little left to give. */
const fullCore = 0.9;

/** Whether the load program, and not the server, set the figure, as far as it can tell. */
export function loadIsLimit({ loadCores, lagP99, p50 }: Outcome): boolean {
  return loadCores >= fullCore || lagP99 > p50;
}

/** What ran on the machine beside the measuring. */
export function otherCores(outcome: Outcome): number | undefined {
  const { machineCores, loadCores, serverCores, databaseCores } = outcome;
  if (machineCores === undefined || serverCores === undefined || databaseCores === undefined) {
    return undefined;
  }
  return Math.max(0, machineCores - loadCores - serverCores - databaseCores);
}

/** Processor time that server and database spend on a message. */
export function microsecondsEach(outcome: Outcome): number | undefined {
  const { serverCores, databaseCores, perSecond } = outcome;
  if (serverCores === undefined || databaseCores === undefined) return undefined;
  return (serverCores + databaseCores) / perSecond * 1e6;
}
