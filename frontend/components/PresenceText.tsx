import { timeAgo } from "../lib/dates.ts";
import type { Presence } from "../state/apply.ts";
import { presence } from "../state/chat.ts";
import { now } from "../state/clock.ts";

interface PresenceTextProps {
  userId: string;
  /** What was told of somebody with whom the member shares no conversation. */
  known?: Presence;
  otherwise?: string;
}

/** "Online", or when a member was last here, as far as the member may know. */
export function PresenceText({ userId, known, otherwise }: PresenceTextProps) {
  const member = presence.value.get(userId) ?? known;
  if (member?.online) return <span class="is-online">Online</span>;
  if (!member?.lastSeenAt) return otherwise ?? null;
  return <span>Last seen {timeAgo(member.lastSeenAt, now.value)}</span>;
}
