/**
 * How long a mail or a push may wait for the member to read a message by themselves.
 *
 * @module
 */
const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** What one may choose from, in seconds. */
export const emailDelays: readonly number[] = [
  minute,
  5 * minute,
  15 * minute,
  30 * minute,
  hour,
  4 * hour,
  day,
];
export const pushDelays: readonly number[] = [0, 10, 30, minute, 5 * minute, 15 * minute];

/** The choices, with the one that holds now if it is none of them. */
export function withCurrent(delays: readonly number[], current: number): number[] {
  return [...new Set([...delays, current])].sort((a, b) => a - b);
}

const units = [["day", day], ["hour", hour], ["minute", minute], ["second", 1]] as const;

/** "At once", "After 5 minutes": in the largest unit that makes it a whole number. */
export function delayText(seconds: number): string {
  const [unit, size] = units.find(([, size]) => seconds >= size && seconds % size === 0) ??
    ["second", 1];
  if (seconds === 0) return "At once";
  const count = seconds / size;
  return `After ${count} ${unit}${count === 1 ? "" : "s"}`;
}
