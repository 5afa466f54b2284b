import { type Comparison, ratioOf } from "./comparison.ts";
import type { Outcome } from "./load/plan.ts";
import {
  isHeld,
  type LoadResult,
  median,
  microsecondsEach,
  ratioTo,
  type Results,
} from "./results.ts";
import type { PageSize } from "./page.ts";
import type { Role } from "./targets.ts";

/** What is to be reached, and what was. */
export interface Aim {
  what: string;
  /** The bound, and which side of it is good. */
  aim: number;
  is: "at least" | "at most";
  unit: string;
  /** Undefined: not measured, or not to be had; then `remark` says why. */
  measured: number | undefined;
  remark?: string;
}

/** The aims that a run has measured. */
export function aims(results: Results): Aim[] {
  return [
    ...throughput(results.loads),
    ...delays(results.loads),
    ...results.page ? [pageSize(results.page)] : [],
    ...results.comparisons.flatMap(compared),
  ];
}

function pageSize({ js, css }: PageSize): Aim {
  const measured = (js + css) / 1000;
  return { what: "JavaScript and CSS, gzipped", aim: 40, is: "at most", unit: "kB", measured };
}

function compared(one: Comparison): Aim[] {
  if (!one.aim) return [];
  const { is, bound: aim } = one.aim;
  const ratio = ratioOf(one);
  return [
    ratio === undefined
      ? { what: one.what, aim, is, unit: one.unit, measured: median(one.values) }
      : { what: `${one.what}, of ${one.beside?.name}`, aim, is, unit: "×", measured: ratio },
  ];
}

/** How many under way each member has where rates are compared. */
const window = 5;

function throughput(loads: LoadResult[]): Aim[] {
  const parley = loads.find((one) => one.role === "parley" && one.window === window && !one.marks);
  if (!parley) return [];
  const ratio = (role: Role, pick: (outcome: Outcome) => number | undefined) =>
    ratioTo(role, parley, loads, pick);
  const perSecond = (outcome: Outcome) => outcome.perSecond;
  const least = (what: string, aim: number, measured: number | undefined): Aim[] =>
    measured === undefined ? [] : [{ what, aim, is: "at least", unit: "×", measured }];
  const processor = ratio("peer", microsecondsEach);
  return [
    ...least("messages/s, of the relay's", 0.6, ratio("ceiling", perSecond)),
    ...least("messages/s, of Socket.IO's", 6, ratio("peer", perSecond)),
    ...least("messages/s, of NATS JetStream's", 1, ratio("broker", perSecond)),
    ...processor === undefined ? [] : [{
      what: "processor time a message, of Socket.IO's",
      aim: 0.15,
      is: "at most",
      unit: "×",
      measured: processor,
    }] satisfies Aim[],
  ];
}

/** Where a target is compared with the peer, and where the peer has long given up. */
const comparedRates = [1000, 3000];
const highRate = 10_000;

function delays(loads: LoadResult[]): Aim[] {
  return loads.filter(({ role, rate }) => role === "parley" && rate !== undefined)
    .flatMap((load) => {
      if (load.rate === highRate) return [atHighRate(load)];
      const peer = loads.find(({ role, rate }) => role === "peer" && rate === load.rate);
      if (!comparedRates.includes(load.rate!) || !peer) return [];
      return [
        besidePeer(load, loads, peer, "p99", 0.7),
        besidePeer(load, loads, peer, "p50", 1),
      ];
    });
}

function besidePeer(
  load: LoadResult,
  loads: LoadResult[],
  peer: LoadResult,
  which: "p50" | "p99",
  aim: number,
): Aim {
  return {
    what: `${which} at ${load.rate}/s, of Socket.IO's`,
    ...{ aim, is: "at most", unit: "×" },
    measured: ratioTo("peer", load, loads, (outcome) => outcome[which]),
    ...!isHeld(load) ? notHeld : !isHeld(peer) ? { remark: "the peer does not hold the rate" } : {},
  };
}

function atHighRate(load: LoadResult): Aim {
  return {
    what: `p99 at ${load.rate}/s`,
    ...{ aim: 10, is: "at most", unit: "ms" },
    ...isHeld(load)
      ? { measured: median(load.rounds.map(({ p99 }) => p99)) }
      : { measured: undefined, ...notHeld },
  };
}

const notHeld = { remark: "the rate is not held" };
