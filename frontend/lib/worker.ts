/**
 * The service worker as the page sees it.
 *
 * @module
 */
import type { ToWorker } from "./worker_messages.ts";

const workerPath = "/sw.js";

export type { ToPage, ToWorker } from "./worker_messages.ts";

/** Not in TypeScript's library, since not every browser has it. */
interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(): string },
  ): { createScriptURL(text: string): string };
}

/** The page's policy takes a script's address from here alone, and there is but this one. */
const addresses = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes
  ?.createPolicy("parley-worker", { createScriptURL: () => workerPath });

/**
 * Registers the worker, or finds it registered.
 *
 * @throws {Error} where the browser has none, or the script cannot be had
 */
export function registerWorker(): Promise<ServiceWorkerRegistration> {
  return navigator.serviceWorker.register(addresses?.createScriptURL("") ?? workerPath);
}

/** Tells the worker, if there is one. */
export async function tellWorker(message: ToWorker): Promise<void> {
  // There is none to be had in a foreign frame whose storage is blocked.
  const registration = await navigator.serviceWorker?.getRegistration().catch(() => undefined);
  registration?.active?.postMessage(message);
}
