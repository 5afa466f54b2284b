/**
 * The member's list of notifications: what they missed, and what they should know of.
 *
 * @module
 */
import { type Database, isTransient } from "@/db/database.ts";
import {
  countUnreadNotifications,
  type NotificationDraft,
  type NotificationRow,
  readNotifications,
  selectNotifications,
  upsertNotifications,
} from "@/db/notifications.ts";
import { newId } from "@/utils/ids.ts";
import { announceTo, type Chat } from "./chat.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import {
  type ListNotificationsQuery,
  type NotificationsResult,
  type ReadNotificationsInput,
} from "./protocol.ts";
import { isoTime, notificationView } from "./views.ts";

/** Unread notifications are counted up to here; a badge shows no more. */
const countedMax = 1_000;

/**
 * A page of the member's list, most recent first.
 *
 * @throws {ChatError} `invalid_input` for a cursor that is not ours
 */
export async function listNotifications(
  chat: Chat,
  userId: string,
  query: ListNotificationsQuery,
): Promise<NotificationsResult> {
  const cursor = query.cursor === undefined ? undefined : readCursor(query.cursor);
  const [rows, unreadCount] = await Promise.all([
    selectNotifications(
      chat.db,
      userId,
      cursor && { createdAt: cursor.time, id: cursor.id },
      query.limit + 1,
    ),
    countUnread(chat, userId),
  ]);
  const page = rows.slice(0, query.limit);
  const last = page.at(-1);
  const more = rows.length > page.length && last !== undefined;
  return {
    notifications: page.map(notificationView),
    nextCursor: more ? writeCursor(isoTime(last.createdAt), last.id) : null,
    unreadCount,
  };
}

/** Notes that the member has seen these entries, or all; their other pages hear of it. */
export async function markNotificationsRead(
  chat: Chat,
  userId: string,
  { ids }: ReadNotificationsInput,
): Promise<{ unreadCount: number }> {
  await readNotifications(chat.db, userId, ids, chat.clock.now());
  const unreadCount = await countUnread(chat, userId);
  announceTo(chat, [userId], { type: "notifications_read", ids: ids ?? null, unreadCount });
  return { unreadCount };
}

/** What a member is told of; who, about which conversation, and in which words. */
export type NotificationInput = Omit<NotificationDraft, "id" | "createdAt">;

/**
 * Puts entries into members' lists, in the transaction it is handed.
 *
 * @returns those that are new or changed, to be told after the commit
 */
export async function addNotifications(
  chat: Chat,
  inputs: NotificationInput[],
  db: Database,
): Promise<NotificationRow[]> {
  const createdAt = isoTime(chat.clock.now());
  return await upsertNotifications(
    db,
    inputs.map((input) => ({ ...input, id: newId(), createdAt })),
  );
}

/** Tells members of entries that are new or changed, if they are online. */
export async function tellNotifications(chat: Chat, rows: NotificationRow[]): Promise<void> {
  const online = await chat.presence.online([...new Set(rows.map((row) => row.userId))]);
  const counts = await countUnreadNotifications(chat.db, [...online], countedMax);
  for (const row of rows) {
    if (!online.has(row.userId)) continue;
    announceTo(chat, [row.userId], {
      type: "notification",
      notification: notificationView(row),
      unreadCount: counts.get(row.userId) ?? 0,
    });
  }
}

/** Tells members of entries that became read, because what they told of was. */
export async function tellRead(
  chat: Chat,
  ended: { id: string; userId: string }[],
): Promise<void> {
  const idsOf = Map.groupBy(ended, (row) => row.userId);
  const counts = await countUnreadNotifications(chat.db, [...idsOf.keys()], countedMax);
  for (const [userId, rows] of idsOf) {
    announceTo(chat, [userId], {
      type: "notifications_read",
      ids: rows.map((row) => row.id),
      unreadCount: counts.get(userId) ?? 0,
    });
  }
}

/**
 * Puts entries into members' lists beside something that has been done already and stays so: that
 * they could not be added is logged.
 */
export async function noteNotifications(chat: Chat, inputs: NotificationInput[]): Promise<void> {
  try {
    await tellNotifications(chat, await addNotifications(chat, inputs, chat.db));
  } catch (error) {
    // That the database is away now and then is nobody's mistake.
    const level = isTransient(error) ? "warn" : "error";
    chat.log[level]("Notifications could not be added", { error });
  }
}

async function countUnread(chat: Chat, userId: string): Promise<number> {
  return (await countUnreadNotifications(chat.db, [userId], countedMax)).get(userId) ?? 0;
}
