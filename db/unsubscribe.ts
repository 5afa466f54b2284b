import { and, eq, ne, sql } from "drizzle-orm";
import type { Database } from "./database.ts";
import { conversationParticipants, conversations, notificationPreferences } from "./schema.ts";

/** Sets whether a member wants mail about a conversation; of others' conversations, nothing. */
export async function updateEmailOff(
  db: Database,
  conversationId: string,
  userId: string,
  emailOff: boolean,
): Promise<void> {
  await db.transaction(async (tx) => {
    // The conversation's row is the lock of all that is in it, and so comes first.
    await tx.select({ id: conversations.id }).from(conversations)
      .where(eq(conversations.id, conversationId)).for("update");
    const changed = await tx.update(conversationParticipants).set({ emailOff }).where(
      and(
        eq(conversationParticipants.conversationId, conversationId),
        eq(conversationParticipants.userId, userId),
        ne(conversationParticipants.emailOff, emailOff),
      ),
    ).returning({ userId: conversationParticipants.userId });
    if (changed.length === 0) return;
    await tx.update(conversations).set({ marksRev: sql`${conversations.marksRev} + 1` })
      .where(eq(conversations.id, conversationId));
  });
}

/**
 * Sets whether a member wants any mail.
 *
 * @param row what is stored if they never chose; else its `email` alone
 */
export async function upsertEmail(
  db: Database,
  row: typeof notificationPreferences.$inferInsert,
): Promise<void> {
  const { email, updatedAt } = row;
  await db.insert(notificationPreferences).values(row)
    .onConflictDoUpdate({ target: notificationPreferences.userId, set: { email, updatedAt } });
}
