import { equal } from "node:assert/strict";
import { plainLine } from "@/utils/plain_line.ts";
import { shorten } from "@/utils/shorten.ts";

Deno.test("plainLine() makes one line of text, whatever it is given", () => {
  equal(
    plainLine("  Mara \t Lindqvist\r\nBcc: x\u2028y\u2029z\x85\0 ", 80),
    "Mara Lindqvist Bcc: x y z",
  );
  equal(plainLine("\u202eabc\u202c \u2066d\u2069\u200e\u200f\u061c", 80), "abc d");
  equal(plainLine("half \ud83d of a pair", 80), "half \ufffd of a pair");
  equal(plainLine("\n\t", 80), "");
});

Deno.test("shorten() leaves what fits, and cuts the rest between characters", () => {
  equal(shorten("four", 4), "four");
  equal(shorten("fives", 4), "fiv…");
  equal(shorten("ab cde", 4), "ab…");
  equal(shorten("ab👨‍👩‍👧", 5), "ab…");
  equal(shorten("👨‍👩‍👧", 5), "…");
});
