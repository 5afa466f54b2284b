/**
 * Whether a message calls for the member's attention, and how. Pure.
 *
 * @module
 */
import type { Conversation, Message, NotificationPreferences } from "@/chat/protocol.ts";
import { isMuted } from "./mute.ts";
import { isQuiet } from "./quiet_hours.ts";

/** What is older came while this tab slept, and is no news any more. Milliseconds. */
export const freshMs = 30_000;

export interface AlertInput {
  message: Message;
  view: Conversation;
  preferences: NotificationPreferences;
  selfId: string;
  /** The page is what its member looks at. */
  isVisible: boolean;
  /** The message's conversation is the one that is shown. */
  isOpen: boolean;
  /** By the server's clock, as the message's time is. */
  now: number;
}

export interface Alert {
  desktop: boolean;
  sound: boolean;
}

/** A desktop notification is for whoever does not see the page, a sound for who does not read on. */
export function alertFor(
  { message, view, preferences, selfId, isVisible, isOpen, now }: AlertInput,
): Alert {
  const isForThem = message.senderId !== null && message.senderId !== selfId &&
    message.seq > view.lastReadSeq && message.deletedAt === null;
  const isNews = now - Date.parse(message.createdAt) < freshMs;
  const mayAlert = isForThem && isNews && !isMuted(view, now) &&
    !isQuiet(preferences.quietHours, now);
  return {
    desktop: mayAlert && preferences.desktop && !isVisible,
    sound: mayAlert && preferences.sound && !(isVisible && isOpen),
  };
}
