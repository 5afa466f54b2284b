import { sql } from "drizzle-orm";
import { type Database, select } from "./database.ts";

/** Messages that somebody is to be told of, and with them all that came since; see below. */
export interface UnreadPart {
  conversationId: string;
  fromSeq: number;
  /** The last one when it was decided to tell of them. */
  toSeq: number;
}

/** What is unread of a conversation, as a mail or a push tells it. */
export interface UnreadRow {
  conversationId: string;
  kind: "direct" | "group";
  title: string | null;
  subjectTitle: string | null;
  /** The others of a direct conversation; of a group, nobody. */
  otherName: string | null;
  emailOff: boolean;
  /** Messages up to here were pushed, or handed over to be. */
  pushedSeq: number;
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
 * What a member has not read of conversations. Conversations that they have left or muted, and those
 * in which nothing is unread, are left out.
 *
 * A part goes on to the last message there is, unless it has been decided since to tell of what
 * came after it: what lies beyond `toSeq` is then somebody else's to tell.
 *
 * @param now milliseconds since 1970
 * @param options.first so many of the oldest messages come along
 */
export async function selectUnread(
  db: Database,
  userId: string,
  parts: UnreadPart[],
  now: number,
  options: { first: number; countMax: number },
): Promise<UnreadRow[]> {
  const message = sql`json_build_object('seq', m.seq, 'type', m.type, 'content', m.content,
    'createdAt', m.created_at,
    'senderName', (select display_name from users s where s.id = m.sender_id))`;
  const unread = sql`m.conversation_id = c.id and m.seq between place.from_seq and place.to_seq
    and m.sender_id is distinct from ${userId}::uuid and m.deleted_at is null`;
  return await select<UnreadRow>(
    db,
    sql`select c.id as "conversationId", c.kind, c.title,
        c.subject->>'title' as "subjectTitle", me.email_off as "emailOff",
        coalesce(n.pushed_seq, 0) as "pushedSeq",
        case when c.kind = 'direct' then (
          select u.display_name from conversation_participants p join users u on u.id = p.user_id
          where p.conversation_id = c.id and p.user_id <> me.user_id limit 1
        ) end as "otherName",
        (
          select count(*)::int from (
            select 1 from messages m where ${unread} limit ${options.countMax}
          ) counted
        ) as count,
        (
          select json_agg(first.message order by first.seq) from (
            select m.seq, ${message} as message from messages m where ${unread}
            order by m.seq limit ${options.first}
          ) first
        ) as first,
        last.message as last
      from json_to_recordset(${JSON.stringify(parts)}::json)
        as i("conversationId" uuid, "fromSeq" int, "toSeq" int)
      join conversations c on c.id = i."conversationId"
      join conversation_participants me
        on me.conversation_id = c.id and me.user_id = ${userId}::uuid and me.left_at is null
        and (me.muted_until is null or me.muted_until <= ${
      new Date(now).toISOString()
    }::timestamptz)
      left join notices n on n.conversation_id = c.id and n.user_id = me.user_id
      cross join lateral (
        select greatest(i."fromSeq", me.last_read_seq + 1, me.joined_seq + 1) as from_seq,
          case when n.emailed_seq > i."toSeq" then i."toSeq" else c.last_seq end as to_seq
      ) place
      join lateral (
        select ${message} as message from messages m where ${unread} order by m.seq desc limit 1
      ) last on true
      order by c.last_message_at desc`,
  );
}
