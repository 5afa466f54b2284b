/**
 * The windows and tabs in which our page is open.
 *
 * @module
 */
import type { ToPage } from "../lib/worker_messages.ts";
import { scope } from "./scope.ts";

/** The page's addresses; others of this origin show something else. */
const pagePath = /^\/(messages|u|notifications|settings|login|register)(\/|$)/;

/** Those used last come first. */
export async function pageWindows(): Promise<WindowClient[]> {
  const all = await scope.clients.matchAll({ type: "window", includeUncontrolled: true });
  return all.filter((window) => pagePath.test(pathOf(window)));
}

/** Whether the member is looking at this conversation. */
export async function isWatched(conversationId: string): Promise<boolean> {
  return (await pageWindows()).some((window) =>
    window.focused && window.visibilityState === "visible" &&
    pathOf(window) === conversationPath(conversationId)
  );
}

/** Brings a conversation before the member, in a window there is if there is one. */
export async function openConversation(conversationId: string | undefined): Promise<void> {
  const windows = await pageWindows();
  const path = conversationPath(conversationId);
  const window = windows.find((one) => pathOf(one) === path) ?? windows[0];
  if (window === undefined) {
    await scope.clients.openWindow(path);
    return;
  }
  // Not by its address, which would load the page anew.
  if (conversationId !== undefined) tell(window, { type: "open_conversation", conversationId });
  await window.focus();
}

export function tell(window: WindowClient, message: ToPage): void {
  window.postMessage(message);
}

function pathOf({ url }: WindowClient): string {
  return new URL(url).pathname;
}

function conversationPath(conversationId: string | undefined): string {
  return conversationId === undefined ? "/messages" : `/messages/${conversationId}`;
}
