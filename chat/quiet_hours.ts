import type { NotificationPreferences } from "./protocol.ts";

/**
 * When the quiet hours that hold now will end, by the member's own clock: also across midnight, and
 * across a change to or from daylight saving time, where an hour that does not exist begins with
 * the next one that does.
 *
 * @param now milliseconds since 1970, as is what is returned
 * @returns null if it is not quiet now. Hours that begin and end at the same time are all day.
 */
export function quietUntil(
  quietHours: NotificationPreferences["quietHours"],
  now: number,
): number | null {
  if (quietHours === null) return null;
  const { start, end, timeZone } = quietHours;
  const today = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(timeZone)
    .toPlainDate();
  // Those that began yesterday may still hold.
  for (const day of [today.subtract({ days: 1 }), today]) {
    const last = end > start ? day : day.add({ days: 1 });
    const from = day.toZonedDateTime({ timeZone, plainTime: start }).epochMilliseconds;
    const until = last.toZonedDateTime({ timeZone, plainTime: end }).epochMilliseconds;
    if (from <= now && now < until) return until;
  }
  return null;
}
