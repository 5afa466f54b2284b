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
 * Decides about a notice that is looked at. In the end it counts whether the messages are read: a
 * connection that stands may be a tab that nobody looks at.
 *
 * What is not due yet stays as it is: until then further messages rely on its being looked at.
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
  const isPushDue = notice.pushAt !== null && notice.pushAt <= now;
  const isEmailDue = notice.emailAt !== null && notice.emailAt <= emailHorizon;
  const decision: Decision = {
    list: false,
    push: false,
    email: false,
    pushAt: isPushDue ? null : notice.pushAt,
    emailAt: isEmailDue ? null : notice.emailAt,
  };
  if (!is.hears || is.lastUnreadSeq === 0) return decision;

  if (isPushDue && is.lastUnreadSeq > notice.pushedSeq) {
    decision.list = true;
    if (is.push && is.active) decision.pushAt = now + limits.activeMs;
    else if (is.push && is.quietUntil !== null) decision.pushAt = is.quietUntil;
    else decision.push = is.push;
  }
  if (is.email && is.lastUnreadSeq > notice.emailedSeq) {
    const silentUntil = notice.emailedAt === null ? now : notice.emailedAt + silenceMs;
    // Messages that joined since mail was last looked for find a time here.
    if (notice.emailAt === null) decision.emailAt = Math.max(now + is.emailDelayMs, silentUntil);
    else if (isEmailDue && is.active) {
      decision.emailAt = now + Math.max(is.emailDelayMs, limits.activeMs);
    } else if (isEmailDue && is.quietUntil !== null) decision.emailAt = is.quietUntil;
    else if (isEmailDue && now < silentUntil) decision.emailAt = silentUntil;
    else decision.email = isEmailDue;
  }
  return decision;
}
