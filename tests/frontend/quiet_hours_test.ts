import assert from "node:assert/strict";
import { quietUntil } from "@/chat/quiet_hours.ts";
import { isQuiet, quietHoursText, timeZones } from "@/frontend/lib/quiet_hours.ts";

const night = { start: "22:00", end: "07:00", timeZone: "Europe/Berlin" };
const noon = { start: "12:30", end: "13:00", timeZone: "UTC" };

/** Whether it is quiet at a moment, given as ISO 8601. */
const at = (hours: typeof night | null, iso: string) => isQuiet(hours, Date.parse(iso));

Deno.test("isQuiet() holds from the first minute up to the last, which is not one of them", () => {
  assert.equal(at(noon, "2026-05-01T12:29:59Z"), false);
  assert.equal(at(noon, "2026-05-01T12:30:00Z"), true);
  assert.equal(at(noon, "2026-05-01T12:59:59Z"), true);
  assert.equal(at(noon, "2026-05-01T13:00:00Z"), false);
  assert.equal(at(null, "2026-05-01T12:30:00Z"), false);
});

Deno.test("isQuiet() goes across midnight, by the clock of the chosen time zone", () => {
  // In May Berlin is two hours ahead of UTC.
  assert.equal(at(night, "2026-05-01T19:59:00Z"), false);
  assert.equal(at(night, "2026-05-01T20:00:00Z"), true);
  assert.equal(at(night, "2026-05-01T22:30:00Z"), true);
  assert.equal(at(night, "2026-05-02T04:59:00Z"), true);
  assert.equal(at(night, "2026-05-02T05:00:00Z"), false);
  const midnight = { ...night, start: "00:00", end: "06:00", timeZone: "UTC" };
  assert.equal(at(midnight, "2026-05-01T00:00:00Z"), true);
  assert.equal(at(midnight, "2026-05-01T23:59:00Z"), false);
});

Deno.test("isQuiet() is all day between two times that are the same", () => {
  const always = { ...noon, end: noon.start };
  for (const hour of ["00", "12", "23"]) {
    assert.equal(at(always, `2026-05-01T${hour}:45:00Z`), true);
  }
});

Deno.test("isQuiet() agrees with the server, also where clocks are put forward and back", () => {
  const minuteMs = 60_000;
  for (const day of ["2026-03-28", "2026-10-24"]) {
    const begin = Date.parse(`${day}T12:00:00Z`);
    for (let now = begin; now < begin + 36 * 60 * minuteMs; now += 5 * minuteMs) {
      const when = new Date(now).toISOString();
      assert.equal(isQuiet(night, now), quietUntil(night, now) !== null, when);
    }
  }
});

Deno.test("isQuiet() goes by the browser's own clock where it does not know the time zone", () => {
  const own = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const now = Date.parse("2026-05-01T12:30:00Z");
  for (const hours of [night, noon]) {
    const unknown = { ...hours, timeZone: "Mars/Olympus" };
    assert.equal(isQuiet(unknown, now), isQuiet({ ...hours, timeZone: own }, now));
  }
});

Deno.test("quietHoursText() says when quiet hours end the next day", () => {
  assert.match(quietHoursText(night), /until .*7.* the next day\.$/);
  assert.doesNotMatch(quietHoursText(noon), /next day/);
  assert.match(quietHoursText({ ...noon, end: noon.start }), /all day/);
});

Deno.test("timeZones() has the one that is chosen, whatever this browser knows", () => {
  assert.ok(timeZones("Mars/Olympus").includes("Mars/Olympus"));
  assert.equal(timeZones("UTC").filter((zone) => zone === "UTC").length, 1);
});
