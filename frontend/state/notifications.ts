/**
 * The list of what happened while the member was away, and how much of it they have not seen.
 *
 * @module
 */
import { batch, signal } from "@preact/signals";
import type { Notification, NotificationsResult, ReadNotificationsInput } from "@/chat/protocol.ts";
import { reasonOf } from "../api.ts";
import { withNotification, withPage, withRead } from "../lib/notifications.ts";
import { connection, onFrame, onOpened } from "./chat.ts";
import { onSyncNeeded } from "./sync.ts";
import { serverNow } from "./clock.ts";
import { call, onMember } from "./session.ts";

const pageSize = 20;

export const unreadNotifications = signal(0);
/** Most recent first; null until the list was opened. */
export const notifications = signal<readonly Notification[] | null>(null);
export const notificationsError = signal<string | null>(null);
export const isLoadingNotifications = signal(false);

/** Where the next page begins; null: all there are have been loaded. */
let cursor: string | null = null;
/** Counts members: what was asked for the last one is not for the next. */
let era = 0;
/** Counts what came by itself: an answer that was asked for before may lack it. */
let news = 0;
/** Where something always comes in between, an answer that lacks the latest has to do. */
const mostTries = 3;

/** Whether there are more than have been loaded. */
export const hasMoreNotifications = (): boolean => cursor !== null;

/** Loads the list from its beginning. What is shown stays until it is there. */
export async function loadNotifications(): Promise<void> {
  await load(null);
}

/** Loads the next page, if there is one. */
export async function loadMoreNotifications(): Promise<void> {
  if (cursor !== null) await load(cursor);
}

async function load(from: string | null): Promise<void> {
  if (isLoadingNotifications.value) return;
  const asked = era;
  isLoadingNotifications.value = true;
  notificationsError.value = null;
  try {
    const result = await list(pageSize, from);
    if (asked !== era) return;
    batch(() => {
      const known = from === null ? [] : notifications.value ?? [];
      notifications.value = withPage(known, result.notifications);
      unreadNotifications.value = result.unreadCount;
      cursor = result.nextCursor;
    });
  } catch (error) {
    if (asked === era) notificationsError.value = reasonOf(error);
  } finally {
    if (asked === era) isLoadingNotifications.value = false;
  }
}

/** Notes that the member has seen an entry. */
export function readNotification({ id, readAt }: Notification): void {
  if (readAt === null) read({ ids: [id] });
}

export function readAllNotifications(): void {
  read({ all: true });
}

/** Shows at once what the server is told; if it cannot be told, the list is loaded as it is. */
async function read(input: ReadNotificationsInput): Promise<void> {
  const ids = input.ids ?? null;
  const asked = era;
  take(ids, ids === null ? 0 : Math.max(0, unreadNotifications.value - ids.length));
  try {
    await call("POST", "/api/notifications/read", input);
  } catch {
    if (asked === era) await loadNotifications();
  }
}

function take(ids: readonly string[] | null, unreadCount: number): void {
  batch(() => {
    const readAt = new Date(serverNow()).toISOString();
    if (notifications.value) notifications.value = withRead(notifications.value, ids, readAt);
    unreadNotifications.value = unreadCount;
  });
}

/** Whatever was missed while there was no connection: the count, and the list if it is in use. */
async function catchUp(): Promise<void> {
  if (notifications.value !== null) return await loadNotifications();
  const asked = era;
  try {
    const { unreadCount } = await list(1, null);
    if (asked === era) unreadNotifications.value = unreadCount;
  } catch {
    // The next connection asks again.
  }
}

async function list(limit: number, from: string | null): Promise<NotificationsResult> {
  const query = new URLSearchParams({ limit: String(limit) });
  if (from !== null) query.set("cursor", from);
  for (let tries = 1;; tries++) {
    const known = news;
    const result = await call<NotificationsResult>("GET", `/api/notifications?${query}`);
    if (known === news || tries === mostTries) return result;
  }
}

/** Called once; the connection may stand already. */
export function startNotifications(): void {
  onFrame((frame) => {
    if (frame.type === "notification" || frame.type === "notifications_read") news++;
    if (frame.type === "notification") {
      batch(() => {
        const known = notifications.value;
        if (known) notifications.value = withNotification(known, frame.notification);
        unreadNotifications.value = frame.unreadCount;
      });
    }
    if (frame.type === "notifications_read") take(frame.ids, frame.unreadCount);
  });
  onOpened(catchUp);
  onSyncNeeded(catchUp);
  onMember(clear);
  if (connection.status.peek() === "open") catchUp();
}

/** Forgets everything, for the next member. */
function clear(): void {
  era++;
  cursor = null;
  isLoadingNotifications.value = false;
  notificationsError.value = null;
  notifications.value = null;
  unreadNotifications.value = 0;
}
