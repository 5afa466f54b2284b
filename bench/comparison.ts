import { median } from "./results.ts";

/** One thing measured in each round, where it makes sense beside something that does no more. */
export interface Comparison {
  what: string;
  unit: string;
  values: number[];
  beside?: { name: string; values: number[] };
  /** For the ratio to what is beside it, or for the value where nothing is; undefined: none set. */
  aim?: { is: "at least" | "at most"; bound: number };
  /** What makes the figure say less than it seems to. */
  caveat?: string | undefined;
}

/** What a part of a run found. */
export interface PartResult {
  comparisons: Comparison[];
  faults: string[];
}

/** The median of the rounds' own ratios. */
export function ratioOf({ values, beside }: Comparison): number | undefined {
  return beside && median(values.map((value, round) => value / (beside.values[round] ?? NaN)));
}
