import { sql } from "drizzle-orm";
import { type Database, select } from "./database.ts";

/** What is unread of a conversation, as a mail or a push tells it. */
export interface UnreadRow {
  conversationId: string;
  kind: "direct" | "group";
  title: string | null;
  subjectTitle: string | null;
  /** The others of a direct conversation; of a group, nobody. */
  otherName: string | null;
  emailOff: boolean;
  /** Counted up to the limit asked for. */
  count: number;
  /** The oldest ones, in order; times as ISO 8601 with an offset. */
  first: UnreadMessage[];
  last: UnreadMessage & { seq: number };
}

export interface UnreadMessage {
  /** Null for system messages. */
  senderName: string | null;
  type: "text" | "image" | "file" | "system";
  content: string;
  createdAt: string;
}

/**
 * What a member has not read of conversations, each from a place on. Conversations that they have
 * left or muted, and those in which nothing is unread, are left out.
 *
 * @param now milliseconds since 1970
 * @param options.first so many of the oldest messages come along
 */
export async function selectUnread(
  db: Database,
  userId: string,
  from: { conversationId: string; fromSeq: number }[],
  now: number,
  options: { first: number; countMax: number },
): Promise<UnreadRow[]> {
  const message = sql`json_build_object('seq', m.seq, 'type', m.type, 'content', m.content,
    'createdAt', m.created_at,
    'senderName', (select display_name from users s where s.id = m.sender_id))`;
  const unread = sql`m.conversation_id = c.id and m.seq >= place.seq
    and m.sender_id is distinct from ${userId}::uuid and m.deleted_at is null`;
  return await select<UnreadRow>(
    db,
    sql`select c.id as "conversationId", c.kind, c.title,
        c.subject->>'title' as "subjectTitle", me.email_off as "emailOff",
        case when c.kind = 'direct' then (
          select u.display_name from conversation_participants p join users u on u.id = p.user_id
          where p.conversation_id = c.id and p.user_id <> me.user_id limit 1
        ) end as "otherName",
        count_unread(c.id, me.user_id, place.seq - 1, ${options.countMax}) as count,
        (
          select json_agg(first.message order by first.seq) from (
            select m.seq, ${message} as message from messages m where ${unread}
            order by m.seq limit ${options.first}
          ) first
        ) as first,
        last.message as last
      from json_to_recordset(${JSON.stringify(from)}::json)
        as i("conversationId" uuid, "fromSeq" int)
      join conversations c on c.id = i."conversationId"
      join conversation_participants me
        on me.conversation_id = c.id and me.user_id = ${userId}::uuid and me.left_at is null
        and (me.muted_until is null or me.muted_until <= ${
      new Date(now).toISOString()
    }::timestamptz)
      cross join lateral (
        select greatest(i."fromSeq", me.last_read_seq + 1, me.joined_seq + 1) as seq
      ) place
      join lateral (
        select ${message} as message from messages m where ${unread} order by m.seq desc limit 1
      ) last on true
      order by c.last_message_at desc`,
  );
}
