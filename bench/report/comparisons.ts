import { type Comparison, ratioOf } from "../comparison.ts";
import { median } from "../results.ts";
import { figure, table } from "./table.ts";

/** What was measured beside something that does no more. */
export function comparisonTable(comparisons: Comparison[]): string {
  if (comparisons.length === 0) return "";
  return table([
    ["", "", "lowest-highest", "beside", "", "ratio", ""],
    ...comparisons.map((one) => {
      const { what, unit, values, beside, caveat } = one;
      return [
        what,
        `${figure(median(values))} ${unit}`,
        `${figure(Math.min(...values))}-${figure(Math.max(...values))}`,
        beside?.name ?? "",
        beside ? `${figure(median(beside.values))} ${unit}` : "",
        ratioOf(one)?.toFixed(2) ?? "",
        caveat ?? "",
      ];
    }),
  ]);
}
