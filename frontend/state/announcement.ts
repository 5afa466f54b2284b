/**
 * What a screen reader is told of: messages that come in.
 *
 * @module
 */
import { signal } from "@preact/signals";
import { isMuted } from "../lib/mute.ts";
import { oneLine } from "../lib/text.ts";
import { chat, onEffect } from "./chat.ts";
import { serverNow } from "./clock.ts";

export const announcement = signal("");

export function startAnnouncements(): void {
  onEffect((effect) => {
    if (effect.type !== "arrived") return;
    const { conversationId, senderId, content } = effect.message;
    const view = chat.value.held.get(conversationId)?.view;
    if (view === undefined || isMuted(view, serverNow())) return;
    const sender = view.participants.find(({ userId }) => userId === senderId);
    announcement.value = sender ? `${sender.displayName}: ${oneLine(content)}` : oneLine(content);
  });
}
