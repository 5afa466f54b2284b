import { eq } from "drizzle-orm";
import type { Database } from "./database.ts";
import { notificationPreferences } from "./schema.ts";

export type PreferencesRow = typeof notificationPreferences.$inferSelect;

export async function selectPreferences(
  db: Database,
  userId: string,
): Promise<PreferencesRow | undefined> {
  const [row] = await db.select().from(notificationPreferences)
    .where(eq(notificationPreferences.userId, userId));
  return row;
}

export async function upsertPreferences(db: Database, row: PreferencesRow): Promise<void> {
  await db.insert(notificationPreferences).values(row)
    .onConflictDoUpdate({ target: notificationPreferences.userId, set: row });
}
