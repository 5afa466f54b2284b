import { selectSharedIds } from "@/db/conversations.ts";
import { selectUser, selectUserByUsername, selectUsersByQuery, type UserRow } from "@/db/users.ts";
import type { Chat } from "./chat.ts";
import { notFound } from "./errors.ts";
import type { Profile } from "./protocol.ts";
import { profileView } from "./views.ts";

const found = 20;

/**
 * Members one may write to: those whose names begin with the words asked for, or the one of this
 * exact username.
 */
export async function findUsers(
  chat: Chat,
  userId: string,
  by: { query: string; username?: string | undefined },
): Promise<Profile[]> {
  if (by.username === undefined) {
    return showProfiles(chat, userId, await selectUsersByQuery(chat.db, by.query, userId, found));
  }
  const row = await selectUserByUsername(chat.db, by.username);
  return showProfiles(chat, userId, row ? [row] : []);
}

/** @throws {ChatError} `not_found` */
export async function getProfile(chat: Chat, userId: string, ofUserId: string): Promise<Profile> {
  const row = await selectUser(chat.db, ofUserId);
  if (!row) throw notFound("member", ofUserId);
  const [profile] = await showProfiles(chat, userId, [row]);
  return profile as Profile;
}

/** Presence is told only to those who share a conversation, and to oneself. */
async function showProfiles(chat: Chat, userId: string, rows: UserRow[]): Promise<Profile[]> {
  const ids = rows.map((row) => row.id);
  const [shared, online] = await Promise.all([
    selectSharedIds(chat.db, userId, ids),
    chat.presence.online(ids),
  ]);
  const known = new Set([userId, ...shared]);
  return rows.map((row) => profileView(row, known.has(row.id), online.has(row.id)));
}
