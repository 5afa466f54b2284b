import assert from "node:assert/strict";
import { delayText, emailDelays, withCurrent } from "@/frontend/lib/delays.ts";

Deno.test("delayText() says a delay in the largest whole unit", () => {
  assert.deepEqual(
    [0, 1, 30, 60, 90, 300, 3_600, 5_400, 86_400].map(delayText),
    [
      "At once",
      "After 1 second",
      "After 30 seconds",
      "After 1 minute",
      "After 90 seconds",
      "After 5 minutes",
      "After 1 hour",
      "After 90 minutes",
      "After 1 day",
    ],
  );
});

Deno.test("withCurrent() offers what holds now, in its place and once", () => {
  assert.deepEqual(withCurrent([60, 300], 120), [60, 120, 300]);
  assert.deepEqual(withCurrent(emailDelays, 300), [...emailDelays]);
});
