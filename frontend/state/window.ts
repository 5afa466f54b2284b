/**
 * A conversation's loaded messages: one run of `seq` numbers without a hole.
 *
 * It may end before the newest message (after a jump, or after much scrolling up); what is newer
 * then stays out until the reader gets there. Everything here is pure.
 *
 * @module
 */
import type { HistoryResult, Message } from "@/chat/protocol.ts";

export interface MessageWindow {
  /** By `seq`, ascending, without a hole. */
  readonly messages: readonly Message[];
  readonly hasBefore: boolean;
  /** True while the window ends before the conversation's newest message. */
  readonly hasAfter: boolean;
}

/** More rows than this make scrolling heavy; the far end is let go. */
export const windowSize = 250;

/** The window that one page of history makes. */
export function windowOf(page: HistoryResult): MessageWindow {
  return { messages: page.messages, hasBefore: page.hasBefore, hasAfter: page.hasAfter };
}

/**
 * Takes in new and changed messages.
 *
 * Those inside the window replace their older version; those right after its end are appended
 * where it reaches the newest; those out of reach are left out, and a hole detaches the end.
 */
export function withMessages(
  window: MessageWindow,
  changes: readonly Message[],
): MessageWindow {
  if (changes.length === 0) return window;
  let messages = window.messages;
  let hasAfter = window.hasAfter;
  for (const change of [...changes].sort((a, b) => a.seq - b.seq)) {
    const first = messages[0];
    const last = messages[messages.length - 1];
    if (first !== undefined && last !== undefined && change.seq <= last.seq) {
      const index = change.seq - first.seq;
      const held = messages[index];
      if (held !== undefined && held.rev < change.rev) {
        messages = messages.with(index, change);
      }
      continue;
    }
    if (hasAfter) continue;
    // An empty window that reaches the end can only be continued by the very first message:
    // whether anything stands before it is not known otherwise.
    const isNext = last === undefined
      ? change.seq === 1 || !window.hasBefore
      : change.seq === last.seq + 1;
    if (isNext) messages = [...messages, change];
    else hasAfter = true;
  }
  const changed = messages !== window.messages || hasAfter !== window.hasAfter;
  return changed ? { ...window, messages, hasAfter } : window;
}

/** Puts an older page before the window; where that makes it too long, its end is let go. */
export function withOlder(window: MessageWindow, page: HistoryResult): MessageWindow {
  const first = window.messages[0];
  const older = first === undefined
    ? page.messages
    : page.messages.filter((message) => message.seq < first.seq);
  const touches = first === undefined || older.length === 0 ||
    older[older.length - 1]?.seq === first.seq - 1;
  if (!touches) return window;
  const messages = [...older, ...window.messages];
  const isLong = messages.length > windowSize;
  return {
    messages: isLong ? messages.slice(0, windowSize) : messages,
    hasBefore: page.hasBefore,
    hasAfter: isLong || window.hasAfter,
  };
}

/** Puts a newer page after the window; where that makes it too long, its beginning is let go. */
export function withNewer(window: MessageWindow, page: HistoryResult): MessageWindow {
  const last = window.messages[window.messages.length - 1];
  const newer = last === undefined
    ? page.messages
    : page.messages.filter((message) => message.seq > last.seq);
  const touches = last === undefined || newer.length === 0 || newer[0]?.seq === last.seq + 1;
  if (!touches) return window;
  const messages = [...window.messages, ...newer];
  const isLong = messages.length > windowSize;
  return {
    messages: isLong ? messages.slice(-windowSize) : messages,
    hasBefore: isLong || window.hasBefore,
    hasAfter: page.hasAfter,
  };
}

/** Lets the beginning go where new messages have made the window too long. */
export function trimmed(window: MessageWindow): MessageWindow {
  if (window.messages.length <= windowSize) return window;
  return { ...window, messages: window.messages.slice(-windowSize), hasBefore: true };
}
