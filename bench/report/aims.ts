import { type Aim, aims } from "../aims.ts";
import type { Results } from "../results.ts";
import { figure, table } from "./table.ts";

/** Each aim that was measured, and whether it is met. */
export function aimsTable(results: Results): string {
  const rows = aims(results).map((one) => [
    one.what,
    `${one.is} ${one.aim} ${one.unit}`,
    one.measured === undefined ? "" : `${figure(one.measured)} ${one.unit}`,
    verdict(one),
  ]);
  return rows.length === 0 ? "" : table([["aims", "", "measured", ""], ...rows]);
}

function verdict({ aim, is, measured, remark }: Aim): string {
  if (measured === undefined) return remark ?? "not measured";
  if (is === "at least" ? measured >= aim : measured <= aim) return "met";
  return `missed by ${Math.round(Math.abs(measured / aim - 1) * 100)} %`;
}
