/**
 * Asks the server what this page is missing: on connecting, on becoming visible, each minute, when
 * told to, and wherever a gap shows. One question at a time.
 *
 * @module
 */
import { computed, effect, untracked } from "@preact/signals";
import { limits } from "@/chat/protocol.ts";
import { applySync } from "./apply.ts";
import { chat, connection, onEffect, onFrame, onOpened, take } from "./chat.ts";
import { inboxEnd, loadInbox } from "./conversations.ts";
import { headsOf } from "./heads.ts";
import { hasGap } from "./held.ts";

const everyMs = 60_000;
/** Frames that overtook each other mostly fall into place within this. */
const stragglerMs = 400;

let isAsking = false;
let isWanted = false;
let soonTimer: number | undefined;

/** Asks once more, after the question under way if there is one. */
export async function sync(): Promise<void> {
  if (isAsking) {
    isWanted = true;
    return;
  }
  // Without the list, there is nothing to compare with.
  if (inboxEnd.value === undefined) return;
  isAsking = true;
  isWanted = false;
  const asker = chat.value.selfId;
  try {
    const { heads, since } = headsOf(chat.value, inboxEnd.value);
    const result = await connection.request<"sync_result">(
      since === null ? { type: "sync", heads } : { type: "sync", heads, since },
    );
    if (chat.value.selfId === asker) take((state) => applySync(state, result, heads));
  } catch {
    // Not connected, or the server is busy: connecting asks again, and so does the next minute.
    isWanted = false;
  } finally {
    isAsking = false;
  }
  if (isWanted) sync();
}

/** Does something when the server has told everybody to: not with all the others at once. */
export function onSyncNeeded(work: () => void): void {
  let timer: number | undefined;
  onFrame(({ type }) => {
    if (type !== "sync_needed") return;
    clearTimeout(timer);
    // Nor at once: instances that come back take a moment to say who is online.
    timer = setTimeout(work, limits.syncSpreadMs * (0.4 + 0.6 * Math.random()));
  });
}

export function startSync(): void {
  const isListed = computed(() => inboxEnd.value !== undefined);
  onOpened(() => isListed.value ? sync() : loadInbox(null));
  // What came while the list was under way is missing from it.
  effect(() => {
    if (isListed.value) untracked(sync);
  });
  addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") sync();
  });
  setInterval(sync, everyMs);
  onSyncNeeded(sync);
  onEffect((wish) => {
    if (wish.type !== "sync") return;
    if (!wish.soon) return void sync();
    clearTimeout(soonTimer);
    const hadGap = [...chat.value.held.values()].some(hasGap);
    soonTimer = setTimeout(() => {
      if (!hadGap || [...chat.value.held.values()].some(hasGap)) sync();
    }, stragglerMs);
  });
}
