import assert from "node:assert/strict";
import { limits } from "@/chat/protocol.ts";
import { activityAt } from "@/frontend/lib/activity.ts";

const { activeMs, activityRepeatMs } = limits;

Deno.test("activityAt() repeats itself while the page is used, and ends to the minute", () => {
  const after = (now: number) => activityAt({ isVisible: true, usedAt: 0, now });
  assert.deepEqual(after(0), { active: true, nextMs: activityRepeatMs });
  assert.deepEqual(after(activeMs - 1_000), { active: true, nextMs: 1_000 });
  assert.deepEqual(after(activeMs), { active: false, nextMs: null });
});

Deno.test("activityAt() takes nobody for active who does not see the page", () => {
  assert.deepEqual(activityAt({ isVisible: false, usedAt: 0, now: 0 }), {
    active: false,
    nextMs: null,
  });
});
