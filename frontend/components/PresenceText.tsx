import { timeAgo } from "../lib/dates.ts";
import { presence } from "../state/chat.ts";
import { now } from "../state/clock.ts";

/** "Online", or when a member was last here. */
export function PresenceText({ userId }: { userId: string }) {
  const member = presence.value.get(userId);
  if (member?.online) return <span class="is-online">Online</span>;
  if (!member?.lastSeenAt) return <span>Offline</span>;
  return <span>Last seen {timeAgo(member.lastSeenAt, now.value)}</span>;
}
