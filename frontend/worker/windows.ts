/**
 * The windows and tabs in which our page is open. Which conversation they show is not to be seen
 * from here: a window's `url` stays what it was when it was loaded.
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
  return all.filter(({ url }) => pagePath.test(new URL(url).pathname));
}

/** Whether the member is looking at our page, which then tells them itself. */
export async function isPageInView(): Promise<boolean> {
  return (await pageWindows()).some(({ focused, visibilityState }) =>
    focused && visibilityState === "visible"
  );
}

/** Brings a conversation, or the list of them, before the member: in the window used last, if any. */
export async function openConversation(conversationId: string | undefined): Promise<void> {
  const [window] = await pageWindows();
  if (window === undefined) {
    await scope.clients.openWindow(conversationId ? `/messages/${conversationId}` : "/messages");
    return;
  }
  // Not by its address, which would load the page anew.
  if (conversationId !== undefined) tell(window, { type: "open_conversation", conversationId });
  await window.focus();
}

export function tell(window: WindowClient, message: ToPage): void {
  window.postMessage(message);
}
