/**
 * Times as people say them, in the browser's language.
 *
 * @module
 */
import { lazily } from "./lazily.ts";

const minuteMs = 60_000;
const dayMs = 86_400_000;

function dates(options: Intl.DateTimeFormatOptions): (iso: string) => string {
  const format = lazily(() => new Intl.DateTimeFormat(undefined, options));
  return (iso) => format().format(new Date(iso));
}

const weekday = dates({ weekday: "short" });
const dayAndMonth = dates({ day: "numeric", month: "short" });
const date = dates({ dateStyle: "medium" });
const longDay = dates({ weekday: "long", day: "numeric", month: "long" });
const longDate = dates({ dateStyle: "long" });
const relative = lazily(() => new Intl.RelativeTimeFormat(undefined, { numeric: "auto" }));

/** Hour and minute. */
export const clockTime = dates({ timeStyle: "short" });

/** Date, hour and minute. */
export const fullTime = dates({ dateStyle: "medium", timeStyle: "short" });

/** A key that is the same for two times of one local day. */
export function dayKey(iso: string): string {
  return new Date(iso).toDateString();
}

/** Whole local days from `iso` to `now`; 0 is today. */
function daysAgo(iso: string, now: number): number {
  const midnight = (at: Date) => Date.UTC(at.getFullYear(), at.getMonth(), at.getDate());
  return Math.round((midnight(new Date(now)) - midnight(new Date(iso))) / dayMs);
}

const isSameYear = (iso: string, now: number) =>
  new Date(iso).getFullYear() === new Date(now).getFullYear();

/** For a list: the time today, then "yesterday", the weekday, the day, the date. */
export function shortTime(iso: string, now: number): string {
  const days = daysAgo(iso, now);
  if (days <= 0) return clockTime(iso);
  if (days === 1) return capitalized(relative().format(-1, "day"));
  if (days < 7) return weekday(iso);
  return (isSameYear(iso, now) ? dayAndMonth : date)(iso);
}

/** A moment to come: the time today, else with its day. */
export function momentText(iso: string, now: number): string {
  return daysAgo(iso, now) === 0 ? clockTime(iso) : fullTime(iso);
}

/** For the line between two days. */
export function dayName(iso: string, now: number): string {
  const days = daysAgo(iso, now);
  if (days <= 1) return capitalized(relative().format(-Math.max(days, 0), "day"));
  return (isSameYear(iso, now) ? longDay : longDate)(iso);
}

/** How long ago somebody was here: "5 minutes ago". */
export function timeAgo(iso: string, now: number): string {
  const minutes = Math.max(1, Math.round((now - Date.parse(iso)) / minuteMs));
  if (minutes < 60) return relative().format(-minutes, "minute");
  const days = daysAgo(iso, now);
  if (minutes < 12 * 60 || days === 0) return relative().format(-Math.round(minutes / 60), "hour");
  if (days < 30) return relative().format(-days, "day");
  return (isSameYear(iso, now) ? dayAndMonth : date)(iso);
}

function capitalized(text: string): string {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}
