import { limits } from "./protocol.ts";

/** Silence after a mail about a conversation, unless the member comes back earlier. */
export const silenceMs = 24 * 60 * 60_000;

/** A notice that waits. Times in milliseconds since 1970. */
export interface Notice {
  /** When to look for the list in the page and for push; null: nothing waits. */
  pushAt: number | null;
  /** When to look for mail. */
  emailAt: number | null;
  pushedSeq: number;
  emailedSeq: number;
  /** When mail was last sent about it, since the member was here. */
  emailedAt: number | null;
}

/** How things stand when a notice is looked at. */
export interface Circumstances {
  /** In the conversation, and it is not muted. */
  hears: boolean;
  /** The last unread message's place; 0: nothing is unread. */
  lastUnreadSeq: number;
  /** The member uses the page at this moment, on whatever instance. */
  active: boolean;
  /** When the quiet hours end that hold now; null: none do. */
  quietUntil: number | null;
  /** Whether there is a way, and the member wants it. */
  push: boolean;
  email: boolean;
  emailDelayMs: number;
}

/** What to do now, and when to look again: null is not at all. */
export interface Decision {
  /** Into the list in the page. */
  list: boolean;
  push: boolean;
  email: boolean;
  pushAt: number | null;
  emailAt: number | null;
}

/**
 * Decides about a notice whose time has come. In the end it counts whether the messages are read:
 * a connection that stands may be a tab that nobody looks at.
 *
 * @param now milliseconds since 1970
 * @param emailHorizon mail that waits until then goes now: another mail to the member does
 */
export function decide(
  notice: Notice,
  now: number,
  emailHorizon: number,
  is: Circumstances,
): Decision {
  const decision = { list: false, push: false, email: false };
  if (!is.hears || is.lastUnreadSeq === 0) return { ...decision, pushAt: null, emailAt: null };

  let { pushAt, emailAt } = notice;
  if (pushAt !== null && pushAt <= now) {
    pushAt = null;
    if (is.lastUnreadSeq > notice.pushedSeq) {
      decision.list = true;
      if (is.push && is.active) pushAt = now + limits.activeMs;
      else if (is.push && is.quietUntil !== null) pushAt = is.quietUntil;
      else decision.push = is.push;
    }
  }
  if (emailAt !== null && emailAt <= emailHorizon) {
    const silentUntil = notice.emailedAt === null ? 0 : notice.emailedAt + silenceMs;
    emailAt = null;
    if (is.email && is.lastUnreadSeq > notice.emailedSeq) {
      if (is.active) emailAt = now + Math.max(is.emailDelayMs, limits.activeMs);
      else if (is.quietUntil !== null) emailAt = is.quietUntil;
      else if (now < silentUntil) emailAt = silentUntil;
      else decision.email = true;
    }
  }
  return { ...decision, pushAt, emailAt };
}
