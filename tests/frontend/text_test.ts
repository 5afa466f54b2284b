import assert from "node:assert/strict";
import { fetchFinder, partsOf } from "@/frontend/lib/links.ts";
import { initialsOf, toneOf } from "@/frontend/lib/people.ts";
import { isEmojiOnly, oneLine, safeHref } from "@/frontend/lib/text.ts";
import { routeOf } from "@/frontend/lib/routes.ts";

Deno.test("partsOf() finds links and gives the whole text back", async () => {
  await fetchFinder();
  const text = "See https://example.com/a?b=(c), www.example.org or ana@example.com.";
  const parts = partsOf(text);
  assert.equal(parts.map((part) => part.text).join(""), text);
  assert.deepEqual(parts.flatMap(({ href }) => href ?? []), [
    "https://example.com/a?b=(c)",
    "http://www.example.org/",
    "mailto:ana@example.com",
  ]);
});

Deno.test("partsOf() never links to what could run", async () => {
  await fetchFinder();
  for (
    const text of ["javascript:alert(1)", "data:text/html,x", "ftp://example.com", "vbscript:x"]
  ) {
    assert.deepEqual(partsOf(text).filter(({ href }) => href !== undefined), [], text);
  }
});

Deno.test("safeHref() takes http, https and mailto only", () => {
  assert.equal(safeHref("https://example.com"), "https://example.com/");
  assert.equal(safeHref("mailto:a@example.com"), "mailto:a@example.com");
  assert.equal(safeHref(" javascript:alert(1)"), null);
  assert.equal(safeHref("/relative"), null);
});

Deno.test("isEmojiOnly() knows a few emoji from words", () => {
  for (const text of ["👍", "👍🏽 ❤️", "👨‍👩‍👧‍👦", "🇵🇹🇵🇹"]) assert.equal(isEmojiOnly(text), true, text);
  for (const text of ["", " ", "1", "ok 👍", "👍👍👍👍👍👍👍"]) {
    assert.equal(isEmojiOnly(text), false, text);
  }
});

Deno.test("oneLine() folds a text for a preview", () => {
  assert.equal(oneLine("  a\n\n b\tc "), "a b c");
});

Deno.test("initialsOf() takes the first and the last word's letter", () => {
  assert.equal(initialsOf("ana maria ribeiro"), "AR");
  assert.equal(initialsOf("bo"), "B");
  assert.equal(initialsOf("👩‍🚀 zed"), "👩‍🚀Z");
  assert.equal(initialsOf(" "), "?");
});

Deno.test("toneOf() spreads names that differ by little over all its colours", () => {
  const names = Array.from({ length: 1_000 }, (_, number) => `user-${number}`);
  const tones = new Set(names.map((name) => JSON.stringify(toneOf(name))));
  assert.equal(tones.size, 48);
  assert.deepEqual(toneOf("ana"), toneOf("ana"));
});

Deno.test("routeOf() reads the page's addresses", () => {
  const route = (path: string) => routeOf(new URL(path, "http://localhost"));
  assert.deepEqual(route("/messages"), { name: "inbox" });
  assert.deepEqual(route("/messages/abc"), { name: "thread", conversationId: "abc" });
  assert.deepEqual(route("/messages?to=abc"), { name: "new", userId: "abc" });
  assert.deepEqual(route("/u/a.b"), { name: "profile", username: "a.b" });
  assert.deepEqual(route("/register"), { name: "register" });
  assert.deepEqual(route("/u/%E0%A4%A"), { name: "profile", username: "%E0%A4%A" });
});
