import assert from "node:assert/strict";
import type { Notification } from "@/chat/protocol.ts";
import { sentenceOf, withNotification, withPage, withRead } from "@/frontend/lib/notifications.ts";
import { at, bo, room } from "./chat_fixtures.ts";

function entry(number: number, given: Partial<Notification> = {}): Notification {
  return {
    id: `0190a000-0000-7000-8000-${String(number).padStart(12, "0")}`,
    kind: "message",
    conversationId: room,
    actor: { userId: bo, displayName: "Bo", avatarUrl: null },
    content: "hello",
    count: 1,
    createdAt: at(number),
    readAt: null,
    ...given,
  };
}

const numbers = (list: readonly Notification[]) => list.map(({ id }) => Number(id.slice(-12)));
const unread = (list: readonly Notification[]) =>
  numbers(list.filter(({ readAt }) => readAt === null));

Deno.test("sentenceOf() says who did what", () => {
  const said = (given: Partial<Notification>) => {
    const { subject, text } = sentenceOf(entry(1, given));
    return `${subject} ${text}`;
  };
  assert.equal(said({}), "Bo sent you a message");
  assert.equal(said({ count: 3 }), "Bo sent you 3 messages");
  assert.equal(said({ actor: null }), "Somebody sent you a message");
  assert.equal(
    said({ kind: "group_added", content: "Summer trip" }),
    "Bo added you to Summer trip",
  );
  assert.equal(
    said({ kind: "new_login", actor: null, content: "Chrome on Windows" }),
    "New login Chrome on Windows",
  );
  assert.equal(
    said({ kind: "email_refused", actor: null, content: "a@b.example" }),
    "Mail to a@b.example is refused, so none is sent there any more.",
  );
});

Deno.test("withNotification() puts the newest first, and an entry that grew in its new place", () => {
  const list = withNotification([entry(2), entry(1)], entry(3));
  assert.deepEqual(numbers(list), [3, 2, 1]);
  const grown = withNotification(list, entry(1, { count: 2, createdAt: at(4) }));
  assert.deepEqual(numbers(grown), [1, 3, 2]);
  assert.equal(grown[0]?.count, 2);
});

Deno.test("withPage() adds what is older, and nothing twice", () => {
  assert.deepEqual(numbers(withPage([entry(3), entry(2)], [entry(2), entry(1)])), [3, 2, 1]);
  assert.deepEqual(numbers(withPage([], [])), []);
});

Deno.test("withRead() marks these, or all", () => {
  const list = [entry(3), entry(2), entry(1)];
  assert.deepEqual(unread(withRead(list, [entry(2).id], at(9))), [3, 1]);
  const all = withRead([entry(3, { readAt: at(5) }), entry(2)], null, at(9));
  assert.deepEqual(all.map(({ readAt }) => readAt), [at(5), at(9)]);
});
