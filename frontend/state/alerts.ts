/**
 * Telling a member of a message that comes while they look elsewhere: a desktop notification where
 * the page is not seen, a sound where the conversation is not.
 *
 * @module
 */
import type { Conversation, Message } from "@/chat/protocol.ts";
import { alertFor, freshMs } from "../lib/alerts.ts";
import { unlessLocked } from "../lib/browser.ts";
import { playChime } from "../lib/chime.ts";
import { titleOf } from "../lib/people.ts";
import { oneLine } from "../lib/text.ts";
import { chat, onEffect, onFrame } from "./chat.ts";
import { serverNow } from "./clock.ts";
import { closeDesktopNotification, showDesktopNotification } from "./desktop.ts";
import { fetchConversation, openId } from "./messages.ts";
import { loadPreferences, preferences } from "./preferences.ts";

/** So long a tab leaves a message to those that should go first. */
const courtesyMs = { hidden: 150, silent: 1_000 };
const soundEveryMs = 2_000;

/** By conversation, the last message that was considered: one may be told of twice. */
const considered = new Map<string, number>();
let soundedAt = 0;

async function consider(message: Message): Promise<void> {
  const { conversationId, id, seq } = message;
  if (message.senderId === chat.value.selfId) return;
  if (seq <= (considered.get(conversationId) ?? 0)) return;
  considered.set(conversationId, seq);
  await after(courtesy());
  // Of several tabs of one browser one takes the message; it keeps it for as long as it is news.
  await unlessLocked(`parley.alert.${id}`, async () => {
    await alert(message).catch(() => undefined);
    await after(freshMs);
  });
}

/** The tab that is looked at decides, then one that may be heard: that was used before. */
function courtesy(): number {
  if (isLookedAt()) return 0;
  return navigator.userActivation?.hasBeenActive === false ? courtesyMs.silent : courtesyMs.hidden;
}

async function alert(message: Message): Promise<void> {
  const { conversationId } = message;
  // They could not be had at the start.
  if (preferences.value === null) await loadPreferences();
  const view = await fetchConversation(conversationId);
  if (view === undefined || preferences.value === null) return;
  const { desktop, sound } = alertFor({
    message,
    view,
    preferences: preferences.value,
    selfId: chat.value.selfId,
    isVisible: isLookedAt(),
    isOpen: openId.value === conversationId,
    now: serverNow(),
  });
  if (desktop) await showDesktopNotification(describe(message, view));
  if (sound && Math.abs(Date.now() - soundedAt) >= soundEveryMs) {
    soundedAt = Date.now();
    await playChime();
  }
}

function describe(message: Message, view: Conversation) {
  const sender = view.participants.find(({ userId }) => userId === message.senderId);
  const text = oneLine(message.content);
  return {
    conversationId: view.id,
    title: titleOf(view, chat.value.selfId),
    body: view.kind === "group" && sender ? `${sender.displayName}: ${text}` : text,
    count: view.unreadCount,
    at: message.createdAt,
  };
}

/** Called once. */
export function startAlerts(): void {
  // Not by effect: a sync brings what came meanwhile, and that is no news.
  onFrame((frame) => {
    if (frame.type === "new_message") consider(frame.message);
  });
  onEffect((effect) => {
    if (effect.type !== "read" && effect.type !== "removed") return;
    const { conversationId } = effect;
    if (!chat.value.held.get(conversationId)?.view.unreadCount) {
      closeDesktopNotification(conversationId);
    }
  });
}

/** As for what is read: beside another program's window a page is in sight, and not looked at. */
function isLookedAt(): boolean {
  return document.visibilityState === "visible" && document.hasFocus();
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
