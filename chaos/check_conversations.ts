import type { Sql } from "postgres";
import type { Violation } from "./check.ts";

/** What each conversation must be by itself, asked of the database. */
export async function checkConversations(sql: Sql): Promise<Violation[]> {
  const holes = await sql<{ id: string; found: string }[]>`
    select c.id, format(
      'last_seq %s, rev %s; %s messages, seq %s to %s, rev up to %s, %s out of order',
      c.last_seq, c.rev, count(m.id), min(m.seq), max(m.seq), max(m.rev),
      count(*) filter (where not m.is_next)
    ) as found
    from conversations c
    left join (
      select id, conversation_id, seq, rev,
        rev > lag(rev, 1, 0) over (partition by conversation_id order by seq) as is_next
      from messages
    ) m on m.conversation_id = c.id
    group by c.id
    having count(m.id) <> c.last_seq or coalesce(max(m.seq), 0) <> c.last_seq
      or coalesce(min(m.seq), 1) <> 1 or count(distinct m.seq) <> c.last_seq
      or coalesce(max(m.rev), 0) > c.rev or bool_or(not m.is_next)
  `;
  const marks = await sql<{ id: string; found: string }[]>`
    select c.id, format('%s has read %s and got %s of %s', u.username, p.last_read_seq,
      p.last_delivered_seq, c.last_seq) as found
    from conversation_participants p
    join conversations c on c.id = p.conversation_id
    join users u on u.id = p.user_id
    where not (0 <= p.last_read_seq and p.last_read_seq <= p.last_delivered_seq
      and p.last_delivered_seq <= c.last_seq)
  `;
  return [
    ...holes.map(({ id, found }) => ({
      invariant: "seq counts 1, 2, 3 without a hole, and rev grows with it",
      found: `conversation ${id}: ${found}`,
    })),
    ...marks.map(({ id, found }) => ({
      invariant: "0 ≤ read ≤ delivered ≤ last",
      found: `conversation ${id}: ${found}`,
    })),
  ];
}
