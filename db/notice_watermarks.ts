import { sql } from "drizzle-orm";
import { type Database, select } from "./database.ts";
import { epoch, iso, type NoticeDraft } from "./notices.ts";

/**
 * Notes that what an instance stored before `at` has its notices.
 *
 * @param at milliseconds since 1970
 */
export async function upsertWatermark(
  db: Database,
  instanceId: string,
  at: number,
): Promise<void> {
  await db.execute(
    sql`insert into notice_watermarks (instance_id, noticed_at)
      values (${instanceId}, ${iso(at)}::timestamptz)
      on conflict (instance_id) do update set noticed_at = excluded.noticed_at`,
  );
}

/**
 * Takes the watermarks of instances that have not moved theirs since `before`: they ended without
 * a word, and what they stored last may lack its notices. Of several that look at once, one gets
 * each.
 *
 * @returns milliseconds since 1970
 */
export async function takeSilentWatermarks(db: Database, before: number): Promise<number[]> {
  const rows = await select<{ at: number }>(
    db,
    sql`delete from notice_watermarks where instance_id in (
        select instance_id from notice_watermarks
        where noticed_at < ${iso(before)}::timestamptz for update skip locked
      )
      returning ${epoch(sql`noticed_at`)} as at`,
  );
  return rows.map((row) => row.at);
}

/**
 * Who may have to be told of messages whose ids were made since a time: the members of their
 * conversations who have not read them.
 *
 * @param sinceId the least id of that time; ids sort by it
 */
export function selectUnnoticed(db: Database, sinceId: string): Promise<NoticeDraft[]> {
  return select<NoticeDraft>(
    db,
    sql`select p.user_id as "userId", p.conversation_id as "conversationId",
        ${epoch(sql`max(m.created_at)`)} as at, false as active
      from messages m
      join conversation_participants p
        on p.conversation_id = m.conversation_id and p.left_at is null
        and m.seq > greatest(p.last_read_seq, p.joined_seq)
        and p.user_id is distinct from m.sender_id
      where m.id >= ${sinceId}
      group by p.user_id, p.conversation_id
      order by p.user_id, p.conversation_id`,
  );
}
