import type { Conversation } from "@/chat/protocol.ts";

/** Whether a conversation is muted at a moment: its view does not say when the time is over. */
export function isMuted({ mutedUntil }: Conversation, now: number): boolean {
  return mutedUntil !== null && Date.parse(mutedUntil) > now;
}
