import { hastenNotices } from "@/db/notices.ts";
import { selectPreferences, upsertPreferences } from "@/db/preferences.ts";
import { type Chat, defaultPreferences } from "./chat.ts";
import type { NotificationPreferences } from "./protocol.ts";

/** How the member wants to be told, or the defaults if they never said. */
export async function getPreferences(chat: Chat, userId: string): Promise<NotificationPreferences> {
  const row = await selectPreferences(chat.db, userId);
  if (!row) return defaultPreferences(chat.settings);
  const { userId: _, updatedAt: __, ...preferences } = row;
  return { ...preferences, quietHours: preferences.quietHours ?? null };
}

/** Replaces the member's preferences. */
export async function setPreferences(
  chat: Chat,
  userId: string,
  preferences: NotificationPreferences,
): Promise<NotificationPreferences> {
  const now = chat.clock.now();
  await upsertPreferences(chat.db, { ...preferences, userId, updatedAt: new Date(now) });
  // What waits for the end of quiet hours, say, may have none to wait for now.
  await hastenNotices(chat.db, userId, {
    pushAt: now + preferences.pushDelaySeconds * 1_000,
    emailAt: now + preferences.emailDelaySeconds * 1_000,
  });
  return preferences;
}
