/**
 * The lines of a thread, in order: days, the unread divider, messages with their grouping. Pure.
 *
 * @module
 */
import type { Message } from "@/chat/protocol.ts";
import type { OutboxLine } from "../state/outbox_line.ts";
import { dayKey } from "./dates.ts";

export type Row =
  | { kind: "day"; key: string; at: string }
  | { kind: "unread"; key: string }
  | ({ kind: "message"; key: string; message: Message } & Grouping)
  | ({ kind: "pending"; key: string; line: OutboxLine } & Grouping);

/** A row's place among neighbours of the same sender, a few minutes apart at most. */
export interface Grouping {
  isFirst: boolean;
  isLast: boolean;
}

const groupMs = 5 * 60_000;

export interface RowsInput {
  messages: readonly Message[];
  pending: readonly OutboxLine[];
  /** The unread divider stands before the first message of another after this; null: none. */
  unreadAfter: number | null;
  selfId: string;
}

/** Lays out a thread. A pending line whose message is already there is left out. */
export function rowsOf({ messages, pending, unreadAfter, selfId }: RowsInput): Row[] {
  const rows: Row[] = [];
  const stored = new Set<string>();
  let day = "";
  let latest = "";
  let hasDivider = false;
  let last: { senderId: string | null; at: number; grouping: Grouping } | null = null;

  const beginDay = (createdAt: string) => {
    // Clocks differ, and what failed yesterday stands below today's: a day does not come again.
    if (dayKey(createdAt) === day || createdAt < latest) return;
    day = dayKey(createdAt);
    rows.push({ kind: "day", key: `day ${day}`, at: createdAt });
    latest = createdAt;
    last = null;
  };
  const place = (senderId: string | null, createdAt: string): Grouping => {
    beginDay(createdAt);
    const at = Date.parse(createdAt);
    const continues = last !== null && senderId !== null && last.senderId === senderId &&
      at - last.at < groupMs;
    const grouping = { isFirst: !continues, isLast: true };
    if (last !== null && continues) last.grouping.isLast = false;
    last = { senderId, at, grouping };
    return grouping;
  };

  for (const message of messages) {
    const isOwn = message.senderId === selfId;
    if (isOwn && message.clientId !== null) stored.add(message.clientId);
    const startsUnread = !hasDivider && unreadAfter !== null && message.seq > unreadAfter &&
      !isOwn;
    if (startsUnread) {
      hasDivider = true;
      beginDay(message.createdAt);
      rows.push({ kind: "unread", key: "unread" });
      last = null;
    }
    const grouping = place(message.senderId, message.createdAt);
    // One's own message keeps the key it had while it was pending: it stays the same line.
    const key = isOwn && message.clientId !== null ? message.clientId : message.id;
    rows.push(Object.assign(grouping, { kind: "message" as const, key, message }));
  }
  for (const line of pending) {
    if (stored.has(line.clientId)) continue;
    const grouping = place(selfId, line.createdAt);
    rows.push(Object.assign(grouping, { kind: "pending" as const, key: line.clientId, line }));
  }
  return rows;
}

export type Delivery = "sent" | "delivered" | "read";

/** How far one's own message has come with those it was written to. */
export function deliveryOf(
  seq: number,
  others: readonly { lastReadSeq: number; lastDeliveredSeq: number }[],
): Delivery {
  if (others.length === 0) return "sent";
  if (others.every(({ lastReadSeq }) => lastReadSeq >= seq)) return "read";
  return others.every(({ lastDeliveredSeq }) => lastDeliveredSeq >= seq) ? "delivered" : "sent";
}
