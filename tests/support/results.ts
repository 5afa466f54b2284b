/**
 * Reads the outcome of `deno test`.
 *
 * @module
 */

export interface Results {
  passed: number;
  failed: number;
  skipped: number;
}

// deno-lint-ignore no-control-regex -- colours are escape sequences
const colours = /\x1b\[[0-9;]*m/g;
const closing =
  /^(?:ok|FAILED) \| (\d+) passed(?: \([^)]*\))? \| (\d+) failed(?: \([^)]*\))?(?: \| (\d+) ignored)?/;

/**
 * Counts tests, without their steps, from what `deno test` wrote: its last closing line, since a
 * test may print one that looks like it. A run that failed has at least one failure, also where
 * Deno names none: it did not get as far as running, or ended early.
 */
export function countResults(output: string, success: boolean): Results {
  const line = output.replaceAll(colours, "").split("\n").findLast((line) => closing.test(line));
  const [, passed, failed, skipped] = closing.exec(line ?? "")?.map(Number) ?? [];
  return {
    passed: passed || 0,
    failed: Math.max(failed || 0, success ? 0 : 1),
    skipped: skipped || 0,
  };
}

/** `N passed, N failed`, and `, N skipped` where something was. */
export function closingLine({ passed, failed, skipped }: Results): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
