/**
 * A server in a few lines, which numbers changes as the real one does: what a page must end with.
 *
 * @module
 */
import assert from "node:assert/strict";
import type {
  Conversation,
  ConversationsResult,
  Head,
  HistoryResult,
  Message,
  ServerFrame,
  SyncResult,
} from "@/chat/protocol.ts";
import { ana, at, bo, conversation, message, syncResult } from "./chat_fixtures.ts";

/** More changes than this, and a sync says `limited`. */
const syncMessages = 15;
/** More conversations than this, and it is not `complete`. */
const syncConversations = 2;

/** A conversation of Ana and Bo, as the database has it. */
class Room {
  readonly messages: Message[] = [];
  rev = 0;
  marksRev = 0;
  read: Record<string, number> = { [ana]: 0, [bo]: 0 };
  delivered: Record<string, number> = { [ana]: 0, [bo]: 0 };
  muted = false;
  hasAna = true;

  constructor(readonly id: string) {}

  get unreadCount(): number {
    return this.messages.filter(({ seq, senderId, deletedAt }) =>
      seq > (this.read[ana] ?? 0) && senderId !== ana && deletedAt === null
    ).length;
  }

  view(isOnline: boolean): Conversation {
    const base = conversation({ id: this.id, muted: this.muted });
    const last = this.messages.at(-1) ?? null;
    return {
      ...base,
      participants: base.participants.map((one) => ({
        ...one,
        online: one.userId === bo && isOnline,
        lastReadSeq: this.read[one.userId] ?? 0,
        lastDeliveredSeq: this.delivered[one.userId] ?? 0,
      })),
      lastMessage: last,
      lastSeq: this.messages.length,
      rev: this.rev,
      marksRev: this.marksRev,
      lastReadSeq: this.read[ana] ?? 0,
      unreadCount: this.unreadCount,
      updatedAt: last?.createdAt ?? base.updatedAt,
    };
  }
}

/** What the server has, and the frames that each change sends to Ana's page. */
export class ModelServer {
  readonly rooms: Room[] = [];
  isBoOnline = false;
  #minutes = 0;
  #epochs = 0;

  constructor(rooms: number) {
    for (let n = 0; n < rooms; n++) this.create();
  }

  get epoch(): string {
    return `epoch ${this.#epochs}`;
  }

  /** Those that Ana is in. */
  get own(): Room[] {
    return this.rooms.filter(({ hasAna }) => hasAna);
  }

  get unreadTotal(): number {
    return this.own.reduce((sum, room) => sum + (room.muted ? 0 : room.unreadCount), 0);
  }

  room(id: string): Room {
    const room = this.rooms.find((one) => one.id === id);
    assert.ok(room);
    return room;
  }

  create(): ServerFrame[] {
    const room = new Room(`0190a000-0000-7000-8000-0000000000c${this.rooms.length}`);
    this.rooms.push(room);
    return this.#updated(room);
  }

  post(room: Room, senderId: string): ServerFrame[] {
    if (!room.hasAna && senderId === ana) return [];
    const seq = room.messages.length + 1;
    const posted = message(seq, {
      id: crypto.randomUUID(),
      conversationId: room.id,
      rev: ++room.rev,
      senderId,
      clientId: crypto.randomUUID(),
      createdAt: at(++this.#minutes),
    });
    room.messages.push(posted);
    return room.hasAna ? [{ type: "new_message", message: posted }] : [];
  }

  change(room: Room, index: number, how: "edit" | "delete"): ServerFrame[] {
    const before = room.messages[index];
    if (before === undefined || before.deletedAt !== null) return [];
    const change = how === "edit"
      ? { content: `${before.content}, edited`, editedAt: at(++this.#minutes) }
      : { content: "", deletedAt: at(++this.#minutes) };
    const after = { ...before, ...change, rev: ++room.rev };
    room.messages[index] = after;
    return room.hasAna ? [{ type: "message_updated", message: after }] : [];
  }

  mark(room: Room, userId: string, seq: number, kind: "read" | "delivered"): ServerFrame[] {
    if (!room.hasAna && userId === ana || seq > room.messages.length) return [];
    const marks = kind === "read" ? room.read : room.delivered;
    if (seq <= (marks[userId] ?? 0)) return [];
    marks[userId] = seq;
    room.delivered[userId] = Math.max(room.delivered[userId] ?? 0, seq);
    room.marksRev++;
    const isOwnRead = kind === "read" && userId === ana;
    const frame = {
      conversationId: room.id,
      userId,
      seq,
      at: at(++this.#minutes),
      marksRev: room.marksRev,
      ...isOwnRead && { unreadCount: room.unreadCount },
    };
    if (!room.hasAna) return [];
    return [{ type: kind === "read" ? "message_read" : "message_delivered", ...frame }];
  }

  mute(room: Room): ServerFrame[] {
    if (!room.hasAna) return [];
    room.muted = !room.muted;
    room.marksRev++;
    return this.#updated(room);
  }

  /** Ana goes, or comes back. */
  join(room: Room): ServerFrame[] {
    room.hasAna = !room.hasAna;
    room.rev++;
    room.marksRev++;
    if (room.hasAna) return this.#updated(room);
    return [{ type: "conversation_removed", conversationId: room.id }];
  }

  come(): ServerFrame[] {
    this.isBoOnline = !this.isBoOnline;
    const type = this.isBoOnline ? "user_online" : "user_offline";
    return [{ type, userId: bo, lastSeenAt: null }];
  }

  /** A backup comes back, which lacks the newest messages of a conversation. */
  restore(room: Room, count: number): void {
    this.#epochs++;
    room.messages.length = Math.max(0, room.messages.length - count);
    room.rev = Math.max(0, ...room.messages.map(({ rev }) => rev));
    for (const marks of [room.read, room.delivered]) {
      for (const userId of [ana, bo]) {
        marks[userId] = Math.min(marks[userId] ?? 0, room.messages.length);
      }
    }
  }

  #updated(room: Room): ServerFrame[] {
    return [{ type: "conversation_updated", conversation: room.view(this.isBoOnline) }];
  }

  list(): ConversationsResult {
    const conversations = this.own.map((room) => room.view(this.isBoOnline));
    return { conversations, nextCursor: null, unreadTotal: this.unreadTotal, epoch: this.epoch };
  }

  /** A page of history before or after a `seq`, or the last one. */
  page(room: Room, place: { before?: number; after?: number }, limit = 8): HistoryResult {
    const { before = Infinity, after } = place;
    const found = after === undefined
      ? room.messages.filter(({ seq }) => seq < before).slice(-limit)
      : room.messages.filter(({ seq }) => seq > after).slice(0, limit);
    const first = found[0]?.seq ?? (after === undefined ? 1 : after + 1);
    const last = found.at(-1)?.seq ?? (after === undefined ? before - 1 : after);
    return {
      messages: found,
      hasBefore: first > 1 && room.messages.length > 0,
      hasAfter: last < room.messages.length,
    };
  }

  sync(heads: Record<string, Head>): SyncResult {
    const changed = this.own.filter(({ id, rev, marksRev }) =>
      heads[id]?.rev !== rev || heads[id]?.marksRev !== marksRev
    );
    return syncResult({
      conversations: changed.slice(0, syncConversations).map((room) => {
        const head = heads[room.id];
        const messages = room.messages.filter(({ rev }) => rev > (head?.rev ?? 0))
          .sort((a, b) => a.rev - b.rev);
        const limited = head === undefined || head.rev > room.rev ||
          head.marksRev > room.marksRev || messages.length > syncMessages;
        return {
          conversation: room.view(this.isBoOnline),
          messages: limited ? [] : messages,
          limited,
        };
      }),
      removed: Object.keys(heads).filter((id) => !this.own.some((room) => room.id === id)),
      online: this.isBoOnline && this.own.length > 0 ? [bo] : [],
      complete: changed.length <= syncConversations,
      epoch: this.epoch,
    });
  }
}
