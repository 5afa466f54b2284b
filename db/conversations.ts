import { and, eq, isNull, type SQL, sql } from "drizzle-orm";
import { type Database, select } from "./database.ts";
import { messageJson, type MessageRow } from "./messages.ts";
import { conversationParticipants, conversations } from "./schema.ts";
import { uuids } from "./users.ts";

export type NewConversation = typeof conversations.$inferInsert;

export interface ParticipantRow {
  userId: string;
  username: string;
  displayName: string;
  avatarUrl: string | null;
  role: "owner" | "admin" | "member";
  lastReadSeq: number;
  lastDeliveredSeq: number;
  lastSeenAt: string | null;
}

/** A conversation as one member sees it; times as ISO 8601 with an offset. */
export interface ConversationRow {
  /** The member who sees it so. */
  viewerId: string;
  id: string;
  kind: "direct" | "group";
  title: string | null;
  context: string | null;
  subject: NewConversation["subject"] | null;
  participants: ParticipantRow[];
  lastMessage: MessageRow | null;
  lastSeq: number;
  rev: number;
  marksRev: number;
  unreadCount: number;
  lastReadSeq: number;
  joinedSeq: number;
  joinedRev: number;
  mutedUntil: string | null;
  emailOff: boolean;
  pinned: boolean;
  archived: boolean;
  createdAt: string;
  lastMessageAt: string;
}

/** What a member is in a conversation; undefined: it is not theirs, or does not exist. */
export interface Membership {
  joinedSeq: number;
  lastReadSeq: number;
  /** The conversation's. */
  lastSeq: number;
}

export async function selectMembership(
  db: Database,
  conversationId: string,
  userId: string,
): Promise<Membership | undefined> {
  const [row] = await db.select({
    joinedSeq: conversationParticipants.joinedSeq,
    lastReadSeq: conversationParticipants.lastReadSeq,
    lastSeq: conversations.lastSeq,
  }).from(conversationParticipants)
    .innerJoin(conversations, eq(conversations.id, conversationParticipants.conversationId))
    .where(
      and(
        eq(conversationParticipants.conversationId, conversationId),
        eq(conversationParticipants.userId, userId),
        isNull(conversationParticipants.leftAt),
      ),
    );
  return row;
}

/** What a member has not read of a conversation, counted up to `limit`. */
export async function countUnread(
  db: Database,
  conversationId: string,
  userId: string,
  mine: Membership,
  limit: number,
): Promise<number> {
  const after = Math.max(mine.lastReadSeq, mine.joinedSeq);
  const [row] = await select<{ count: number }>(
    db,
    sql`select count_unread(${conversationId}, ${userId}, ${after}, ${limit}) as count`,
  );
  return (row as { count: number }).count;
}

/**
 * A conversation that makes its members known to each other. One without a message does not: only
 * its maker knows of it, who could watch anyone by it.
 */
const acquaints = sql`(c.last_seq > 0 or c.kind = 'group')`;

/**
 * The members of a conversation who know of it, if `userId` is one of them; else nobody. One without
 * a message is only its maker's to know of.
 */
export async function selectMemberIds(
  db: Database,
  conversationId: string,
  userId: string,
): Promise<string[]> {
  const rows = await select<{ userId: string }>(
    db,
    sql`select p.user_id as "userId" from conversation_participants me
      join conversations c on c.id = me.conversation_id
      join conversation_participants p
        on p.conversation_id = me.conversation_id and p.left_at is null
          and (p.user_id = me.user_id or ${acquaints})
      where me.conversation_id = ${conversationId} and me.user_id = ${userId}
        and me.left_at is null`,
  );
  return rows.map((row) => row.userId);
}

/** Everyone who shares a conversation with each of these members; of those with nobody, nothing. */
export function selectContacts(
  db: Database,
  userIds: string[],
): Promise<{ userId: string; contactIds: string[] }[]> {
  return select(
    db,
    sql`select me.user_id as "userId", json_agg(distinct p.user_id) as "contactIds"
      from conversation_participants me
      join conversations c on c.id = me.conversation_id and ${acquaints}
      join conversation_participants p
        on p.conversation_id = me.conversation_id and p.left_at is null
          and p.user_id <> me.user_id
      where me.user_id = any(${uuids(userIds)}) and me.left_at is null
      group by me.user_id`,
  );
}

/** Which of these members share a conversation with `userId`. */
export async function selectSharedIds(
  db: Database,
  userId: string,
  ids: string[],
): Promise<string[]> {
  if (ids.length === 0) return [];
  const rows = await select<{ userId: string }>(
    db,
    sql`select distinct p.user_id as "userId" from conversation_participants p
      join conversation_participants me on me.conversation_id = p.conversation_id
        and me.user_id = ${userId} and me.left_at is null
      join conversations c on c.id = p.conversation_id and ${acquaints}
      where p.user_id = any(${uuids(ids)}) and p.left_at is null`,
  );
  return rows.map((row) => row.userId);
}

/**
 * Makes a conversation with its members, or, where its `directKey` exists already, finds that one.
 *
 * @param memberIds with the creator, who becomes the owner of a group
 */
export function insertConversation(
  db: Database,
  conversation: NewConversation,
  memberIds: string[],
): Promise<{ id: string; created: boolean }> {
  return db.transaction(async (tx) => {
    const [row] = await tx.insert(conversations).values(conversation)
      .onConflictDoNothing({ target: conversations.directKey })
      .returning({ id: conversations.id });
    if (row === undefined) {
      const [existing] = await tx.select({ id: conversations.id }).from(conversations)
        .where(eq(conversations.directKey, conversation.directKey as string));
      return { id: (existing as { id: string }).id, created: false };
    }
    await tx.insert(conversationParticipants).values(memberIds.map((userId) => ({
      conversationId: row.id,
      userId,
      role: conversation.kind === "group" && userId === conversation.createdBy
        ? "owner" as const
        : "member" as const,
    })));
    return { id: row.id, created: true };
  });
}

/**
 * Sets what a member chose for themselves in a conversation; undefined fields stay as they are.
 *
 * @returns whether it is a conversation of theirs
 */
export function updateSettings(
  db: Database,
  conversationId: string,
  userId: string,
  settings: { mutedUntil?: Date | null; emailOff?: boolean },
): Promise<boolean> {
  return db.transaction(async (tx) => {
    // The conversation first: its row is the lock of all that is in it.
    const mine = sql`exists (select 1 from conversation_participants p
      where p.conversation_id = ${conversationId} and p.user_id = ${userId} and p.left_at is null)`;
    const found = await tx.update(conversations)
      .set({ marksRev: sql`${conversations.marksRev} + 1` })
      .where(and(eq(conversations.id, conversationId), mine))
      .returning({ id: conversations.id });
    if (found.length === 0) return false;
    await tx.update(conversationParticipants).set(settings).where(
      and(
        eq(conversationParticipants.conversationId, conversationId),
        eq(conversationParticipants.userId, userId),
      ),
    );
    return true;
  });
}

/** The id of a direct conversation, by its key. */
export async function selectDirectId(db: Database, directKey: string): Promise<string | undefined> {
  const [row] = await db.select({ id: conversations.id }).from(conversations)
    .where(eq(conversations.directKey, directKey));
  return row?.id;
}

/** Where a list goes on: the last conversation of the page before. */
export interface ListCursor {
  lastMessageAt: string;
  id: string;
}

const isIn = (userId: string) => sql`me.user_id = ${userId} and me.left_at is null`;

/** A conversation without a message is only its maker's to see. */
const isListed = (userId: string) =>
  sql`(c.last_seq > 0 or c.created_by = ${userId} or c.kind = 'group')`;

/** A page of a member's conversations, most recent first. */
export function selectConversations(
  db: Database,
  userId: string,
  options: {
    query?: string | undefined;
    context?: string | undefined;
    cursor?: ListCursor | undefined;
    limit: number;
    unreadLimit: number;
  },
): Promise<ConversationRow[]> {
  const { query, context, cursor } = options;
  const like = `%${(query ?? "").replace(/[\\%_]/g, "\\$&")}%`;
  const conditions = [
    isIn(userId),
    isListed(userId),
    context === undefined ? undefined : sql`c.context = ${context}`,
    cursor && sql`(c.last_message_at, c.id) < (${cursor.lastMessageAt}::timestamptz, ${cursor.id})`,
    query
      ? sql`(c.title ilike ${like} or c.subject->>'title' ilike ${like} or exists (
          select 1 from conversation_participants p join users u on u.id = p.user_id
          where p.conversation_id = c.id and p.left_at is null and p.user_id <> ${userId}
            and (u.display_name ilike ${like} or u.username ilike ${like})
        ))`
      : undefined,
  ];
  return selectViews(
    db,
    options.unreadLimit,
    sql`where ${and(...conditions)}
      order by c.last_message_at desc, c.id desc limit ${options.limit}`,
  );
}

/** Conversations of a member by their ids; what is not theirs is left out. */
export function selectConversationsByIds(
  db: Database,
  userId: string,
  ids: string[],
  unreadLimit: number,
): Promise<ConversationRow[]> {
  if (ids.length === 0) return Promise.resolve([]);
  return selectViews(
    db,
    unreadLimit,
    sql`where ${isIn(userId)} and c.id = any(${uuids(ids)})
      order by c.last_message_at desc, c.id desc`,
  );
}

/** A conversation as each of its members sees it. */
export function selectConversationOfAll(
  db: Database,
  conversationId: string,
  unreadLimit: number,
): Promise<ConversationRow[]> {
  return selectViews(
    db,
    unreadLimit,
    sql`where me.conversation_id = ${conversationId} and me.left_at is null`,
  );
}

/** First the rows of the page, by index; then, for them alone, what hangs on them. */
async function selectViews(
  db: Database,
  unreadLimit: number,
  which: SQL,
): Promise<ConversationRow[]> {
  const rows = await select<{ conversation: ConversationRow }>(
    db,
    sql`
      with page as materialized (
        select c.*, me.user_id, me.last_read_seq, me.joined_seq, me.joined_rev, me.pinned_at, me.email_off,
          me.muted_until, me.archived_at >= c.last_message_at as archived
        from conversation_participants me join conversations c on c.id = me.conversation_id
        ${which}
      )
      select json_build_object(
        'viewerId', c.user_id, 'id', c.id, 'kind', c.kind, 'title', c.title, 'context', c.context, 'subject', c.subject,
        'participants', (
          select json_agg(json_build_object(
            'userId', u.id, 'username', u.username, 'displayName', u.display_name,
            'avatarUrl', u.avatar_url, 'role', p.role, 'lastReadSeq', p.last_read_seq,
            'lastDeliveredSeq', p.last_delivered_seq, 'lastSeenAt', u.last_seen_at
          ) order by u.display_name, u.id)
          from conversation_participants p join users u on u.id = p.user_id
          where p.conversation_id = c.id and p.left_at is null
        ),
        'lastMessage', (
          select ${messageJson(sql`m`, sql`c.joined_seq`)} from messages m
          where m.conversation_id = c.id and m.seq = c.last_seq and m.seq > c.joined_seq
        ),
        'lastSeq', c.last_seq, 'rev', c.rev, 'marksRev', c.marks_rev,
        'unreadCount', case when c.last_seq > c.last_read_seq then count_unread(
          c.id, c.user_id, greatest(c.last_read_seq, c.joined_seq), ${unreadLimit}
        ) else 0 end,
        'lastReadSeq', c.last_read_seq, 'joinedSeq', c.joined_seq,
        'joinedRev', c.joined_rev,
        'mutedUntil', c.muted_until, 'emailOff', c.email_off, 'pinned', c.pinned_at is not null,
        'archived', coalesce(c.archived, false),
        'createdAt', c.created_at, 'lastMessageAt', c.last_message_at
      ) as conversation
      from page c
      order by c.last_message_at desc, c.id desc`,
  );
  return rows.map((row) => row.conversation);
}

/**
 * Unread messages over a member's conversations that are not muted, each counted up to
 * `unreadLimit`.
 *
 * @param now milliseconds since 1970
 */
export async function selectUnreadTotal(
  db: Database,
  userId: string,
  unreadLimit: number,
  now: number,
): Promise<number> {
  const [row] = await select<{ total: number }>(
    db,
    sql`select coalesce(sum(count_unread(
        c.id, ${userId}, greatest(me.last_read_seq, me.joined_seq), ${unreadLimit}
      )), 0)::int as total
      from conversation_participants me join conversations c on c.id = me.conversation_id
      where ${isIn(userId)} and c.last_seq > me.last_read_seq
        and (me.muted_until is null
          or me.muted_until <= ${new Date(now).toISOString()}::timestamptz)`,
  );
  return (row as { total: number }).total;
}

/**
 * Compares a client's heads with a member's conversations.
 *
 * @param since conversations that are not in `heads` count as changed only if their last message
 *   came at this time or later (ISO 8601); undefined: all of them do
 * @returns the ids of the changed ones, most recent first, at most `limit`; and those in `heads` of
 *   conversations that the member is not, or no longer, in
 */
export async function selectChanged(
  db: Database,
  userId: string,
  heads: Record<string, { rev: number; marksRev: number }>,
  since: string | undefined,
  limit: number,
): Promise<{ changed: string[]; removed: string[] }> {
  const list = Object.entries(heads).map(([id, head]) => ({ id, ...head }));
  const isNew = since === undefined
    ? sql`head.id is null`
    : sql`(head.id is null and c.last_message_at >= ${since}::timestamptz)`;
  const [row] = await select<{ changed: string[]; removed: string[] }>(
    db,
    sql`
      with head as materialized (
        select * from json_to_recordset(${JSON.stringify(list)}::json)
          as head(id uuid, rev bigint, "marksRev" bigint)
      ),
      own as materialized (
        select c.id, c.last_message_at,
          ${isListed(userId)} and (
            ${isNew} or head.rev <> c.rev or head."marksRev" <> c.marks_rev
          ) as is_changed
        from conversation_participants me
        join conversations c on c.id = me.conversation_id
        left join head on head.id = c.id
        where ${isIn(userId)}
      )
      select
        (
          select coalesce(json_agg(c.id order by c.last_message_at desc, c.id desc), '[]')
          from (
            select * from own where is_changed order by last_message_at desc, id desc limit ${limit}
          ) c
        ) as changed,
        (
          select coalesce(json_agg(head.id), '[]') from head
          where not exists (select 1 from own where own.id = head.id)
        ) as removed`,
  );
  return row as { changed: string[]; removed: string[] };
}
