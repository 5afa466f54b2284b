/**
 * Who is typing where, and telling others that this member is.
 *
 * @module
 */
import { signal } from "@preact/signals";
import { limits } from "@/chat/protocol.ts";
import { connection, onEffect, onFrame } from "./chat.ts";

/** By conversation, the members who are typing in it. */
export const typists = signal<ReadonlyMap<string, ReadonlySet<string>>>(new Map());

const expiries = new Map<string, number>();

function setTyping(conversationId: string, userId: string, isTyping: boolean): void {
  const key = `${conversationId} ${userId}`;
  clearTimeout(expiries.get(key));
  expiries.delete(key);
  if (isTyping) {
    const expire = () => setTyping(conversationId, userId, false);
    expiries.set(key, setTimeout(expire, limits.typingExpireMs));
  }
  const here = typists.value.get(conversationId);
  if ((here?.has(userId) ?? false) === isTyping) return;
  const next = new Set(here);
  if (isTyping) next.add(userId);
  else next.delete(userId);
  typists.value = new Map(typists.value).set(conversationId, next);
}

/**
 * The conversation this member was last said to be typing in, and when. A clock that was put back
 * since counts as time that has passed.
 */
let told: { conversationId: string; at: number } | null = null;
let idleTimer: number | undefined;

/** Notes a key in the composer; tells the others now and then. */
export function typed(conversationId: string): void {
  if (told !== null && told.conversationId !== conversationId) stopTyping();
  clearTimeout(idleTimer);
  idleTimer = setTimeout(stopTyping, limits.typingIdleMs);
  if (told !== null && Math.abs(Date.now() - told.at) < limits.typingRepeatMs) return;
  if (connection.send({ type: "typing_start", conversationId })) {
    told = { conversationId, at: Date.now() };
  }
}

/** Says that the member has stopped, if anybody was told that they had begun. */
export function stopTyping(): void {
  clearTimeout(idleTimer);
  if (told === null) return;
  connection.send({ type: "typing_stop", conversationId: told.conversationId });
  told = null;
}

export function startTyping(): void {
  onFrame((frame) => {
    if (frame.type === "user_typing") {
      setTyping(frame.conversationId, frame.userId, frame.isTyping);
    }
  });
  onEffect((effect) => {
    // Whoever's message has come is done typing it.
    if (effect.type !== "arrived" || effect.message.senderId === null) return;
    setTyping(effect.message.conversationId, effect.message.senderId, false);
  });
}
