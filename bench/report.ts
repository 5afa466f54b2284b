import { aimsTable } from "./report/aims.ts";
import { awayTables } from "./report/away.ts";
import { comparisonTable } from "./report/comparisons.ts";
import { rateTable, windowTable } from "./report/loads.ts";
import { count, table } from "./report/table.ts";
import { median, type Results } from "./results.ts";

/** The figures as tables for a terminal. */
export function report(results: Results): string {
  const { cores, system, deno } = results.machine;
  return [
    `${results.date.slice(0, 10)}, ${cores} cores, ${system}, Deno ${deno}; ` +
    "medians of the rounds; the load runs on the same cores",
    windowTable(results.loads),
    rateTable(results.loads),
    insertLine(results),
    awayTables(results.away),
    startTable(results.starts),
    pageLine(results.page),
    comparisonTable(results.comparisons),
    aimsTable(results),
    results.faults.map((fault) => `FAULT: ${fault}`).join("\n"),
  ].filter((part) => part !== "").join("\n\n");
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
