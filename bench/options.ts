/**
 * What the command takes.
 *
 * @module
 */
import { parseArgs } from "node:util";

/** The parts of a run that `--only` can name. */
export const parts = [
  "postgres",
  "relay",
  "socketio",
  "nats",
  "pglite",
  "pgbench",
  "page",
  "start",
  "away",
  "group",
  "idle",
  "reconnect",
  "history",
  "cluster",
  "tells",
] as const;
export type Part = typeof parts[number];

export interface Options {
  only: readonly Part[];
  /** How often everything is measured; figures are medians. */
  rounds: number;
  /** Measured seconds of each load. */
  seconds: number;
  warmupSeconds: number;
  /** An even number: they write to each other in pairs. */
  members: number;
  /** Messages that each member keeps under way; one load for each. */
  windows: number[];
  /** Messages a second of all members together, by the clock; one load for each. */
  rates: number[];
  /** Whether to measure also with recipients that answer what reaches them with their marks. */
  marks: boolean;
  /** Members who are away and are written to, once each. */
  away: number;
  /** Messages a second to them, where it is not as many as are acknowledged. */
  rate: number;
  /** Members of a group, all of them online. */
  group: number;
  /** Members who are connected and do nothing, and those who come back at once. */
  idle: number;
  reconnect: number;
  /** Messages of the longest conversation. */
  history: number;
  /** Measures how costs grow instead, and draws it. */
  plots: boolean;
  json: boolean;
}

export const usage = `deno task bench [options]
  --only a,b      of ${parts.join(", ")}; all if left out
  --rounds n      how often everything is measured, one after the other (3)
  --seconds n     measured seconds of each load (3)
  --warmup n      seconds before them that do not count (2)
  --members n     sockets, in pairs (200)
  --windows a,b   messages each member keeps under way; --windows= for none (1,5)
  --rates a,b     messages a second by the clock; --rates= for none (1000,3000,10000)
  --marks         measure also with delivery marks, as the page sends them
  --away n        members who are away, of whom each is written to once (10000)
  --rate n        messages a second to them in the paced load (1000)
  --group n       members of the group in which one writes (1000)
  --idle n        members who are connected and do nothing (5000)
  --reconnect n   members who come back at once after a restart (5000)
  --history n     messages of the longest conversation (5000000)
  --plots         measure how costs grow instead, and draw it into docs/performance/
  --json          figures as JSON instead of tables`;

/** @throws {Error} naming the option and what was expected */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: "string", default: parts.join(",") },
      rounds: { type: "string", default: "3" },
      seconds: { type: "string", default: "3" },
      warmup: { type: "string", default: "2" },
      members: { type: "string", default: "200" },
      windows: { type: "string", default: "1,5" },
      rates: { type: "string", default: "1000,3000,10000" },
      marks: { type: "boolean", default: false },
      away: { type: "string", default: "10000" },
      rate: { type: "string", default: "1000" },
      group: { type: "string", default: "1000" },
      idle: { type: "string", default: "5000" },
      reconnect: { type: "string", default: "5000" },
      history: { type: "string", default: "5000000" },
      plots: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) throw new Error("");
  const only = values.only.split(",").map((name) => {
    const part = parts.find((one) => one === name);
    if (part === undefined) throw new Error(`--only ${name}: expected ${parts.join(", ")}`);
    return part;
  });
  return {
    only,
    rounds: wholeNumber("rounds", values.rounds, 1, 20),
    seconds: wholeNumber("seconds", values.seconds, 1, 60),
    warmupSeconds: wholeNumber("warmup", values.warmup, 0, 60),
    members: evenNumber("members", values.members, 2, 2_000),
    windows: wholeNumbers("windows", values.windows, 1, 100),
    rates: wholeNumbers("rates", values.rates, 1, 100_000),
    marks: values.marks,
    away: wholeNumber("away", values.away, 100, 100_000),
    rate: wholeNumber("rate", values.rate, 1, 20_000),
    group: wholeNumber("group", values.group, 2, 5_000),
    idle: evenNumber("idle", values.idle, 500, 9_000),
    reconnect: evenNumber("reconnect", values.reconnect, 2, 9_000),
    history: wholeNumber("history", values.history, 10_000, 50_000_000),
    plots: values.plots,
    json: values.json,
  };
}

function wholeNumbers(name: string, values: string, min: number, max: number): number[] {
  return values === "" ? [] : values.split(",").map((one) => wholeNumber(name, one, min, max));
}

/** Of members, each two of whom have a conversation. */
function evenNumber(name: string, value: string, min: number, max: number): number {
  const number = wholeNumber(name, value, min, max);
  if (number % 2 === 0) return number;
  throw new Error(`--${name} ${value}: expected an even number`);
}

function wholeNumber(name: string, value: string, min: number, max: number): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= min && number <= max) return number;
  throw new Error(`--${name} ${value}: expected a whole number from ${min} to ${max}`);
}
