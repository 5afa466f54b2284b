import { timeAgo } from "../lib/dates.ts";
import { chat } from "../state/chat.ts";
import { now } from "../state/clock.ts";

/** "Online", or when a member was last here. */
export function PresenceText({ userId }: { userId: string }) {
  const presence = chat.value.presence.get(userId);
  if (presence?.online) return <span class="is-online">Online</span>;
  if (!presence?.lastSeenAt) return <span>Offline</span>;
  return <span>Last seen {timeAgo(presence.lastSeenAt, now.value)}</span>;
}
