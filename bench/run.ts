/**
 * Measures Parley: `deno task bench [options]`. See docs/performance.md for what and how.
 *
 * @module
 */
import { type OwnPostgres, startPostgres } from "@/tests/support/postgres.ts";
import { makePairs } from "./accounts.ts";
import { measureAway } from "./away.ts";
import { measureCluster } from "./cluster.ts";
import type { PartResult } from "./comparison.ts";
import { measureGroup } from "./group.ts";
import { drawGrowth } from "./growth.ts";
import { measureHistory } from "./history.ts";
import { measureIdle } from "./idle.ts";
import { countRows, kindOf, makeLoads, runLoad } from "./loads.ts";
import { type Options, type Part, readOptions, usage } from "./options.ts";
import { ensurePage, measurePage } from "./page.ts";
import { measurePageUse } from "./page_use.ts";
import { openInserts } from "./pgbench.ts";
import { endAll } from "./processes.ts";
import { measureReconnect } from "./reconnect.ts";
import { report } from "./report.ts";
import type { Results } from "./results.ts";
import { measureStartOnPGlite, measureStartOnPostgres } from "./start.ts";
import { openTargets } from "./targets.ts";
import { measureTells } from "./tells.ts";

/** The parts that need none. */
const withoutPostgres: Part[] = ["relay", "nats", "pglite"];

async function measure(options: Options): Promise<Results> {
  const wants = (part: Part) => options.only.includes(part);
  await using open = new AsyncDisposableStack();
  let postgres: OwnPostgres | undefined;
  if (options.only.some((part) => !withoutPostgres.includes(part))) {
    say("starting Postgres");
    postgres = await startPostgres({ durable: true });
    open.defer(postgres.stop);
  }
  await ensurePage();

  const away = wants("away") && postgres ? await measureAway(options, postgres, say) : undefined;
  const rates = await measureRates(options, postgres);
  const further = postgres ? await measureFurther(options, postgres) : [];
  return {
    date: new Date().toISOString(),
    machine: {
      cores: navigator.hardwareConcurrency,
      system: `${Deno.build.os} ${Deno.build.arch}`,
      deno: Deno.version.deno,
    },
    page: wants("page") ? await measurePage() : undefined,
    starts: wants("start") && postgres ? await measureStarts(options, postgres) : {},
    away,
    ...rates,
    comparisons: further.flatMap(({ comparisons }) => comparisons),
    faults: [rates, away, ...further].flatMap((one) => one?.faults ?? []),
  };
}

/** Parts that are measured one after the other, each beside something of its own. */
const furtherParts = {
  group: measureGroup,
  idle: measureIdle,
  reconnect: measureReconnect,
  history: measureHistory,
  cluster: measureCluster,
  page: measurePageUse,
  tells: measureTells,
};

async function measureFurther(options: Options, postgres: OwnPostgres): Promise<PartResult[]> {
  const results: PartResult[] = [];
  for (const [part, measurePart] of Object.entries(furtherParts)) {
    if (!options.only.includes(part as Part)) continue;
    results.push(
      await measurePart(options, postgres, say).catch((error: Error) => ({
        comparisons: [],
        faults: [`${part}: ${error.stack}`],
      })),
    );
  }
  return results;
}

async function measureStarts(
  { rounds }: Options,
  postgres: OwnPostgres,
): Promise<Results["starts"]> {
  const starts: Results["starts"] = { "on PGlite": [], "on Postgres": [] };
  for (let round = 1; round <= rounds; round++) {
    say(`round ${round}: starting cold and warm`);
    starts["on PGlite"]?.push(await measureStartOnPGlite());
    starts["on Postgres"]?.push(await measureStartOnPostgres(postgres));
  }
  return starts;
}

/**
 * All targets run from the beginning to the end and are put under load in turn, round after round:
 * what else happens on the machine then meets them all, and an idle server costs nothing.
 */
async function measureRates(
  options: Options,
  postgres: OwnPostgres | undefined,
): Promise<Pick<Results, "loads" | "inserts" | "faults">> {
  const pairs = await makePairs(options.members);
  await using targets = await openTargets(options.only, pairs, postgres, say);
  const loads = makeLoads(targets.all, options);
  const insert = postgres && options.only.includes("pgbench")
    ? await openInserts(postgres)
    : undefined;
  const inserts: Results["inserts"] = [];

  for (let round = 1; round <= options.rounds; round++) {
    for (const load of loads) {
      const { target, marks } = load.result;
      say(`round ${round}: ${target}, ${kindOf(load.result)}${marks ? ", marks" : ""}`);
      await runLoad(load, pairs, options);
    }
    if (insert) {
      say(`round ${round}: pgbench`);
      inserts.push(await insert(options.seconds));
    }
  }
  if (loads.length > 0) say("counting what was stored");
  const missing = await countRows(targets.all);
  return {
    loads: loads.map(({ result }) => result),
    inserts,
    faults: [...loads.flatMap(({ faults }) => faults), ...missing],
  };
}

/** Progress, beside the figures. */
function say(what: string): void {
  console.error(`· ${what}`);
}

if (import.meta.main) {
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, endAll);
  let options: Options;
  try {
    options = readOptions(Deno.args);
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    Deno.exit(2);
  }
  if (options.plots) {
    await drawGrowth(options, say);
    Deno.exit();
  }
  const results = await measure(options);
  console.log(options.json ? JSON.stringify(results, null, 2) : report(results));
  Deno.exit(results.faults.length > 0 ? 1 : 0);
}
