import { and, desc, eq, notInArray, sql } from "drizzle-orm";
import type { Database } from "./database.ts";
import { pushSubscriptions } from "./schema.ts";
import { uuids } from "./users.ts";

export type PushSubscriptionRow = typeof pushSubscriptions.$inferSelect;

/**
 * Stores a subscription. If its endpoint is known it keeps its id, and is the member's from now on.
 */
export async function upsertPushSubscription(
  db: Database,
  row: PushSubscriptionRow,
): Promise<{ id: string; created: boolean }> {
  const { id: _, endpoint: __, ...renewed } = row;
  const [stored] = await db.insert(pushSubscriptions).values(row)
    .onConflictDoUpdate({ target: pushSubscriptions.endpoint, set: renewed })
    .returning({ id: pushSubscriptions.id });
  const { id } = stored as { id: string };
  return { id, created: id === row.id };
}

/** Deletes all but the member's `kept` subscriptions that were made or renewed last. */
export async function deleteOldPushSubscriptions(
  db: Database,
  userId: string,
  kept: number,
): Promise<void> {
  const last = db.select({ id: pushSubscriptions.id }).from(pushSubscriptions)
    .where(eq(pushSubscriptions.userId, userId))
    .orderBy(desc(pushSubscriptions.createdAt), desc(pushSubscriptions.id))
    .limit(kept);
  await db.delete(pushSubscriptions)
    .where(and(eq(pushSubscriptions.userId, userId), notInArray(pushSubscriptions.id, last)));
}

export async function selectPushSubscriptions(
  db: Database,
  userIds: string[],
): Promise<PushSubscriptionRow[]> {
  return await db.select().from(pushSubscriptions)
    .where(sql`${pushSubscriptions.userId} = any(${uuids(userIds)})`);
}

/** @param userId if given, only one of this member is deleted. @returns whether there was one */
export async function deletePushSubscription(
  db: Database,
  id: string,
  userId?: string,
): Promise<boolean> {
  const deleted = await db.delete(pushSubscriptions)
    .where(and(
      eq(pushSubscriptions.id, id),
      userId === undefined ? undefined : eq(pushSubscriptions.userId, userId),
    ))
    .returning({ id: pushSubscriptions.id });
  return deleted.length > 0;
}
