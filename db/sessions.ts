import { and, eq, isNull, sql } from "drizzle-orm";
import { type Database, select } from "./database.ts";
import { sessions } from "./schema.ts";

export type SessionRow = typeof sessions.$inferSelect;

export async function insertSession(
  db: Database,
  session: typeof sessions.$inferInsert,
): Promise<void> {
  await db.insert(sessions).values(session);
}

export async function selectSession(db: Database, id: string): Promise<SessionRow | undefined> {
  const [row] = await db.select().from(sessions).where(eq(sessions.id, id));
  return row;
}

/** Whether the member has logged in before, and from a program of this name. */
export async function selectLoggedInBefore(
  db: Database,
  userId: string,
  userAgent: string | null,
): Promise<{ ever: boolean; likeThis: boolean }> {
  const own = sql`select 1 from sessions where user_id = ${userId}`;
  const [row] = await select<{ ever: boolean; likeThis: boolean }>(
    db,
    sql`select exists (${own}) as ever,
      exists (${own} and user_agent is not distinct from ${userAgent}::text) as "likeThis"`,
  );
  return row as { ever: boolean; likeThis: boolean };
}

/**
 * Replaces the session's refresh token, if `current` still is the one in force.
 *
 * @returns whether it was: of two that rotate at once, one wins
 */
export async function rotateSession(
  db: Database,
  id: string,
  current: string,
  next: { refreshHash: string; rotatedAt: Date; expiresAt: Date },
): Promise<boolean> {
  const rows = await db.update(sessions)
    .set({ ...next, previousHash: current })
    .where(
      and(eq(sessions.id, id), eq(sessions.refreshHash, current), isNull(sessions.revokedAt)),
    )
    .returning({ id: sessions.id });
  return rows.length > 0;
}

export async function revokeSession(db: Database, id: string, at: number): Promise<void> {
  await db.update(sessions).set({ revokedAt: new Date(at) })
    .where(and(eq(sessions.id, id), isNull(sessions.revokedAt)));
}
