import assert from "node:assert/strict";
import type { Message, ServerFrame } from "@/chat/protocol.ts";
import {
  applyFrame,
  applyList,
  applyPage,
  applyRead,
  applySync,
  type ChatState,
  type Effect,
  emptyState,
  unreadTotalOf,
} from "@/frontend/state/apply.ts";
import { headsOf } from "@/frontend/state/heads.ts";
import { hasGap } from "@/frontend/state/held.ts";
import { ana, at, bo, conversation, message, room, syncResult } from "./chat_fixtures.ts";

const newMessage = (seq: number, given: Partial<Message> = {}): ServerFrame => ({
  type: "new_message",
  message: message(seq, given),
});

/** Ana's page with one conversation of `count` messages, opened at its end. */
function opened(count = 3): ChatState {
  const messages = Array.from({ length: count }, (_, index) => message(index + 1));
  const view = conversation({
    rev: count,
    lastSeq: count,
    lastReadSeq: count,
    lastMessage: messages.at(-1) ?? null,
    updatedAt: at(count),
  });
  const listed = applyList(emptyState(ana), {
    conversations: [view],
    nextCursor: null,
    unreadTotal: 0,
    epoch: "first",
  });
  return applyPage(listed.state, {
    conversationId: room,
    place: "replace",
    page: { messages, hasBefore: false, hasAfter: false },
    rev: count,
    epoch: undefined,
  }).state;
}

function play(state: ChatState, ...frames: ServerFrame[]): { state: ChatState; effects: Effect[] } {
  const effects: Effect[] = [];
  let now = state;
  for (const frame of frames) {
    const applied = applyFrame(now, frame);
    now = applied.state;
    effects.push(...applied.effects);
  }
  return { state: now, effects };
}

const heldIn = (state: ChatState) => {
  const held = state.held.get(room);
  assert.ok(held);
  return held;
};
const seqsIn = (state: ChatState) => heldIn(state).window?.messages.map(({ seq }) => seq);
const kinds = (effects: Effect[]) => effects.map(({ type }) => type);

Deno.test("applyFrame() appends the next message, counts it as unread, and has it delivered", () => {
  const { state, effects } = play(opened(), newMessage(4));
  assert.deepEqual(seqsIn(state), [1, 2, 3, 4]);
  assert.equal(heldIn(state).view.rev, 4);
  assert.equal(heldIn(state).view.lastMessage?.seq, 4);
  assert.equal(heldIn(state).view.unreadCount, 1);
  assert.equal(unreadTotalOf(state), 1);
  assert.deepEqual(effects.filter(({ type }) => type === "deliver"), [
    { type: "deliver", conversationId: room, seq: 4 },
  ]);
});

Deno.test("applyFrame() ignores a message that it has applied", () => {
  const once = play(opened(), newMessage(4)).state;
  const twice = play(once, newMessage(4), newMessage(2));
  assert.equal(twice.state, once);
  assert.deepEqual(twice.effects, []);
});

Deno.test("applyFrame() keeps a message aside while one is missing before it, and asks to sync", () => {
  const { state, effects } = play(opened(), newMessage(5));
  assert.deepEqual(seqsIn(state), [1, 2, 3]);
  assert.equal(heldIn(state).view.rev, 3);
  assert.ok(kinds(effects).includes("sync"));
  assert.ok(hasGap(heldIn(state)));
});

Deno.test("applyFrame() applies what was kept aside once the gap is filled", () => {
  const { state } = play(opened(), newMessage(6), newMessage(5), newMessage(4));
  assert.deepEqual(seqsIn(state), [1, 2, 3, 4, 5, 6]);
  assert.equal(heldIn(state).view.unreadCount, 3);
  assert.ok(!hasGap(heldIn(state)));
});

Deno.test("applyFrame() does not count one's own message as unread, and settles its pending line", () => {
  const clientId = crypto.randomUUID();
  const { state, effects } = play(opened(), {
    type: "message_sent",
    clientId,
    message: message(4, { senderId: ana, clientId }),
  });
  assert.equal(heldIn(state).view.unreadCount, 0);
  assert.deepEqual(kinds(effects), ["stored"]);
});

Deno.test("applyFrame() settles one's own pending line even where the message itself must wait", () => {
  const { effects } = play(opened(), newMessage(9, { senderId: ana, clientId: "c" }));
  assert.ok(kinds(effects).includes("stored"));
});

Deno.test("applyFrame() asks to sync for a conversation it does not hold", () => {
  const { state, effects } = play(emptyState(ana), newMessage(1));
  assert.equal(state.held.size, 0);
  assert.deepEqual(kinds(effects), ["sync"]);
});

Deno.test("applyFrame() replaces an edited message in the window and in the list", () => {
  const edited = message(3, { rev: 4, content: "better", editedAt: at(9) });
  const { state } = play(opened(), { type: "message_updated", message: edited });
  assert.equal(heldIn(state).window?.messages[2]?.content, "better");
  assert.equal(heldIn(state).view.lastMessage?.content, "better");
  assert.equal(heldIn(state).view.lastSeq, 3);
});

Deno.test("applyFrame() counts one unread less when an unread message is deleted", () => {
  const before = play(opened(), newMessage(4), newMessage(5)).state;
  const gone = message(4, { rev: 6, deletedAt: at(9), content: "" });
  const { state } = play(before, { type: "message_updated", message: gone });
  assert.equal(heldIn(state).view.unreadCount, 1);
});

Deno.test("applyFrame() moves marks forward only", () => {
  const mark = (seq: number, marksRev: number): ServerFrame => ({
    type: "message_read",
    conversationId: room,
    userId: bo,
    seq,
    at: at(5),
    marksRev,
  });
  const { state } = play(opened(), mark(3, 1), mark(2, 2));
  const other = heldIn(state).view.participants[1];
  assert.equal(other?.lastReadSeq, 3);
  assert.equal(other?.lastDeliveredSeq, 3);
  assert.equal(heldIn(state).view.marksRev, 2);
});

Deno.test("applyFrame() moves marksRev over a gap only when the gap is filled", () => {
  const mark = (marksRev: number): ServerFrame => ({
    type: "message_delivered",
    conversationId: room,
    userId: bo,
    seq: marksRev,
    at: at(5),
    marksRev,
  });
  const ahead = play(opened(), mark(1), mark(3));
  assert.equal(heldIn(ahead.state).view.marksRev, 1);
  assert.equal(heldIn(ahead.state).view.participants[1]?.lastDeliveredSeq, 3);
  assert.ok(kinds(ahead.effects).includes("sync"));
  const filled = play(ahead.state, mark(2));
  assert.equal(heldIn(filled.state).view.marksRev, 3);
  assert.ok(!hasGap(heldIn(filled.state)));
});

Deno.test("applyFrame() takes what another device has read off the unread count", () => {
  const before = play(opened(), newMessage(4), newMessage(5)).state;
  const { state, effects } = play(before, {
    type: "message_read",
    conversationId: room,
    userId: ana,
    seq: 4,
    at: at(6),
    marksRev: 1,
    unreadCount: 1,
  });
  assert.equal(heldIn(state).view.unreadCount, 1);
  assert.equal(unreadTotalOf(state), 1);
  assert.deepEqual(kinds(effects), ["read"]);
});

Deno.test("applyFrame() lets a message that came after the count stay unread", () => {
  // Counted on the server before message 5, told after it.
  const before = play(opened(), newMessage(4), newMessage(5)).state;
  const { state } = play(before, {
    type: "message_read",
    conversationId: room,
    userId: ana,
    seq: 4,
    at: at(6),
    marksRev: 1,
    unreadCount: 0,
  });
  assert.equal(heldIn(state).view.unreadCount, 1);
});

Deno.test("applyRead() clears the count at once", () => {
  const before = play(opened(), newMessage(4)).state;
  const after = applyRead(before, room, 4);
  assert.equal(heldIn(after).view.unreadCount, 0);
  assert.equal(unreadTotalOf(after), 0);
  assert.equal(applyRead(after, room, 3), after);
});

Deno.test("applySync() fills a gap and drops what was kept aside", () => {
  const before = play(opened(), newMessage(6)).state;
  const messages = [message(4), message(5), message(6)];
  const view = conversation({
    rev: 6,
    lastSeq: 6,
    lastReadSeq: 3,
    unreadCount: 3,
    lastMessage: message(6),
    updatedAt: at(6),
  });
  const { state } = applySync(
    before,
    syncResult({
      conversations: [{ conversation: view, messages, limited: false }],
      unreadTotal: 3,
    }),
    { [room]: { rev: 3, marksRev: 0 } },
  );
  assert.deepEqual(seqsIn(state), [1, 2, 3, 4, 5, 6]);
  assert.ok(!hasGap(heldIn(state)));
  assert.equal(unreadTotalOf(state), 3);
});

Deno.test("applySync() drops the window and asks for the last page when too much has changed", () => {
  const view = conversation({ rev: 900, lastSeq: 900, lastMessage: message(900) });
  const { state, effects } = applySync(
    opened(),
    syncResult({ conversations: [{ conversation: view, messages: [], limited: true }] }),
    { [room]: { rev: 3, marksRev: 0 } },
  );
  assert.equal(heldIn(state).window, null);
  assert.equal(heldIn(state).view.rev, 900);
  assert.ok(kinds(effects).includes("reload"));
});

Deno.test("applySync() does not go back behind a frame that overtook its answer", () => {
  const before = play(opened(), newMessage(4)).state;
  const view = conversation({ rev: 3, lastSeq: 3, marksRev: 2, lastReadSeq: 3 });
  const { state, effects } = applySync(
    before,
    syncResult({ conversations: [{ conversation: view, messages: [], limited: false }] }),
    { [room]: { rev: 3, marksRev: 0 } },
  );
  assert.equal(heldIn(state).view.rev, 4);
  assert.equal(heldIn(state).view.lastSeq, 4);
  assert.equal(heldIn(state).view.marksRev, 0);
  assert.equal(heldIn(state).view.unreadCount, 1);
  assert.ok(kinds(effects).includes("sync"));
});

Deno.test("applySync() keeps a read mark that the server has not heard of", () => {
  const before = applyRead(play(opened(), newMessage(4)).state, room, 4);
  const view = conversation({
    rev: 4,
    lastSeq: 4,
    lastReadSeq: 3,
    unreadCount: 1,
    lastMessage: message(4),
  });
  const { state } = applySync(
    before,
    syncResult({ conversations: [{ conversation: view, messages: [], limited: false }] }),
    { [room]: { rev: 4, marksRev: 0 } },
  );
  assert.equal(heldIn(state).view.lastReadSeq, 4);
  assert.equal(heldIn(state).view.unreadCount, 0);
});

Deno.test("applySync() removes conversations, sets who is online, and goes on until complete", () => {
  const online = play(opened(), { type: "user_online", userId: bo, lastSeenAt: null }).state;
  const { state, effects } = applySync(
    online,
    syncResult({ removed: [room], online: [ana], complete: false }),
    {},
  );
  assert.equal(state.held.size, 0);
  assert.equal(state.presence.get(bo)?.online, false);
  assert.equal(state.presence.get(ana)?.online, true);
  assert.deepEqual(kinds(effects), ["removed", "sync"]);
});

Deno.test("applySync() keeps a conversation that the member was brought back to since it was asked", () => {
  const listed = applyList(emptyState(ana), {
    conversations: [conversation({ rev: 3, marksRev: 1 })],
    nextCursor: null,
    unreadTotal: 0,
    epoch: "first",
  }).state;
  const { heads } = headsOf(listed, null);
  const back = conversation({ rev: 5, marksRev: 3 });
  const now = play(listed, { type: "conversation_updated", conversation: back }).state;
  const removed = syncResult({ removed: [room] });

  const { state, effects } = applySync(now, removed, heads);
  assert.equal(heldIn(state).view.rev, 5);
  assert.deepEqual(kinds(effects), ["sync"]);
  // That one knows; should it say the same, so it is.
  const { heads: asked } = headsOf(state, null);
  assert.equal(applySync(state, removed, asked).state.held.size, 0);
});

Deno.test("a conversation whose first message is not written yet tells nothing of who is here", () => {
  const online = play(opened(), { type: "user_online", userId: bo, lastSeenAt: null }).state;
  const another = conversation({ id: "0190a000-0000-7000-8000-0000000000c1" });
  const { state } = play(online, { type: "conversation_updated", conversation: another });
  assert.equal(state.held.size, 2);
  assert.equal(state.presence.get(bo)?.online, true);
});

Deno.test("applyPage() asks for what it may lack when the conversation moved on meanwhile", () => {
  const moved = play(opened(), newMessage(4)).state;
  const { state, effects } = applyPage(moved, {
    conversationId: room,
    place: "replace",
    page: { messages: [message(1), message(2), message(3)], hasBefore: false, hasAfter: false },
    rev: 3,
    epoch: undefined,
  });
  assert.equal(heldIn(state).view.rev, 4);
  assert.equal(headsOf(state, null).heads[room]?.rev, 3);
  assert.deepEqual(kinds(effects), ["sync"]);
  // An answer to a sync that was asked before would leave a hole: it is not taken.
  const tooLate = applySync(
    state,
    syncResult({
      conversations: [{
        conversation: conversation({ rev: 5, lastSeq: 5 }),
        messages: [message(5)],
        limited: false,
      }],
    }),
    { [room]: { rev: 4, marksRev: 0 } },
  );
  assert.equal(heldIn(tooLate.state), heldIn(state));
  assert.deepEqual(kinds(tooLate.effects), ["sync"]);
});

Deno.test("a window that was left behind by a jump takes no new messages, but the list does", () => {
  const detached = applyPage(opened(300), {
    conversationId: room,
    place: "replace",
    page: { messages: [message(10), message(11)], hasBefore: true, hasAfter: true },
    rev: 300,
    epoch: undefined,
  }).state;
  const { state } = play(detached, newMessage(301));
  assert.deepEqual(seqsIn(state), [10, 11]);
  assert.equal(heldIn(state).view.lastMessage?.seq, 301);
  assert.equal(heldIn(state).view.unreadCount, 1);
});

Deno.test("applyList() does not overtake the window of an open conversation", () => {
  const { state, effects } = applyList(opened(), {
    conversations: [conversation({ rev: 8, lastSeq: 8, lastMessage: message(8) })],
    nextCursor: null,
    unreadTotal: 5,
    epoch: "first",
  });
  assert.equal(heldIn(state).view.rev, 3);
  assert.equal(unreadTotalOf(state), 5);
  assert.ok(kinds(effects).includes("sync"));
});

Deno.test("applySync() does not bring back what was read here before the server heard of it", () => {
  const read = applyRead(play(opened(), newMessage(4)).state, room, 4);
  const view = conversation({
    rev: 4,
    lastSeq: 4,
    lastReadSeq: 3,
    marksRev: 1,
    unreadCount: 1,
    lastMessage: message(4),
  });
  // Of the 8, one is in the conversation that was read here; 7 are in others, not held.
  const { state } = applySync(
    read,
    syncResult({
      conversations: [{ conversation: view, messages: [], limited: false }],
      unreadTotal: 8,
    }),
    { [room]: { rev: 4, marksRev: 0 } },
  );
  assert.equal(unreadTotalOf(state), 7);
});

Deno.test("applySync() drops everything held when the database tells another history", () => {
  const before = applySync(opened(9), syncResult(), {}).state;
  // As many changes as are held here, but others: the numbers alone would tell nothing.
  const { state, effects } = applySync(before, syncResult({ epoch: "second" }), {});
  assert.deepEqual(state, { ...emptyState(ana), epoch: "second" });
  assert.deepEqual(effects, [{ type: "anew" }, { type: "sync", soon: false }]);

  const view = conversation({ rev: 9, lastSeq: 9, lastMessage: message(9), unreadCount: 7 });
  const again = applySync(
    state,
    syncResult({
      conversations: [{ conversation: view, messages: [], limited: true }],
      unreadTotal: 7,
      epoch: "second",
    }),
    {},
  );
  assert.deepEqual(heldIn(again.state).view, view);
  assert.equal(unreadTotalOf(again.state), 7);
  assert.ok(!kinds(again.effects).includes("anew"));
});

Deno.test("applySync() goes back where the server has lost what is held, whatever the epoch", () => {
  for (const lost of [{ rev: 2, marksRev: 4 }, { rev: 9, marksRev: 3 }]) {
    const state = applyList(opened(9), {
      conversations: [conversation({ rev: 9, lastSeq: 9, marksRev: 4, lastReadSeq: 9 })],
      nextCursor: null,
      unreadTotal: 0,
      epoch: "first",
    }).state;
    const asked = { [room]: { rev: 9, marksRev: 4 } };
    const view = conversation({ ...lost, lastSeq: lost.rev, lastReadSeq: 1, unreadCount: 1 });
    const { state: after, effects } = applySync(
      state,
      syncResult({
        conversations: [{ conversation: view, messages: [], limited: true }],
        unreadTotal: 1,
      }),
      asked,
    );
    assert.deepEqual(after.held.get(room)?.view, view);
    assert.equal(after.held.get(room)?.window, null);
    assert.ok(effects.some((effect) => effect.type === "reload"));
    // And goes on from there.
    const next = applyFrame(after, newMessage(lost.rev + 1)).state;
    assert.equal(next.held.get(room)?.view.rev, lost.rev + 1);
  }
});
