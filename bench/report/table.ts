/** The first column to the left, the others to the right. */
export function table(rows: string[][]): string {
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  return rows.map((row) =>
    row.map((cell, at) => at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))
      .join("  ").trimEnd()
  ).join("\n");
}

export const count = (number: number) => Math.round(number).toLocaleString("en");

/** What is not known is said to be so. */
export const known = (number: number, digits: number) =>
  Number.isFinite(number) ? number.toFixed(digits) : "?";

/** Three digits, or all there are before the point. */
export const figure = (number: number) => number >= 100 ? count(number) : number.toPrecision(3);
