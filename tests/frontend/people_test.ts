import assert from "node:assert/strict";
import { namesOf } from "@/frontend/lib/people.ts";

Deno.test("no name turns around what stands beside it", () => {
  assert.equal(namesOf(["Ana\u202e\u2066", "Bo"]), namesOf(["Ana", "Bo"]));
  assert.equal(namesOf(["דנה\u2069\u202e"]), "\u2068דנה\u2069");
});
