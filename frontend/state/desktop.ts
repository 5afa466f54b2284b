/**
 * Desktop notifications: those that the page shows itself, for as long as it is open.
 *
 * @module
 */
import { signal } from "@preact/signals";
import { tellWorker, type ToPage, type ToWorker } from "../lib/worker.ts";
import { changePreferences } from "./preferences.ts";
import { navigate, paths } from "./router.ts";
import { onMember } from "./session.ts";

/** `framed`: in a frame of another site no browser lets a page ask, nor the member allow it. */
export type DesktopStatus = "unsupported" | "framed" | "default" | "granted" | "denied";

/** Whether the browser lets the page show any. */
export const desktopStatus = signal<DesktopStatus>(currentStatus());

function currentStatus(): DesktopStatus {
  if (!("Notification" in globalThis)) return "unsupported";
  const { permission } = Notification;
  return parent !== self && permission !== "granted" ? "framed" : permission;
}

/** Looks again: permission changes in the browser's own settings. */
export function checkDesktop(): void {
  desktopStatus.value = currentStatus();
}

/** Asks for permission where it was not asked yet; to be called from a click. */
export async function turnOnDesktop(): Promise<void> {
  if (currentStatus() === "default") await Notification.requestPermission();
  checkDesktop();
  if (desktopStatus.value === "granted") changePreferences({ desktop: true });
}

type Content = Omit<Extract<ToWorker, { type: "show_notification" }>, "type" | "silent">;

/** By conversation, those that this tab shows without a service worker. */
const shown = new Map<string, Notification>();

/** Shows one, in place of an earlier one of the conversation. The page has its own sound. */
export async function showDesktopNotification(content: Content): Promise<void> {
  if (currentStatus() !== "granted") return;
  const { conversationId, title, body } = content;
  const registration = await navigator.serviceWorker?.getRegistration().catch(() => undefined);
  if (registration?.active) {
    return await tellWorker({ type: "show_notification", ...content, silent: true });
  }
  try {
    const notification = new Notification(title, {
      body,
      tag: conversationId,
      icon: "/icon-192.png",
      silent: true,
    });
    notification.onclick = () => {
      focus();
      navigate(paths.thread(conversationId));
      notification.close();
    };
    shown.set(conversationId, notification);
  } catch {
    // Some browsers on phones show none without a service worker.
  }
}

/** Takes away what is shown of a conversation that has been read, here or elsewhere. */
export function closeDesktopNotification(conversationId: string): void {
  shown.get(conversationId)?.close();
  shown.delete(conversationId);
  tellWorker({ type: "close_notifications", conversationId });
}

/** Takes away all that is shown, by the service worker too: what was pushed is gone with it. */
function closeAll(): void {
  for (const notification of shown.values()) notification.close();
  shown.clear();
  tellWorker({ type: "close_all" });
}

/** Called once: follows a click on what the service worker shows. */
export function startDesktop(): void {
  // Whoever sits here next is not to read what came for the last one.
  onMember((id) => {
    if (id === null) closeAll();
  });
  navigator.serviceWorker?.addEventListener("message", ({ data }: MessageEvent<ToPage>) => {
    if (data.type === "open_conversation") navigate(paths.thread(data.conversationId));
  });
}
