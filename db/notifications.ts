import { type SQL, sql } from "drizzle-orm";
import { type Database, select } from "./database.ts";
import type { notifications } from "./schema.ts";
import { type OwnConversation, ownConversations } from "./notices.ts";
import { uuids } from "./users.ts";

/** An entry of a member's list; times as ISO 8601 with an offset. */
export interface NotificationRow {
  id: string;
  userId: string;
  kind: (typeof notifications.$inferSelect)["kind"];
  conversationId: string | null;
  actor: { userId: string; displayName: string; avatarUrl: string | null } | null;
  content: string;
  count: number;
  createdAt: string;
  readAt: string | null;
}

/** An entry to add. `createdAt` in ISO 8601. */
export interface NotificationDraft {
  id: string;
  userId: string;
  kind: NotificationRow["kind"];
  conversationId: string | null;
  actorId: string | null;
  content: string;
  count: number;
  createdAt: string;
}

/**
 * Adds entries. One of unread messages replaces what is said of the same conversation's unread
 * messages already; if that says the same, it is left alone.
 *
 * @returns the entries that are new or changed
 */
export async function upsertNotifications(
  db: Database,
  drafts: NotificationDraft[],
): Promise<NotificationRow[]> {
  if (drafts.length === 0) return [];
  return await select<NotificationRow>(
    db,
    sql`with upserted as (
        insert into notifications as n
          (id, user_id, kind, conversation_id, actor_id, content, count, created_at)
        select id, "userId", kind, "conversationId", "actorId", content, count, "createdAt"
        from json_to_recordset(${JSON.stringify(drafts)}::json) as i(
          id uuid, "userId" uuid, kind text, "conversationId" uuid, "actorId" uuid, content text,
          count int, "createdAt" timestamptz
        )
        order by "userId", "conversationId"
        on conflict (user_id, conversation_id) where kind = 'message' and read_at is null
        do update set actor_id = excluded.actor_id, content = excluded.content,
          count = excluded.count, created_at = excluded.created_at
        where (n.actor_id, n.content, n.count)
          is distinct from (excluded.actor_id, excluded.content, excluded.count)
        returning *
      )
      select ${columns} from upserted n left join users u on u.id = n.actor_id`,
  );
}

/** A page of a member's list, most recent first. */
export function selectNotifications(
  db: Database,
  userId: string,
  cursor: { createdAt: string; id: string } | undefined,
  limit: number,
): Promise<NotificationRow[]> {
  const before = cursor === undefined
    ? sql`true`
    : sql`(n.created_at, n.id) < (${cursor.createdAt}::timestamptz, ${cursor.id}::uuid)`;
  return select<NotificationRow>(
    db,
    sql`select ${columns} from notifications n left join users u on u.id = n.actor_id
      where n.user_id = ${userId} and ${before}
      order by n.created_at desc, n.id desc limit ${limit}`,
  );
}

/** How many unread entries members have, each counted up to `most`. */
export async function countUnreadNotifications(
  db: Database,
  userIds: string[],
  most: number,
): Promise<Map<string, number>> {
  if (userIds.length === 0) return new Map();
  const rows = await select<{ userId: string; count: number }>(
    db,
    sql`select of.id as "userId", (
        select count(*)::int from (
          select 1 from notifications n where n.user_id = of.id and n.read_at is null limit ${most}
        ) unread
      ) as count
      from unnest(${uuids(userIds)}) as of(id)`,
  );
  return new Map(rows.map((row) => [row.userId, row.count]));
}

/**
 * Notes that a member has seen these entries, or all they have.
 *
 * @param at milliseconds since 1970
 */
export async function readNotifications(
  db: Database,
  userId: string,
  ids: string[] | undefined,
  at: number,
): Promise<void> {
  const which = ids === undefined ? sql`true` : sql`id = any(${uuids(ids)})`;
  await db.execute(
    sql`with seen as (
        select id from notifications where user_id = ${userId} and read_at is null and ${which}
        order by conversation_id for no key update
      )
      update notifications n set read_at = ${new Date(at).toISOString()}::timestamptz
      from seen where n.id = seen.id`,
  );
}

/**
 * Notes that conversations have been read, so that their entries say nothing new any more; except
 * where something has come since.
 *
 * @param at milliseconds since 1970
 * @returns the entries that thereby became read
 */
export async function readMessageNotifications(
  db: Database,
  of: OwnConversation[],
  at: number,
): Promise<{ id: string; userId: string }[]> {
  if (of.length === 0) return [];
  return await select<{ id: string; userId: string }>(
    db,
    sql`with seen as (
        select n.id from notifications n
        join ${ownConversations(of)}
          on i.user_id = n.user_id and i.conversation_id = n.conversation_id
        left join conversation_participants p
          on p.conversation_id = n.conversation_id and p.user_id = n.user_id
        where n.kind = 'message' and n.read_at is null and not exists (
          select 1 from messages m
          where m.conversation_id = n.conversation_id
            and m.seq > greatest(p.last_read_seq, p.joined_seq)
            and m.sender_id is distinct from n.user_id and m.deleted_at is null
        )
        order by n.user_id, n.conversation_id for no key update of n
      )
      update notifications n set read_at = ${new Date(at).toISOString()}::timestamptz
      from seen where n.id = seen.id
      returning n.id, n.user_id as "userId"`,
  );
}

/**
 * Deletes what a member's list holds of a conversation.
 *
 * @returns the entries that had not been read
 */
export async function deleteNotifications(
  db: Database,
  userId: string,
  conversationId: string,
): Promise<{ id: string; userId: string }[]> {
  const rows = await select<{ id: string; userId: string; readAt: string | null }>(
    db,
    sql`delete from notifications where user_id = ${userId} and conversation_id = ${conversationId}
      returning id, user_id as "userId", read_at as "readAt"`,
  );
  return rows.filter((row) => row.readAt === null).map(({ id, userId }) => ({ id, userId }));
}

/**
 * Deletes entries that were read long ago, so many at once.
 *
 * @param before milliseconds since 1970
 * @returns whether there may be more
 */
export async function deleteOldNotifications(
  db: Database,
  before: number,
  most: number,
): Promise<boolean> {
  const rows = await select<{ id: string }>(
    db,
    sql`delete from notifications where id in (
        select id from notifications where read_at < ${new Date(before).toISOString()}::timestamptz
        order by read_at limit ${most} for update skip locked
      )
      returning id`,
  );
  return rows.length === most;
}

const columns: SQL = sql`n.id, n.user_id as "userId", n.kind, n.conversation_id as "conversationId",
  case when u.id is not null then json_build_object(
    'userId', u.id, 'displayName', u.display_name, 'avatarUrl', u.avatar_url
  ) end as actor,
  n.content, n.count, n.created_at as "createdAt", n.read_at as "readAt"`;
