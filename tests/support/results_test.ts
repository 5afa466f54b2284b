import { deepEqual, equal } from "node:assert/strict";
import { closingLine, countResults } from "./results.ts";

Deno.test("countResults() counts tests and not their steps", () => {
  const output =
    "running 4 tests\nok | 3 passed (2 steps) | 0 failed | 1 ignored (1 step) (31ms)\n";
  deepEqual(countResults(output, true), { passed: 3, failed: 0, skipped: 1 });
});

Deno.test("countResults() reads a coloured line", () => {
  const output = "\x1b[0m\x1b[31mFAILED\x1b[0m | 3 passed | 1 failed \x1b[38;5;245m(30ms)\x1b[0m\n";
  deepEqual(countResults(output, false), { passed: 3, failed: 1, skipped: 0 });
});

Deno.test("countResults() is not taken in by what a test prints", () => {
  const output = "ok | 100 passed | 0 failed (1ms)\nok | 1 passed | 0 failed (2ms)\n\n";
  deepEqual(countResults(output, true), { passed: 1, failed: 0, skipped: 0 });
});

Deno.test("countResults() counts a failure when the run failed without a closing line", () => {
  deepEqual(countResults("", false), { passed: 0, failed: 1, skipped: 0 });
});

Deno.test("countResults() counts a failure when the run failed though no test did", () => {
  deepEqual(countResults("ok | 5 passed | 0 failed (1ms)\n", false), {
    passed: 5,
    failed: 1,
    skipped: 0,
  });
});

Deno.test("closingLine() names skipped tests only where there are some", () => {
  equal(closingLine({ passed: 2, failed: 1, skipped: 0 }), "2 passed, 1 failed");
  equal(closingLine({ passed: 2, failed: 0, skipped: 3 }), "2 passed, 0 failed, 3 skipped");
});
