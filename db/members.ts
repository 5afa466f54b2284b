import { and, eq, sql } from "drizzle-orm";
import { type Database, select } from "./database.ts";
import { conversationParticipants, conversations } from "./schema.ts";
import { uuids } from "./users.ts";

export type MemberRole = (typeof conversationParticipants.$inferSelect)["role"];

export interface MemberRow {
  userId: string;
  role: MemberRole;
}

/** A conversation whose members are about to change. */
export interface LockedConversation {
  kind: "direct" | "group";
  title: string | null;
  lastSeq: number;
  /** Those who have been in it longest first. */
  members: MemberRow[];
}

/**
 * Locks a conversation for the rest of the transaction, so that no message is stored meanwhile, and
 * gives it with its members as they are under the lock.
 *
 * @returns undefined if `userId` is none of them
 */
export async function lockConversation(
  tx: Database,
  conversationId: string,
  userId: string,
): Promise<LockedConversation | undefined> {
  const [conversation] = await tx.select({
    kind: conversations.kind,
    title: conversations.title,
    lastSeq: conversations.lastSeq,
  }).from(conversations).where(eq(conversations.id, conversationId)).for("no key update");
  const members = await select<MemberRow>(
    tx,
    sql`select user_id as "userId", role from conversation_participants
      where conversation_id = ${conversationId} and left_at is null
      order by joined_seq, user_id`,
  );
  if (!conversation || !members.some((member) => member.userId === userId)) return undefined;
  return { ...conversation, members };
}

/** @param at milliseconds since 1970 */
export async function updateLeft(
  tx: Database,
  conversationId: string,
  userId: string,
  at: number,
): Promise<void> {
  await tx.update(conversationParticipants).set({ leftAt: new Date(at) })
    .where(memberIs(conversationId, userId));
}

export async function updateRole(
  tx: Database,
  conversationId: string,
  userId: string,
  role: MemberRole,
): Promise<void> {
  await tx.update(conversationParticipants).set({ role }).where(memberIs(conversationId, userId));
}

const memberIs = (conversationId: string, userId: string) =>
  and(
    eq(conversationParticipants.conversationId, conversationId),
    eq(conversationParticipants.userId, userId),
  );

/**
 * Adds members to a conversation, or brings them back. They see what comes after `lastSeq`, and
 * what they chose for themselves when they were in it before stays.
 *
 * @param conversation its last message, and its `rev` with this change
 */
export async function upsertMembers(
  tx: Database,
  conversationId: string,
  userIds: string[],
  conversation: { lastSeq: number; rev: number },
): Promise<void> {
  const { lastSeq, rev } = conversation;
  await tx.execute(
    sql`insert into conversation_participants as p
        (conversation_id, user_id, joined_seq, joined_rev, last_read_seq, last_delivered_seq)
      select ${conversationId}::uuid, user_id, ${lastSeq}, ${rev}, ${lastSeq}, ${lastSeq}
      from unnest(${uuids(userIds)}) as user_id
      on conflict (conversation_id, user_id) do update
      set left_at = null, role = 'member', joined_seq = excluded.joined_seq,
        joined_rev = excluded.joined_rev, last_read_seq = excluded.last_read_seq,
        last_delivered_seq = excluded.last_delivered_seq`,
  );
}

/**
 * Counts a change of the members, and with them of their marks.
 *
 * @param at milliseconds since 1970
 * @returns the conversation's `rev` with it
 */
export async function raiseRev(tx: Database, conversationId: string, at: number): Promise<number> {
  const [row] = await tx.update(conversations).set({
    rev: sql`${conversations.rev} + 1`,
    marksRev: sql`${conversations.marksRev} + 1`,
    updatedAt: sql`greatest(${conversations.updatedAt}, ${
      new Date(at).toISOString()
    }::timestamptz)`,
  }).where(eq(conversations.id, conversationId)).returning({ rev: conversations.rev });
  return (row as { rev: number }).rev;
}
