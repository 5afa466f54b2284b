import type { Outcome } from "../load/plan.ts";
import {
  isHeld,
  loadIsLimit,
  type LoadResult,
  median,
  microsecondsEach,
  otherCores,
  ratioTo,
} from "../results.ts";
import { count, known, table } from "./table.ts";

/** Loads that keep a server full. */
export function windowTable(all: LoadResult[]): string {
  const loads = all.filter(({ rate }) => rate === undefined);
  if (loads.length === 0) return "";
  const head = [
    ...["", "W", "messages/s", "lowest-highest", "of relay", "p50 ms", "p99 ms", "max ms"],
    ...["server", "database", "load", "others", "µs each", ""],
  ];
  return [
    "W: messages each member keeps under way. server, database, load, others: cores in use by each.",
    "µs each: processor time of server and database together for each message.",
    table([head, ...loads.map((load) => windowRow(load, loads))]),
  ].join("\n");
}

function windowRow(load: LoadResult, loads: LoadResult[]): string[] {
  const rates = load.rounds.map(({ perSecond }) => perSecond);
  const ratio = ratioTo("ceiling", load, loads, ({ perSecond }) => perSecond);
  const marks = load.marks
    ? `, ${count(middle(load, ({ marksPerSecond }) => marksPerSecond))} marks/s`
    : "";
  return [
    load.target + marks,
    String(load.window),
    count(median(rates)),
    `${count(Math.min(...rates))}-${count(Math.max(...rates))}`,
    ratio === undefined ? "" : ratio.toFixed(2),
    ...delays(load),
    ...cores(load),
  ];
}

/** Loads at a rate. */
export function rateTable(all: LoadResult[]): string {
  const loads = all.filter(({ rate }) => rate !== undefined);
  if (loads.length === 0) return "";
  const head = [
    ...["", "messages/s", "reached", "p50 ms", "p99 ms", "max ms", "late ms"],
    ...["server", "database", "load", "others", "µs each", ""],
  ];
  return [
    "By the clock: delays from when a message was due. late: how late the load's own timers were, p99.",
    table([head, ...loads.map(rateRow)]),
  ].join("\n");
}

function rateRow(load: LoadResult): string[] {
  return [
    load.target,
    count(load.rate ?? NaN),
    ...isHeld(load)
      ? [count(middle(load, ({ perSecond }) => perSecond)), ...delays(load)]
      : ["not held", "", "", ""],
    middle(load, ({ lagP99 }) => lagP99).toFixed(1),
    ...cores(load),
  ];
}

function delays(load: LoadResult): string[] {
  return [
    middle(load, ({ p50 }) => p50).toFixed(1),
    middle(load, ({ p99 }) => p99).toFixed(1),
    middle(load, ({ max }) => max).toFixed(0),
  ];
}

function cores(load: LoadResult): string[] {
  return [
    known(middle(load, ({ serverCores }) => serverCores), 2),
    known(middle(load, ({ databaseCores }) => databaseCores), 2),
    known(middle(load, ({ loadCores }) => loadCores), 2),
    known(middle(load, otherCores), 2),
    known(middle(load, microsecondsEach), 0),
    caveats(load),
  ];
}

function middle(load: LoadResult, pick: (outcome: Outcome) => number | undefined): number {
  return median(load.rounds.map((outcome) => pick(outcome) ?? NaN));
}

/** What makes a figure say less than it seems to. */
function caveats({ rounds }: LoadResult): string {
  const disorder = rounds.reduce((sum, { outOfOrder }) => sum + outOfOrder, 0);
  return [
    rounds.some((one) => (otherCores(one) ?? 0) > 0.25) && "others used the machine",
    rounds.some(loadIsLimit) && "the load is at its own limit",
    disorder > 0 && `${count(disorder)} out of order`,
  ].filter((one) => one !== false).join("; ");
}
