import assert from "node:assert/strict";
import { deliveryOf, rowsOf } from "@/frontend/lib/rows.ts";
import { ana, at, bo, message } from "./chat_fixtures.ts";

const none = { pending: [], unreadAfter: null, selfId: ana };
const line = (clientId: string, minutes: number) => ({
  clientId,
  conversationId: "c",
  content: "soon",
  createdAt: at(minutes),
});

Deno.test("rowsOf() begins each day with its line", () => {
  const messages = [message(1), message(2, { createdAt: at(60 * 30) })];
  const rows = rowsOf({ ...none, messages });
  assert.deepEqual(rows.map(({ kind }) => kind), ["day", "message", "day", "message"]);
});

Deno.test("rowsOf() groups a sender's messages that are less than five minutes apart", () => {
  const messages = [
    message(1),
    message(2),
    message(3, { senderId: ana }),
    message(4, { senderId: ana, createdAt: at(20) }),
  ];
  const groups = rowsOf({ ...none, messages }).flatMap((row) =>
    row.kind === "message" ? [[row.isFirst, row.isLast]] : []
  );
  assert.deepEqual(groups, [[true, false], [false, true], [true, true], [true, true]]);
});

Deno.test("rowsOf() puts the divider before the first unread message of somebody else", () => {
  const messages = [message(1), message(2, { senderId: ana }), message(3), message(4)];
  const rows = rowsOf({ ...none, messages, unreadAfter: 1 });
  const order = rows.map((row) => row.kind === "message" ? row.message.seq : row.kind);
  assert.deepEqual(order, ["day", 1, 2, "unread", 3, 4]);
});

Deno.test("rowsOf() puts the divider below the line of the day it begins with", () => {
  const messages = [message(1), message(2, { createdAt: at(60 * 30) })];
  const rows = rowsOf({ ...none, messages, unreadAfter: 1 });
  assert.deepEqual(rows.map(({ kind }) => kind), ["day", "message", "day", "unread", "message"]);
});

Deno.test("rowsOf() shows a pending line until its message is stored, under the same key", () => {
  const clientId = crypto.randomUUID();
  const pending = [line(clientId, 2)];
  const before = rowsOf({ ...none, messages: [message(1)], pending });
  const stored = message(2, { senderId: ana, clientId });
  const after = rowsOf({ ...none, messages: [message(1), stored], pending });
  assert.deepEqual(before.map(({ key }) => key), after.map(({ key }) => key));
  assert.deepEqual(after.map(({ kind }) => kind), ["day", "message", "message"]);
});

Deno.test("rowsOf() does not begin a day again for what failed on an earlier one", () => {
  const messages = [message(1), message(2, { createdAt: at(60 * 30) })];
  const rows = rowsOf({ ...none, messages, pending: [line("late", 2)] });
  assert.deepEqual(rows.map(({ kind }) => kind), ["day", "message", "day", "message", "pending"]);
});

Deno.test("rowsOf() does not take another member's client id for one's own", () => {
  const messages = [message(1, { senderId: bo, clientId: "same" })];
  const rows = rowsOf({ ...none, messages, pending: [line("same", 2)] });
  assert.equal(rows.filter(({ kind }) => kind === "pending").length, 1);
});

Deno.test("deliveryOf() tells the least of what all others have reached", () => {
  const reader = { lastReadSeq: 5, lastDeliveredSeq: 5 };
  const getter = { lastReadSeq: 0, lastDeliveredSeq: 5 };
  const absent = { lastReadSeq: 0, lastDeliveredSeq: 0 };
  assert.equal(deliveryOf(5, [reader]), "read");
  assert.equal(deliveryOf(5, [reader, getter]), "delivered");
  assert.equal(deliveryOf(5, [reader, getter, absent]), "sent");
  assert.equal(deliveryOf(6, [reader]), "sent");
  assert.equal(deliveryOf(1, []), "sent");
});
