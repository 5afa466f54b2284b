/**
 * The service worker as the page sees it: how it is registered, and what the two say to each other.
 *
 * @module
 */
import type { PushPayload } from "@/chat/protocol.ts";

/** What the page asks of the worker. */
export type ToWorker =
  | Omit<Extract<PushPayload, { type: "messages" }>, "type"> & { type: "show_notification" }
  /** They were read, here or elsewhere. */
  | { type: "close_notifications"; conversationId: string };

/** What the worker asks of the page. */
export type ToPage =
  | { type: "open_conversation"; conversationId: string }
  /** The browser gave this subscription up; only the page has a token to tell of the next one. */
  | { type: "renew_push" };

/**
 * Registers the worker, or finds it registered.
 *
 * @throws {Error} where the browser has none, or the script cannot be had
 */
export function registerWorker(): Promise<ServiceWorkerRegistration> {
  return navigator.serviceWorker.register("/sw.js");
}

/** Tells the worker, if there is one. */
export async function tellWorker(message: ToWorker): Promise<void> {
  // There is none to be had in a foreign frame whose storage is blocked.
  const registration = await navigator.serviceWorker?.getRegistration().catch(() => undefined);
  registration?.active?.postMessage(message);
}
