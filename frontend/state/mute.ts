/**
 * A conversation's own settings: until when it is muted, and whether there are mails about it.
 *
 * @module
 */
import { effect, signal, untracked } from "@preact/signals";
import type { Conversation, ConversationSettingsInput } from "@/chat/protocol.ts";
import { reasonOf } from "../api.ts";
import { isMuted } from "../lib/mute.ts";
import { mutedUntil, nextUnmuting } from "../lib/mute_spans.ts";
import { applyViews, type ChatState } from "./apply.ts";
import { chat, take } from "./chat.ts";
import { now, serverNow, tick } from "./clock.ts";
import { call } from "./session.ts";

/** Why the last change was not made; null: it was. */
export const settingsError = signal<string | null>(null);

/** Mutes a conversation. @param ms for how long; null: for good */
export function mute(conversationId: string, ms: number | null): Promise<boolean> {
  return change(conversationId, { mutedUntil: mutedUntil(ms, serverNow()) });
}

export function unmute(conversationId: string): Promise<boolean> {
  return change(conversationId, { mutedUntil: null });
}

/** Turns mails about a conversation off or on. */
export function setEmailOff(conversationId: string, emailOff: boolean): Promise<boolean> {
  return change(conversationId, { emailOff });
}

/** @returns whether it was made; {@linkcode settingsError} says why not */
async function change(
  conversationId: string,
  settings: ConversationSettingsInput,
): Promise<boolean> {
  settingsError.value = null;
  try {
    const path = `/api/messages/conversations/${conversationId}/settings`;
    const view = await call<Conversation>("PATCH", path, settings);
    take((state) => applyViews(state, [view], true));
    return true;
  } catch (error) {
    settingsError.value = reasonOf(error);
    return false;
  }
}

/** The longest that a timer can wait. */
const timerMs = 2 ** 31 - 1;

/** Lets each conversation be heard again when its time is over, not with the next half minute. */
export function startMutes(): void {
  let timer: number | undefined;
  effect(() => {
    clearTimeout(timer);
    const views = [...chat.value.held.values()].map(({ view }) => view);
    const at = now.value;
    untracked(() => chat.value = withMutesEnded(chat.value, at));
    const next = nextUnmuting(views, at);
    if (next !== null) timer = setTimeout(tick, Math.min(next - serverNow(), timerMs));
  });
}

/**
 * Notes which mutes are over: the server counts those messages as unread again, and what this page
 * does not count of its total it takes for another conversation's.
 */
function withMutesEnded(state: ChatState, at: number): ChatState {
  const held = new Map(state.held);
  let hasEnded = false;
  for (const [id, one] of state.held) {
    if (!one.view.muted || isMuted(one.view, at)) continue;
    held.set(id, { ...one, view: { ...one.view, muted: false } });
    hasEnded = true;
  }
  return hasEnded ? { ...state, held } : state;
}
