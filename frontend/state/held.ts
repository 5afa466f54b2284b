/**
 * One conversation as this page holds it, and how it takes in what the server says of it. Pure.
 *
 * Two counters say how far it has come: `view.rev` for messages, `view.marksRev` for members'
 * marks. Each is moved only over what has been applied without a gap.
 *
 * @module
 */
import { type Conversation, limits, type Message } from "@/chat/protocol.ts";
import { type MessageWindow, withMessages } from "./window.ts";

export interface Held {
  readonly view: Conversation;
  /** Null until the conversation is opened. */
  readonly window: MessageWindow | null;
  /** Changes after this `rev` may be missing in the window, though the view counts them; or null. */
  readonly windowRev: number | null;
  /** Changes that came ahead of a gap; applied once it is filled. */
  readonly aside: readonly Message[];
  /** Moves of marks that came ahead of a gap: merged already, not yet counted. */
  readonly marksAhead: readonly number[];
  /** The move of the own mark whose count of unread messages only a whole view can tell. */
  readonly uncounted: number | null;
  /** Read marks seen moving, the latest last: `after` < seq ≤ `seq` was read at `at`. */
  readonly reads: readonly ReadMove[];
}

export interface ReadMove {
  readonly userId: string;
  readonly after: number;
  readonly seq: number;
  readonly at: string;
}

/** A member's mark, as a frame tells of it. */
export interface MarkMove {
  conversationId: string;
  userId: string;
  seq: number;
  at: string;
  marksRev: number;
  unreadCount?: number | undefined;
}

/** Holds more out-of-order changes than this and a sync brings them anyway. */
const asideMax = 200;
const readsMax = 50;

/** A conversation heard of for the first time. */
export function holding(view: Conversation): Held {
  return {
    view,
    window: null,
    windowRev: null,
    aside: [],
    marksAhead: [],
    uncounted: null,
    reads: [],
  };
}

/** Whether something is missing between what was applied and what has come. */
export function hasGap(held: Held): boolean {
  return held.aside.length > 0 || held.marksAhead.length > 0 || held.windowRev !== null;
}

/** Lets the messages go. */
export function withoutWindow(held: Held): Held {
  return { ...held, window: null, windowRev: null };
}

/**
 * Applies a new or changed message if it is the next change, keeps it aside if one is missing
 * before it, and ignores it if it has been applied.
 */
export function withChange(held: Held, message: Message, selfId: string): Held {
  if (message.rev <= held.view.rev) return held;
  if (message.rev > held.view.rev + 1 || held.windowRev !== null) {
    const known = held.aside.some((one) => one.rev === message.rev);
    if (known || held.aside.length >= asideMax) return held;
    return { ...held, aside: [...held.aside, message].sort((a, b) => a.rev - b.rev) };
  }
  return withoutAside(applied(held, message, selfId), selfId);
}

/** Applies what was kept aside as far as it follows on, and drops what has been overtaken. */
function withoutAside(held: Held, selfId: string): Held {
  if (held.windowRev !== null) return held;
  let now = held;
  const rest: Message[] = [];
  for (const message of held.aside) {
    if (message.rev === now.view.rev + 1) now = applied(now, message, selfId);
    else if (message.rev > now.view.rev) rest.push(message);
  }
  return rest.length === held.aside.length ? now : { ...now, aside: rest };
}

function applied(held: Held, message: Message, selfId: string): Held {
  const { view } = held;
  const isNew = message.seq > view.lastSeq;
  const isOfOthers = message.senderId !== selfId && message.seq > view.lastReadSeq;
  let { unreadCount } = view;
  if (isOfOthers && isNew && message.deletedAt === null) {
    unreadCount = Math.min(unreadCount + 1, limits.unreadCount);
  } else if (isOfOthers && !isNew && message.deletedAt !== null) {
    // What is deleted does not change any more: this tells of it for the first time, though a
    // page of history may have shown it.
    unreadCount = Math.max(0, unreadCount - 1);
  }
  const replacesLast = isNew || view.lastMessage?.id === message.id;
  return {
    ...held,
    view: {
      ...view,
      rev: message.rev,
      lastSeq: Math.max(view.lastSeq, message.seq),
      lastMessage: replacesLast ? message : view.lastMessage,
      updatedAt: isNew && message.createdAt > view.updatedAt ? message.createdAt : view.updatedAt,
      unreadCount,
    },
    window: held.window && withMessages(held.window, [message]),
  };
}

/** Moves a member's mark forward; a mark never moves back. */
export function withMark(
  held: Held,
  kind: "read" | "delivered",
  move: MarkMove,
  selfId: string,
): Held {
  const { userId, seq } = move;
  // A view brought it already, and what has come since.
  if (move.marksRev <= held.view.marksRev) return held;
  let reads = held.reads;
  const participants = held.view.participants.map((one) => {
    if (one.userId !== userId) return one;
    if (kind === "read" && seq > one.lastReadSeq && userId !== selfId) {
      reads = [...reads, { userId, after: one.lastReadSeq, seq, at: move.at }].slice(-readsMax);
    }
    return {
      ...one,
      lastReadSeq: kind === "read" ? Math.max(one.lastReadSeq, seq) : one.lastReadSeq,
      lastDeliveredSeq: Math.max(one.lastDeliveredSeq, seq),
    };
  });
  const next: Held = { ...held, reads, view: { ...held.view, participants } };
  if (kind === "delivered" || userId !== selfId || seq < held.view.lastReadSeq) {
    return withMarksRev(next, move.marksRev);
  }
  const read = withReadUpTo(next, seq, selfId, move.unreadCount);
  // The server's count may be older than the latest message here. Where this page cannot count
  // for itself, the move stays uncounted, so that a sync brings the whole view.
  return unreadAfter(next, seq, selfId) === undefined
    ? {
      ...read,
      marksAhead: marksWith(read, move.marksRev),
      uncounted: Math.min(move.marksRev, held.uncounted ?? Infinity),
    }
    : withMarksRev(read, move.marksRev);
}

/**
 * Notes that the member has read up to `seq`.
 *
 * @param counted what the server counted as still unread, used where this page cannot count itself
 */
export function withReadUpTo(
  held: Held,
  seq: number,
  selfId: string,
  counted?: number,
): Held {
  const { view } = held;
  const unreadCount = unreadAfter(held, seq, selfId) ?? counted ?? view.unreadCount;
  const participants = view.participants.map((one) =>
    one.userId === selfId
      ? {
        ...one,
        lastReadSeq: Math.max(one.lastReadSeq, seq),
        lastDeliveredSeq: Math.max(one.lastDeliveredSeq, seq),
      }
      : one
  );
  return { ...held, view: { ...view, participants, lastReadSeq: seq, unreadCount } };
}

/** Others' messages after `seq`, where the window holds all of them. */
function unreadAfter({ view, window }: Held, seq: number, selfId: string): number | undefined {
  if (seq >= view.lastSeq) return 0;
  const first = window?.messages[0];
  if (window === null || first === undefined || window.hasAfter) return undefined;
  if (first.seq > seq + 1) return undefined;
  const unread = window.messages.filter((message) =>
    message.seq > seq && message.senderId !== selfId && message.deletedAt === null
  );
  return Math.min(unread.length, limits.unreadCount);
}

function marksWith(held: Held, marksRev: number): number[] {
  return [...new Set([...held.marksAhead, marksRev])].sort((a, b) => a - b);
}

function withMarksRev(held: Held, marksRev: number): Held {
  if (marksRev <= held.view.marksRev) return held;
  const ahead = marksWith(held, marksRev);
  const end = held.uncounted ?? Infinity;
  let reached = held.view.marksRev;
  while (ahead[0] !== undefined && ahead[0] <= reached + 1 && ahead[0] < end) {
    reached = Math.max(reached, ahead[0]);
    ahead.shift();
  }
  return { ...held, marksAhead: ahead, view: { ...held.view, marksRev: reached } };
}

/**
 * Takes in the server's whole view of the conversation, as of some moment. A view that is behind
 * what is held in one of its halves (messages; marks and settings) is not taken at all: its count
 * of unread messages fits neither.
 *
 * @returns what is held then, and whether the view had news that could not be taken
 */
export function withView(
  held: Held,
  view: Conversation,
  selfId: string,
): { held: Held; stale: boolean } {
  if (view.rev < held.view.rev || view.marksRev < held.view.marksRev) {
    const hasNews = view.rev > held.view.rev || view.marksRev > held.view.marksRev;
    return { held, stale: hasNews };
  }
  const before = new Map(held.view.participants.map((one) => [one.userId, one]));
  const participants = view.participants.map((one) => {
    const was = before.get(one.userId);
    if (was === undefined) return one;
    return {
      ...one,
      lastReadSeq: Math.max(one.lastReadSeq, was.lastReadSeq),
      lastDeliveredSeq: Math.max(one.lastDeliveredSeq, was.lastDeliveredSeq),
    };
  });
  const next: Held = {
    ...held,
    marksAhead: held.marksAhead.filter((rev) => rev > view.marksRev),
    uncounted: (held.uncounted ?? 0) > view.marksRev ? held.uncounted : null,
    view: { ...view, participants },
  };
  // A mark made here that the server has not heard of yet stays made.
  const isAhead = held.view.lastReadSeq > view.lastReadSeq;
  const read = isAhead ? withReadUpTo(next, held.view.lastReadSeq, selfId) : next;
  return { held: withoutAside(read, selfId), stale: false };
}
