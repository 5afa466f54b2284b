/**
 * Conversations and messages for the tests of the page's state, and a tiny server that numbers
 * changes as the real one does.
 *
 * @module
 */
import type { Conversation, Message, SyncResult } from "@/chat/protocol.ts";

export const ana = "0190a000-0000-7000-8000-00000000000a";
export const bo = "0190a000-0000-7000-8000-00000000000b";
export const room = "0190a000-0000-7000-8000-0000000000c0";

const epoch = Date.UTC(2026, 4, 1, 9);

/** A moment `minutes` after the tests' beginning of time. */
export function at(minutes: number): string {
  return new Date(epoch + minutes * 60_000).toISOString();
}

export function message(seq: number, given: Partial<Message> = {}): Message {
  return {
    id: `0190a000-0000-7000-8000-${String(seq).padStart(12, "0")}`,
    conversationId: room,
    seq,
    rev: seq,
    clientId: null,
    senderId: bo,
    type: "text",
    content: `message ${seq}`,
    attachments: [],
    replyTo: null,
    reactions: [],
    createdAt: at(seq),
    editedAt: null,
    deletedAt: null,
    ...given,
  };
}

export function conversation(given: Partial<Conversation> = {}): Conversation {
  const participant = (userId: string, displayName: string) => ({
    userId,
    username: displayName.toLowerCase(),
    displayName,
    avatarUrl: null,
    role: "member" as const,
    lastReadSeq: 0,
    lastDeliveredSeq: 0,
    online: false,
    lastSeenAt: null,
  });
  return {
    id: room,
    kind: "direct",
    title: null,
    context: null,
    subject: null,
    participants: [participant(ana, "Ana"), participant(bo, "Bo")],
    lastMessage: null,
    lastSeq: 0,
    rev: 0,
    marksRev: 0,
    unreadCount: 0,
    lastReadSeq: 0,
    muted: false,
    mutedUntil: null,
    emailOff: false,
    pinned: false,
    archived: false,
    createdAt: at(0),
    updatedAt: at(0),
    ...given,
  };
}

export function syncResult(given: Partial<SyncResult> = {}): SyncResult {
  return {
    conversations: [],
    removed: [],
    online: [],
    complete: true,
    epoch: "first",
    ...given,
  };
}

/** Random numbers from 0 up to 1 that repeat with their seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
