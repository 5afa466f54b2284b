import assert from "node:assert/strict";
import { quietUntil } from "@/chat/quiet_hours.ts";

/** When quiet hours end, in the member's own clock; null if it is not quiet. */
function until(start: string, end: string, timeZone: string, at: string): string | null {
  const time = quietUntil({ start, end, timeZone }, Date.parse(at));
  return time === null ? null : new Date(time).toISOString();
}

Deno.test("quiet hours within a day end on that day", () => {
  const at = (time: string) => until("13:00", "15:30", "Europe/Berlin", time);
  assert.equal(at("2026-06-01T10:59:59Z"), null);
  assert.equal(at("2026-06-01T11:00:00Z"), "2026-06-01T13:30:00.000Z");
  assert.equal(at("2026-06-01T13:29:59Z"), "2026-06-01T13:30:00.000Z");
  assert.equal(at("2026-06-01T13:30:00Z"), null);
});

Deno.test("quiet hours across midnight hold before it and after it", () => {
  const at = (time: string) => until("22:00", "07:00", "America/New_York", time);
  assert.equal(at("2026-06-02T01:59:00Z"), null);
  assert.equal(at("2026-06-02T02:00:00Z"), "2026-06-02T11:00:00.000Z");
  assert.equal(at("2026-06-02T04:00:00Z"), "2026-06-02T11:00:00.000Z");
  assert.equal(at("2026-06-02T10:59:00Z"), "2026-06-02T11:00:00.000Z");
  assert.equal(at("2026-06-02T11:00:00Z"), null);
});

Deno.test("quiet hours follow the wall clock when daylight saving time begins and ends", () => {
  const at = (time: string) => until("22:00", "07:00", "Europe/Berlin", time);
  // 29 March 2026: 02:00 becomes 03:00. The night is an hour shorter.
  assert.equal(at("2026-03-28T21:00:00Z"), "2026-03-29T05:00:00.000Z");
  assert.equal(at("2026-03-29T05:00:00Z"), null);
  // 25 October 2026: 03:00 becomes 02:00. It is an hour longer.
  assert.equal(at("2026-10-24T20:00:00Z"), "2026-10-25T06:00:00.000Z");
  assert.equal(at("2026-10-25T05:30:00Z"), "2026-10-25T06:00:00.000Z");
});

Deno.test("quiet hours that would begin or end in the hour that is left out keep their sense", () => {
  // 02:30 does not exist on this day; an hour later, by the clock, it is 03:30.
  assert.equal(
    until("02:30", "06:00", "Europe/Berlin", "2026-03-29T01:29:00Z"),
    null,
  );
  assert.equal(
    until("02:30", "06:00", "Europe/Berlin", "2026-03-29T01:30:00Z"),
    "2026-03-29T04:00:00.000Z",
  );
  assert.equal(
    until("23:00", "02:30", "Europe/Berlin", "2026-03-29T00:59:00Z"),
    "2026-03-29T01:30:00.000Z",
  );
});

Deno.test("quiet hours know zones of half and quarter hours", () => {
  assert.equal(
    until("21:00", "06:00", "Asia/Kathmandu", "2026-01-10T15:15:00Z"),
    "2026-01-11T00:15:00.000Z",
  );
  assert.equal(until("21:00", "06:00", "Asia/Kathmandu", "2026-01-10T15:14:59Z"), null);
});

Deno.test("quiet hours that begin when they end are all day; without any it is never quiet", () => {
  assert.equal(until("08:00", "08:00", "UTC", "2026-01-10T07:59:00Z"), "2026-01-10T08:00:00.000Z");
  assert.equal(until("08:00", "08:00", "UTC", "2026-01-10T08:00:00Z"), "2026-01-11T08:00:00.000Z");
  assert.equal(quietUntil(null, Date.now()), null);
});
