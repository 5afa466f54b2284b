import { listUndelivered } from "@/chat/deliveries.ts";
import { listNotifications, markNotificationsRead } from "@/chat/notifications.ts";
import { getPreferences, setPreferences } from "@/chat/preferences.ts";
import {
  ListNotificationsQuery,
  NotificationPreferences,
  NotificationsResult,
  ReadNotificationsInput,
  ReadNotificationsResult,
  UndeliveredResult,
} from "@/chat/protocol.ts";
import type { Api } from "./api.ts";

export function notificationRoutes(api: Api): void {
  const { chat } = api;

  api.on(
    {
      method: "GET",
      path: "/api/notifications",
      summary: "The member's notifications, most recent first",
      rate: "read",
      query: ListNotificationsQuery,
      answers: { 200: NotificationsResult },
    },
    async ({ c, session, query }) => c.json(await listNotifications(chat, session.user.id, query)),
  );

  api.on(
    {
      method: "POST",
      path: "/api/notifications/read",
      summary: "Note that these notifications, or all, have been seen",
      rate: "mark",
      body: ReadNotificationsInput,
      answers: { 200: ReadNotificationsResult },
    },
    async ({ c, session, body }) =>
      c.json(await markNotificationsRead(chat, session.user.id, body)),
  );

  api.on({
    method: "GET",
    path: "/api/notifications/preferences",
    summary: "How the member wants to be told",
    rate: "read",
    answers: { 200: NotificationPreferences },
  }, async ({ c, session }) => c.json(await getPreferences(chat, session.user.id)));

  api.on({
    method: "PUT",
    path: "/api/notifications/preferences",
    summary: "Replace the member's preferences",
    rate: "settings",
    body: NotificationPreferences,
    answers: { 200: NotificationPreferences },
  }, async ({ c, session, body }) => c.json(await setPreferences(chat, session.user.id, body)));

  api.on({
    method: "GET",
    path: "/api/notifications/undelivered",
    summary: "Admins only: the latest mails and pushes that were given up, with the reason",
    rate: "read",
    answers: { 200: UndeliveredResult },
  }, async ({ c, session }) => c.json(await listUndelivered(chat, session.user)));
}
