/**
 * The present minute, for times that are told relative to it, by the server's clock: this
 * machine's may be wrong.
 *
 * @module
 */
import { signal } from "@preact/signals";

/** By how much the server's clock is ahead of this one, in milliseconds. */
let aheadMs = 0;

/** Milliseconds since the epoch, as far as known by the server's clock. */
export const serverNow = (): number => Date.now() + aheadMs;

/** What {@linkcode serverNow} said last; moves on by itself. */
export const now = signal(serverNow());

/** Takes over the server's time, as it was when it was sent just now. */
export function setClock(serverTime: string): void {
  aheadMs = Date.parse(serverTime) - Date.now();
  tick();
}

/** Moves {@linkcode now} on: once more, where something ends before its next half minute does. */
export function tick(): void {
  now.value = serverNow();
}

setInterval(tick, 30_000);
