/**
 * The part of the page that is fetched once it stands: notifications, their settings, and what
 * tells a member of messages while they look elsewhere.
 *
 * @module
 */
import { signal } from "@preact/signals";

export type LaterPart = typeof import("../later.ts");

/** Null until it is there. */
export const later = signal<LaterPart | null>(null);
/** Whether it could not be fetched; the next connection tries again. */
export const hasLaterFailed = signal(false);
let fetching: Promise<void> | undefined;

/** Fetches it and starts what it does, once. Never fails. */
export async function fetchLater(): Promise<void> {
  if (later.value === null) await (fetching ??= fetchOnce());
}

async function fetchOnce(): Promise<void> {
  hasLaterFailed.value = false;
  try {
    const part = await import("../later.ts");
    part.startLater();
    later.value = part;
  } catch {
    hasLaterFailed.value = true;
  } finally {
    fetching = undefined;
  }
}
