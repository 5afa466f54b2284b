import { parseArgs } from "node:util";

export interface Options {
  seed: number;
  minutes: number;
  members: number;
  /** Messages a second, of all members together, where none have to wait for too many. */
  rate: number;
  report: string | undefined;
}

export const usage = `deno task chaos [options]
  --seed n       what the mess is drawn from (1)
  --minutes n    how long things go wrong (3)
  --members n    how many write to each other (30)
  --rate n       messages a second, of all of them together, at most (40)
  --report file  where a report in Markdown goes`;

/** @throws {Error} naming the option and what was expected; without a message where help is asked */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: "string", default: "1" },
      minutes: { type: "string", default: "3" },
      members: { type: "string", default: "30" },
      rate: { type: "string", default: "40" },
      report: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) throw new Error("");
  return {
    seed: number("seed", values.seed, 0, 2 ** 31),
    minutes: number("minutes", values.minutes, 0.1, 24 * 60),
    members: Math.floor(number("members", values.members, 3, 200)),
    rate: number("rate", values.rate, 1, 1_000),
    report: values.report,
  };
}

function number(name: string, value: string, least: number, most: number): number {
  const number = Number(value);
  if (value.trim() !== "" && number >= least && number <= most) return number;
  throw new Error(`--${name} ${value}: expected a number from ${least} to ${most}`);
}
