import assert from "node:assert/strict";
import { muteForever } from "@/chat/protocol.ts";
import { isMuted } from "@/frontend/lib/mute.ts";
import { mutedUntil, nextUnmuting } from "@/frontend/lib/mute_spans.ts";
import { at, conversation } from "./chat_fixtures.ts";

const until = (mutedUntil: string | null) => conversation({ muted: true, mutedUntil });
const time = (minutes: number) => Date.parse(at(minutes));

Deno.test("isMuted() ends when the time is over, whatever the view says", () => {
  assert.equal(isMuted(until(at(5)), time(4)), true);
  assert.equal(isMuted(until(at(5)), time(5)), false);
  assert.equal(isMuted(until(muteForever), time(1_000_000)), true);
  assert.equal(isMuted(until(null), time(0)), false);
});

Deno.test("mutedUntil() is a while from now, or for good", () => {
  assert.equal(mutedUntil(60_000, time(0)), at(1));
  assert.equal(mutedUntil(null, time(0)), muteForever);
});

Deno.test("nextUnmuting() is the first end to come", () => {
  const views = [until(at(9)), until(at(3)), until(at(5)), until(muteForever), until(null)];
  assert.equal(nextUnmuting(views, time(4)), time(5));
  assert.equal(nextUnmuting(views, time(10)), null);
});
