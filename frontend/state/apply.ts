/**
 * How the page takes in what the server says: (state, news) → (state, what to do about it).
 * Pure: no clock, no network, no DOM, so that it can be tested with any order of events.
 *
 * @module
 */
import type {
  Conversation,
  ConversationsResult,
  Head,
  HistoryResult,
  Message,
  ServerFrame,
  SyncResult,
} from "@/chat/protocol.ts";
import {
  type Held,
  holding,
  withChange,
  withMark,
  withoutWindow,
  withReadUpTo,
  withView,
} from "./held.ts";
import { trimmed, windowOf, withMessages, withNewer, withOlder } from "./window.ts";

export interface Presence {
  readonly online: boolean;
  readonly lastSeenAt: string | null;
}

export interface ChatState {
  readonly selfId: string;
  readonly held: ReadonlyMap<string, Held>;
  readonly presence: ReadonlyMap<string, Presence>;
  /** Unread messages in conversations that are not held, as the server last told. */
  readonly unreadBeyond: number;
  /** Which history of the database all this is of; undefined before the first answer. */
  readonly epoch?: string;
}

/** What the caller has to do after a change. */
export type Effect =
  /** Ask the server what is missing; at once, or after giving stragglers a moment. */
  | { type: "sync"; soon: boolean }
  /** Tell the server that messages up to here have reached this page. */
  | { type: "deliver"; conversationId: string; seq: number }
  /** The window was dropped: load the last page if the conversation is open. */
  | { type: "reload"; conversationId: string }
  /** One's own message is stored: its pending line has done its work. */
  | { type: "stored"; message: Message }
  /** Somebody else's message came just now. */
  | { type: "arrived"; message: Message }
  /** The server has heard that the member read up to here. */
  | { type: "read"; conversationId: string; seq: number }
  | { type: "removed"; conversationId: string }
  /** Nothing of what was held counts any more: the database is another one. */
  | { type: "anew" };

export interface Applied {
  state: ChatState;
  effects: Effect[];
}

/** A page of history, and where the page stood when it was asked for. */
export interface LoadedPage {
  conversationId: string;
  place: "replace" | "before" | "after";
  page: HistoryResult;
  /** The conversation's. */
  rev: number;
  epoch: string | undefined;
}

/** The state of a member who has loaded nothing yet. */
export function emptyState(selfId: string): ChatState {
  return { selfId, held: new Map(), presence: new Map(), unreadBeyond: 0 };
}

/** Takes in one frame. The answer to a sync is for {@linkcode applySync}. */
export function applyFrame(state: ChatState, frame: ServerFrame): Applied {
  switch (frame.type) {
    case "message_sent":
    case "new_message":
    case "message_updated":
      return applyMessage(state, frame.message, frame.type !== "message_updated");
    case "message_read":
    case "message_delivered": {
      const held = state.held.get(frame.conversationId);
      const kind = frame.type === "message_read" ? "read" : "delivered";
      const isOwnRead = kind === "read" && frame.userId === state.selfId;
      const effects: Effect[] = isOwnRead
        ? [{ type: "read", conversationId: frame.conversationId, seq: frame.seq }]
        : [];
      if (held === undefined) {
        // Only the total of unread messages knows of it.
        if (isOwnRead) effects.push({ type: "sync", soon: true });
        return { state, effects };
      }
      const next = withMark(held, kind, frame, state.selfId);
      if (next.marksAhead.length > 0) effects.push({ type: "sync", soon: true });
      return { state: put(state, next), effects };
    }
    case "conversation_updated":
      return applyViews(state, [frame.conversation], true);
    case "conversation_removed":
      return remove(state, frame.conversationId);
    case "user_online":
    case "user_offline":
      return {
        state: withPresence(state, [{ ...frame, online: frame.type === "user_online" }]),
        effects: [],
      };
    default:
      return { state, effects: [] };
  }
}

function applyMessage(state: ChatState, message: Message, isNew: boolean): Applied {
  const effects: Effect[] = [];
  const isOwn = message.senderId === state.selfId;
  if (isOwn && message.clientId !== null) effects.push({ type: "stored", message });
  const held = state.held.get(message.conversationId);
  if (held === undefined) {
    if (isNew) effects.push({ type: "sync", soon: false });
    return { state, effects };
  }
  const next = withChange(held, message, state.selfId);
  if (isNew && !isOwn && message.rev > held.view.rev) {
    effects.push({ type: "arrived", message });
    effects.push({ type: "deliver", conversationId: message.conversationId, seq: message.seq });
  }
  if (next.aside.length > 0) effects.push({ type: "sync", soon: true });
  return { state: put(state, next), effects };
}

/**
 * Takes in the answer to a sync.
 *
 * @param asked the heads it was asked with: it brings what came after them
 */
export function applySync(
  state: ChatState,
  result: SyncResult,
  asked: Record<string, Head>,
): Applied {
  if (isOfAnother(state, result)) return anew(state, result);
  const effects: Effect[] = [];
  let now: ChatState = { ...state, epoch: result.epoch };
  for (const { conversation, messages, limited } of result.conversations) {
    let held = now.held.get(conversation.id);
    const head = asked[conversation.id];
    const isBehind = head !== undefined &&
      (conversation.rev < head.rev || conversation.marksRev < head.marksRev);
    if (held?.window && !limited && (held.windowRev ?? held.view.rev) < (head?.rev ?? 0)) {
      // A page of history came meanwhile that this answer begins too late for.
      effects.push({ type: "sync", soon: false });
      continue;
    }
    for (const message of messages) {
      if (message.senderId === state.selfId && message.clientId !== null) {
        effects.push({ type: "stored", message });
      }
    }
    if (held === undefined) {
      held = holding(conversation);
    } else {
      const wasAt = held.view.rev;
      const hadWindow = held.window !== null;
      if (limited) {
        // What the database has lost of it is not to be kept here.
        held = isBehind ? holding(conversation) : withoutWindow(held);
        if (hadWindow) effects.push({ type: "reload", conversationId: conversation.id });
      } else if (held.window !== null) {
        const lacks = held.windowRev !== null && conversation.rev < held.view.rev;
        held = {
          ...held,
          window: withMessages(held.window, messages),
          windowRev: lacks ? conversation.rev : null,
        };
        if (lacks) effects.push({ type: "sync", soon: false });
      }
      const taken = withView(held, conversation, state.selfId);
      held = taken.held;
      if (taken.stale) effects.push({ type: "sync", soon: true });
      const latest = conversation.lastMessage;
      if (latest && latest.rev > wasAt && latest.senderId !== state.selfId) {
        effects.push({ type: "arrived", message: latest });
      }
    }
    now = put(now, held);
    effects.push(...undelivered(held, state.selfId));
    now = withPresence(now, presenceIn(conversation));
  }
  for (const id of result.removed) {
    // A change of members counts there, too.
    if ((now.held.get(id)?.view.marksRev ?? 0) > (asked[id]?.marksRev ?? 0)) {
      // There is news since it was asked: the member is back, or the next answer removes it.
      effects.push({ type: "sync", soon: false });
      continue;
    }
    const gone = remove(now, id);
    now = gone.state;
    effects.push(...gone.effects);
  }
  if (!result.complete) effects.push({ type: "sync", soon: false });
  const views = result.conversations.map(({ conversation }) => conversation);
  now = withOnline(now, result.online);
  // Told only to a page that does not hold all there is.
  if (result.complete) now = withTotal(now, result.unreadTotal ?? 0, views);
  return { state: now, effects };
}

/** Takes in a page of the list of conversations. */
export function applyList(state: ChatState, result: ConversationsResult): Applied {
  if (isOfAnother(state, result)) return anew(state, result);
  const known = { ...state, epoch: result.epoch };
  const { state: next, effects } = applyViews(known, result.conversations, false);
  return { state: withTotal(next, result.unreadTotal, result.conversations), effects };
}

/** Whether an answer tells another history of the database than what is held is of. */
function isOfAnother({ epoch }: ChatState, answer: { epoch: string }): boolean {
  return epoch !== undefined && epoch !== answer.epoch;
}

/** The answer is let go of as well: the sync brings all that there is. */
function anew({ selfId }: ChatState, { epoch }: { epoch: string }): Applied {
  return {
    state: { ...emptyState(selfId), epoch },
    effects: [{ type: "anew" }, { type: "sync", soon: false }],
  };
}

/** Unread messages in conversations that are not muted. */
export function unreadTotalOf(
  state: ChatState,
  isMuted: (view: Conversation) => boolean = (view) => view.muted,
): number {
  let total = state.unreadBeyond;
  for (const { view } of state.held.values()) if (!isMuted(view)) total += view.unreadCount;
  return total;
}

/**
 * Takes from the server's total what is counted here, conversation by conversation. Where the
 * same answer brought a view, its count is the one that went into the total: this page may know
 * of reading that the server did not.
 */
function withTotal(state: ChatState, total: number, views: readonly Conversation[]): ChatState {
  const told = new Map(views.map((view) => [view.id, view]));
  let beyond = total;
  for (const { view } of state.held.values()) beyond -= counted(told.get(view.id) ?? view);
  return { ...state, unreadBeyond: Math.max(0, beyond) };
}

/** What a conversation adds to the server's total. */
const counted = (view: Conversation) => view.muted ? 0 : view.unreadCount;

/**
 * Takes in whole views that came by themselves.
 *
 * @param isNews false where a conversation not held so far was already in the total of unread
 *   messages
 */
export function applyViews(
  state: ChatState,
  views: readonly Conversation[],
  isNews: boolean,
): Applied {
  const effects: Effect[] = [];
  let now = state;
  for (const view of views) {
    let held = now.held.get(view.id);
    if (held === undefined) {
      held = holding(view);
      if (!isNews) {
        now = { ...now, unreadBeyond: Math.max(0, now.unreadBeyond - counted(view)) };
      }
    } else if (held.window !== null && view.rev > held.view.rev) {
      // The view has messages that the window lacks; only a sync brings both.
      effects.push({ type: "sync", soon: false });
    } else {
      const taken = withView(held, view, state.selfId);
      held = taken.held;
      if (taken.stale) effects.push({ type: "sync", soon: true });
    }
    now = put(now, held);
    effects.push(...undelivered(held, state.selfId));
    now = withPresence(now, presenceIn(view));
  }
  return { state: now, effects };
}

/**
 * Takes in a page of history. Where the conversation has moved on since it was asked for, the
 * page may lack a change that has already been counted: a sync brings everything after it again.
 */
export function applyPage(state: ChatState, loaded: LoadedPage): Applied {
  const held = state.held.get(loaded.conversationId);
  // Of another history of the database: what is open is loaded anew.
  const isStale = loaded.epoch !== undefined && loaded.epoch !== state.epoch;
  if (held === undefined || isStale) return { state, effects: [] };
  const { window } = held;
  const { page, place } = loaded;
  const next = window === null || place === "replace"
    ? windowOf(page)
    : place === "before"
    ? withOlder(window, page)
    : withNewer(window, page);
  const hasMoved = held.view.rev > loaded.rev;
  const before = place === "replace" ? null : held.windowRev;
  const windowRev = hasMoved ? Math.min(loaded.rev, before ?? Infinity) : before;
  return {
    state: put(state, { ...held, window: next, windowRev }),
    effects: hasMoved ? [{ type: "sync", soon: false }] : [],
  };
}

/** Notes that the member has read up to `seq`, before the server says so. */
export function applyRead(state: ChatState, conversationId: string, seq: number): ChatState {
  const held = state.held.get(conversationId);
  if (held === undefined || seq <= held.view.lastReadSeq) return state;
  return put(state, withReadUpTo(held, seq, state.selfId));
}

/** Lets go of messages that a long stay at the end of a conversation has gathered. */
export function applyTrim(state: ChatState, conversationId: string): ChatState {
  const held = state.held.get(conversationId);
  if (held?.window == null) return state;
  return put(state, { ...held, window: trimmed(held.window) });
}

/** Lets go of a conversation's messages; opening it loads them again. */
export function applyDrop(state: ChatState, conversationId: string): ChatState {
  const held = state.held.get(conversationId);
  return held === undefined ? state : put(state, withoutWindow(held));
}

function put(state: ChatState, next: Held): ChatState {
  if (state.held.get(next.view.id) === next) return state;
  return { ...state, held: new Map(state.held).set(next.view.id, next) };
}

function remove(state: ChatState, conversationId: string): Applied {
  const held = new Map(state.held);
  held.delete(conversationId);
  return { state: { ...state, held }, effects: [{ type: "removed", conversationId }] };
}

function undelivered({ view }: Held, selfId: string): Effect[] {
  const mark = view.participants.find((one) => one.userId === selfId)?.lastDeliveredSeq ?? 0;
  if (view.unreadCount === 0 || view.lastSeq <= mark) return [];
  return [{ type: "deliver", conversationId: view.id, seq: view.lastSeq }];
}

/** A conversation whose first message is not written yet tells nothing of anyone. */
const presenceIn = ({ participants }: Conversation) =>
  participants.filter((one) => one.online || one.lastSeenAt);

function withPresence(
  state: ChatState,
  news: readonly (Presence & { userId: string })[],
): ChatState {
  const presence = new Map(state.presence);
  for (const { userId, online, lastSeenAt } of news) {
    const was = presence.get(userId);
    presence.set(userId, { online, lastSeenAt: lastSeenAt ?? was?.lastSeenAt ?? null });
  }
  return { ...state, presence };
}

/** Everybody in `online` is here, and nobody else is. */
function withOnline(state: ChatState, online: readonly string[]): ChatState {
  const lastSeenAt = null;
  return withPresence(state, [
    ...[...state.presence.keys()].map((userId) => ({ userId, online: false, lastSeenAt })),
    ...online.map((userId) => ({ userId, online: true, lastSeenAt })),
  ]);
}
