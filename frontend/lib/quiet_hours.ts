/**
 * Quiet hours: whether they hold, and how they are told.
 *
 * @module
 */
import type { NotificationPreferences } from "@/chat/protocol.ts";
import { clockTime } from "./dates.ts";

export type QuietHours = NonNullable<NotificationPreferences["quietHours"]>;

/**
 * Whether the member wants quiet now, by the clock of the time zone they chose: also across
 * midnight. Hours that begin and end at the same time are all day.
 *
 * @param at milliseconds since 1970
 */
export function isQuiet(quietHours: QuietHours | null, at: number): boolean {
  if (quietHours === null) return false;
  const { start, end, timeZone } = quietHours;
  const time = clockIn(timeZone, at);
  const isAcrossMidnight = end <= start;
  return isAcrossMidnight ? time >= start || time < end : start <= time && time < end;
}

/** What the clocks there show, as HH:MM. */
function clockIn(timeZone: string, at: number): string {
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  try {
    return new Intl.DateTimeFormat("en-GB", { ...clock, timeZone }).format(at);
  } catch {
    // A zone newer than this browser: it goes by its own, rather than be silent for ever.
    return new Intl.DateTimeFormat("en-GB", clock).format(at);
  }
}

/** What one begins with: the night, where this browser is. */
export function usualQuietHours(): QuietHours {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  return { start: "22:00", end: "07:00", timeZone };
}

/** Says when they begin and end, which from two times alone is not plain. */
export function quietHoursText({ start, end }: QuietHours): string {
  if (start === end) return "Quiet all day: both times are the same.";
  const text = `Quiet from ${clockTime(`2000-01-01T${start}`)} until ${
    clockTime(`2000-01-01T${end}`)
  }`;
  return end < start ? `${text} the next day.` : `${text}.`;
}

/** The time zones to choose from, with the one that is chosen. */
export function timeZones(current: string): string[] {
  return [...new Set([...Intl.supportedValuesOf("timeZone"), "UTC", current])].sort();
}
