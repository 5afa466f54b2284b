import assert from "node:assert/strict";
import type { Message } from "@/chat/protocol.ts";
import {
  type MessageWindow,
  trimmed,
  windowSize,
  withMessages,
  withNewer,
  withOlder,
} from "@/frontend/state/window.ts";
import { message } from "./chat_fixtures.ts";

const run = (from: number, to: number): Message[] =>
  Array.from({ length: to - from + 1 }, (_, index) => message(from + index));
const windowAt = (from: number, to: number, given: Partial<MessageWindow> = {}): MessageWindow => ({
  messages: run(from, to),
  hasBefore: from > 1,
  hasAfter: false,
  ...given,
});
const ends = ({ messages }: MessageWindow) => [messages[0]?.seq, messages.at(-1)?.seq];

Deno.test("withMessages() appends what follows on, in any order it comes", () => {
  const window = withMessages(windowAt(5, 7), [message(9), message(8)]);
  assert.deepEqual(ends(window), [5, 9]);
});

Deno.test("withMessages() keeps the later version of a message", () => {
  const later = message(6, { rev: 20, content: "later" });
  const once = withMessages(windowAt(5, 7), [later]);
  assert.equal(once.messages[1]?.content, "later");
  assert.equal(withMessages(once, [message(6, { rev: 10 })]), once);
});

Deno.test("withMessages() leaves a hole out and detaches the end", () => {
  const window = withMessages(windowAt(5, 7), [message(9)]);
  assert.deepEqual(ends(window), [5, 7]);
  assert.equal(window.hasAfter, true);
});

Deno.test("withMessages() leaves alone what stands before the window", () => {
  const window = windowAt(5, 7);
  assert.equal(withMessages(window, [message(2, { rev: 30 })]), window);
});

Deno.test("withMessages() begins an empty conversation", () => {
  const empty: MessageWindow = { messages: [], hasBefore: false, hasAfter: false };
  assert.deepEqual(ends(withMessages(empty, [message(1)])), [1, 1]);
});

Deno.test("withOlder() puts a page before the window and lets the far end go", () => {
  const page = { messages: run(51, 100), hasBefore: true, hasAfter: true };
  const window = withOlder(windowAt(101, 100 + windowSize), page);
  assert.deepEqual(ends(window), [51, 50 + windowSize]);
  assert.equal(window.hasAfter, true);
  assert.equal(window.messages.length, windowSize);
});

Deno.test("withNewer() puts a page after the window and lets the beginning go", () => {
  const page = { messages: run(windowSize + 1, windowSize + 50), hasBefore: true, hasAfter: false };
  const window = withNewer(windowAt(1, windowSize, { hasAfter: true }), page);
  assert.deepEqual(ends(window), [51, windowSize + 50]);
  assert.equal(window.hasBefore, true);
  assert.equal(window.hasAfter, false);
});

Deno.test("withOlder() and withNewer() refuse a page that does not touch the window", () => {
  const window = windowAt(100, 150, { hasAfter: true });
  const far = { messages: run(10, 20), hasBefore: true, hasAfter: true };
  assert.equal(withOlder(window, far), window);
  assert.equal(withNewer(window, { ...far, messages: run(200, 210) }), window);
});

Deno.test("trimmed() keeps the newest", () => {
  const window = trimmed(windowAt(1, windowSize + 100));
  assert.deepEqual(ends(window), [101, windowSize + 100]);
  assert.equal(window.hasBefore, true);
});
