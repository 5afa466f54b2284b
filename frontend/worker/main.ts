/**
 * The service worker: shows what is pushed while no page is open, and leads to it. It keeps no
 * files, and no request passes through it.
 *
 * @module
 */
import type { PushPayload } from "@/chat/protocol.ts";
import type { ToWorker } from "../lib/worker_messages.ts";
import { closeAll, closeNotification, showNotification, updateBadge } from "./notifications.ts";
import { readPayload } from "./payload.ts";
import { scope } from "./scope.ts";
import { isPageInView, openConversation, pageWindows, tell } from "./windows.ts";

// The newest version takes over at once: it has no state that an open page could miss.
scope.addEventListener("install", () => scope.skipWaiting());
scope.addEventListener("activate", (event) => event.waitUntil(scope.clients.claim()));

scope.addEventListener("push", (event) => {
  event.waitUntil(handlePush(readPayload(event.data?.text())));
});

scope.addEventListener("message", (event) => {
  event.waitUntil(handleMessage(event.data));
});

scope.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(openConversation(event.notification.data?.conversationId));
});

scope.addEventListener("notificationclose", (event) => event.waitUntil(updateBadge()));

scope.addEventListener("pushsubscriptionchange", (event) => {
  event.waitUntil(askToRenew());
});

async function handlePush(payload: PushPayload | undefined): Promise<void> {
  if (payload?.type === "read") return await closeNotification(payload.conversationId);
  // Browsers end a subscription whose pushes show nothing while no page of ours is in view.
  if (payload === undefined) {
    return await showNotification({ title: "New message", body: "", silent: false });
  }
  if (!await isPageInView()) await showNotification(payload);
}

async function handleMessage(message: ToWorker): Promise<void> {
  if (message.type === "show_notification") await showNotification(message);
  if (message.type === "close_notifications") await closeNotification(message.conversationId);
  if (message.type === "close_all") await closeAll();
}

/** Without a page there is no token to tell the server with; the next one renews at its start. */
async function askToRenew(): Promise<void> {
  for (const window of await pageWindows()) tell(window, { type: "renew_push" });
}
