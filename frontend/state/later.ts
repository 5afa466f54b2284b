/**
 * The part of the page that is fetched once it stands: notifications, their settings, and what
 * tells a member of messages while they look elsewhere.
 *
 * @module
 */
import { signal } from "@preact/signals";

/** Null until it is there. */
export const later = signal<typeof import("../later.ts") | null>(null);
/** Whether it could not be fetched; the next connection tries again. */
export const hasLaterFailed = signal(false);
let isFetching = false;

/** Fetches it and starts what it does, once. */
export async function fetchLater(): Promise<void> {
  if (isFetching || later.value !== null) return;
  isFetching = true;
  hasLaterFailed.value = false;
  try {
    const part = await import("../later.ts");
    part.startLater();
    later.value = part;
  } catch {
    hasLaterFailed.value = true;
  } finally {
    isFetching = false;
  }
}
