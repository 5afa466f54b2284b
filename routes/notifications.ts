import { getPreferences, setPreferences } from "@/chat/notifications.ts";
import { NotificationPreferences } from "@/chat/protocol.ts";
import type { Api } from "./api.ts";

const path = "/api/notifications/preferences";

export function notificationRoutes(api: Api): void {
  const { chat } = api;

  api.on({
    method: "GET",
    path,
    summary: "How the member wants to be told",
    answers: { 200: NotificationPreferences },
  }, async ({ c, session }) => c.json(await getPreferences(chat, session.user.id)));

  api.on({
    method: "PUT",
    path,
    summary: "Replace the member's preferences",
    body: NotificationPreferences,
    answers: { 200: NotificationPreferences },
  }, async ({ c, session, body }) => c.json(await setPreferences(chat, session.user.id, body)));
}
