/**
 * The one place that holds what the page knows, and the connection that tells it more.
 *
 * @module
 */
import { computed, signal } from "@preact/signals";
import type { ServerFrame } from "@/chat/protocol.ts";
import { config } from "../config.ts";
import { Connection } from "../socket.ts";
import { type Applied, applyFrame, type ChatState, type Effect, emptyState } from "./apply.ts";
import { setClock } from "./clock.ts";
import { onRenewed, refuseToken, token } from "./session.ts";

export const chat = signal<ChatState>(emptyState(""));
export const selfId = computed(() => chat.value.selfId);
export const presence = computed(() => chat.value.presence);

const effectListeners = new Set<(effect: Effect) => void>();
const frameListeners = new Set<(frame: ServerFrame) => void>();
const openedListeners = new Set<() => void>();

export const connection = new Connection({
  token,
  tokenRefused: refuseToken,
  heartbeatSeconds: config.heartbeatSeconds,
  frame: (frame) => {
    if (frame.type === "connected") setClock(frame.serverTime);
    take((state) => applyFrame(state, frame));
    for (const listener of frameListeners) listener(frame);
  },
  opened: () => {
    for (const listener of openedListeners) listener();
  },
});

// A live socket ends with its token unless it is shown the next one.
onRenewed((renewed) => {
  connection.send({ type: "auth", token: renewed });
});

/** Calls `listener` with what each change asks to be done. */
export function onEffect(listener: (effect: Effect) => void): void {
  effectListeners.add(listener);
}

/** Calls `listener` with each frame, after it has been applied. */
export function onFrame(listener: (frame: ServerFrame) => void): void {
  frameListeners.add(listener);
}

/** Calls `listener` whenever a connection stands. */
export function onOpened(listener: () => void): void {
  openedListeners.add(listener);
}

/** Applies a change, then has done what it asks for. */
export function take(change: (state: ChatState) => Applied): void {
  const { state, effects } = change(chat.value);
  chat.value = state;
  for (const effect of effects) {
    for (const listener of effectListeners) listener(effect);
  }
}
