import type { Outcome } from "./load/plan.ts";
import {
  type AwayLoad,
  type AwayResults,
  type AwayRound,
  loadIsLimit,
  type LoadResult,
  median,
  microsecondsEach,
  otherCores,
  p99OnToOff,
  ratioToCeiling,
  type Results,
} from "./results.ts";

/** The figures as tables for a terminal. */
export function report(results: Results): string {
  const { cores, system, deno } = results.machine;
  return [
    `${results.date.slice(0, 10)}, ${cores} cores, ${system}, Deno ${deno}; ` +
    "medians of the rounds; the load runs on the same cores",
    loadTable(results.loads),
    insertLine(results),
    awayTables(results.away),
    startTable(results.starts),
    pageLine(results.page),
    results.faults.map((fault) => `FAULT: ${fault}`).join("\n"),
  ].filter((part) => part !== "").join("\n\n");
}

function loadTable(loads: LoadResult[]): string {
  if (loads.length === 0) return "";
  const head = [
    ...["", "W", "messages/s", "lowest-highest", "of relay", "p50 ms", "p99 ms", "max ms"],
    ...["server", "database", "load", "others", "µs each", ""],
  ];
  return [
    "W: messages each member keeps under way. server, database, load, others: cores in use by each.",
    "µs each: processor time of server and database together for each message.",
    table([head, ...loads.map((load) => loadRow(load, loads))]),
  ].join("\n");
}

function loadRow(load: LoadResult, loads: LoadResult[]): string[] {
  const middle = (pick: (outcome: Outcome) => number | undefined) =>
    median(load.rounds.map((outcome) => pick(outcome) ?? NaN));
  const known = (number: number, digits: number) =>
    Number.isNaN(number) ? "?" : number.toFixed(digits);
  const rates = load.rounds.map(({ perSecond }) => perSecond);
  const ratio = ratioToCeiling(load, loads);
  return [
    load.target + (load.marks ? `, ${count(middle((one) => one.marksPerSecond))} marks/s` : ""),
    String(load.window),
    count(median(rates)),
    `${count(Math.min(...rates))}-${count(Math.max(...rates))}`,
    ratio === undefined ? "" : ratio.toFixed(2),
    middle(({ p50 }) => p50).toFixed(1),
    middle(({ p99 }) => p99).toFixed(1),
    middle(({ max }) => max).toFixed(0),
    known(middle(({ serverCores }) => serverCores), 2),
    known(middle(({ databaseCores }) => databaseCores), 2),
    known(middle(({ loadCores }) => loadCores), 2),
    known(middle(otherCores), 2),
    known(middle(microsecondsEach), 0),
    load.rounds.map(caveat).find((one) => one !== "") ?? "",
  ];
}

/** What makes a figure say less than it seems to. */
function caveat(outcome: Outcome): string {
  const others = otherCores(outcome);
  if (others !== undefined && others > 0.25) return "others used the machine";
  return loadIsLimit(outcome) ? "the load is at its own limit" : "";
}

function awayTables(away: AwayResults | undefined): string {
  if (!away) return "";
  const head = [
    ...["", "messages/s", "p50 ms", "p99 ms", "of off", "lowest-highest", "µs each", "server"],
    ...["database", "load", "others", "handed/s", "mails/s", "MB before", "highest", "after"],
  ];
  const middle = (pick: "madePerSecond" | "microsecondsToNote") =>
    median(away.notices.map((one) => one[pick]));
  return [
    `To ${count(away.members)} members who are away, a message each, acknowledged.`,
    "handed/s: notices looked at and put into the queue; mails/s: taken by an SMTP server.",
    table([
      head,
      ...away.loads.flatMap((load) => [awayRow(load, "on"), awayRow(load, "off")]),
    ]),
    `Notices alone: ${middle("microsecondsToNote").toFixed(1)} µs to note a message, ` +
    `${count(middle("madePerSecond"))} made a second`,
  ].join("\n");
}

function awayRow(load: AwayLoad, notices: "on" | "off"): string[] {
  const rounds = load[notices];
  const p99s = rounds.map(({ p99 }) => p99);
  const middle = (pick: (round: AwayRound) => number | undefined, digits: number) => {
    const value = median(rounds.map((round) => pick(round) ?? NaN));
    return Number.isNaN(value) ? "" : value.toFixed(digits);
  };
  const megabytes = (pick: (round: AwayRound) => number | undefined) =>
    middle((round) => (pick(round) ?? NaN) / 1e6, 0);
  return [
    `${load.rate === undefined ? "W=1" : `${count(load.rate)}/s`}, notices ${notices}`,
    count(median(rounds.map(({ perSecond }) => perSecond))),
    middle(({ p50 }) => p50, 1),
    middle(({ p99 }) => p99, 1),
    notices === "on" ? p99OnToOff(load).toFixed(2) : "",
    `${Math.min(...p99s).toFixed(1)}-${Math.max(...p99s).toFixed(1)}`,
    middle(microsecondsEach, 0),
    middle(({ serverCores }) => serverCores, 2),
    middle(({ databaseCores }) => databaseCores, 2),
    middle(({ loadCores }) => loadCores, 2),
    middle(otherCores, 2),
    middle(({ handedPerSecond }) => handedPerSecond, 0),
    middle(({ mailsPerSecond }) => mailsPerSecond, 0),
    megabytes(({ residentBefore }) => residentBefore),
    megabytes(({ residentHighest }) => residentHighest),
    megabytes(({ residentAfter }) => residentAfter),
  ];
}

function insertLine({ inserts }: Results): string {
  if (inserts.length === 0) return "";
  const rate = count(median(inserts.map(({ perSecond }) => perSecond)));
  const latency = median(inserts.map(({ latency }) => latency)).toFixed(1);
  return `pgbench, single-row inserts, 10 clients: ${rate}/s, mean ${latency} ms`;
}

function startTable(starts: Results["starts"]): string {
  const rows = Object.entries(starts).map(([name, times]) => [
    name,
    median(times.map(({ cold }) => cold)).toFixed(2),
    median(times.map(({ warm }) => warm)).toFixed(2),
  ]);
  return rows.length === 0
    ? ""
    : table([["seconds from command to ready", "cold", "warm"], ...rows]);
}

function pageLine(page: Results["page"]): string {
  if (!page) return "";
  const kilobytes = (bytes: number) => (bytes / 1000).toFixed(1);
  return `page, gzipped: JS ${kilobytes(page.js)} kB, CSS ${kilobytes(page.css)} kB, ` +
    `together ${kilobytes(page.js + page.css)} kB; later JS ${kilobytes(page.laterJs)} kB`;
}

/** The first column to the left, the others to the right. */
function table(rows: string[][]): string {
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  return rows.map((row) =>
    row.map((cell, at) => at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))
      .join("  ").trimEnd()
  ).join("\n");
}

const count = (number: number) => Math.round(number).toLocaleString("en");
