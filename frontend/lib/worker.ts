/**
 * The service worker as the page sees it.
 *
 * @module
 */
import type { ToWorker } from "./worker_messages.ts";

export type { ToPage, ToWorker } from "./worker_messages.ts";

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
