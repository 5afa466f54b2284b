import assert from "node:assert/strict";
import { fetchFinder, partsOf } from "@/frontend/lib/links.ts";
import { initialsOf, shadeOf } from "@/frontend/lib/people.ts";
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

Deno.test("shadeOf() spreads ids that were made one after the other", () => {
  const ids = Array.from({ length: 200 }, (_, n) => `0190a000-0000-7000-8000-${1e11 + n}`);
  assert.equal(new Set(ids.map((id) => shadeOf(id, 10))).size, 10);
});

Deno.test("routeOf() reads the page's addresses", () => {
  const route = (path: string) => routeOf(new URL(path, "http://localhost"));
  assert.deepEqual(route("/messages"), { name: "inbox" });
  assert.deepEqual(route("/messages/abc"), { name: "thread", conversationId: "abc" });
  assert.deepEqual(route("/messages?to=abc"), { name: "new", userId: "abc" });
  assert.deepEqual(route("/u/a.b"), { name: "profile", username: "a.b" });
  assert.deepEqual(route("/register"), { name: "register" });
});
