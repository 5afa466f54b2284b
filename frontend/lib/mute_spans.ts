/**
 * For how long a conversation is muted, and when that is over.
 *
 * @module
 */
import { type Conversation, muteForever } from "@/chat/protocol.ts";
import { isMuted } from "./mute.ts";

const hourMs = 3_600_000;

/** What one may choose from; `ms` is null for good. */
export const muteSpans = [
  { label: "For 1 hour", ms: hourMs },
  { label: "For 1 day", ms: 24 * hourMs },
  { label: "For 1 week", ms: 7 * 24 * hourMs },
  { label: "For good", ms: null },
] as const;

/** Until when a conversation is muted that is muted now. @param ms null: for good */
export function mutedUntil(ms: number | null, now: number): string {
  return ms === null ? muteForever : new Date(now + ms).toISOString();
}

/** When the first of them stops being muted; null: none ever does. Milliseconds since 1970. */
export function nextUnmuting(views: Iterable<Conversation>, now: number): number | null {
  let next: number | null = null;
  for (const view of views) {
    if (!isMuted(view, now) || view.mutedUntil === muteForever) continue;
    const at = Date.parse(view.mutedUntil ?? "");
    if (next === null || at < next) next = at;
  }
  return next;
}
