import assert from "node:assert/strict";
import { type Database, select } from "@/db/database.ts";
import { sql } from "drizzle-orm";

/** What is never true of a sound database, whatever was sent. */
const wrongs: Record<string, ReturnType<typeof sql>> = {
  "a hole in a conversation's seqs": sql`
    select conversation_id from messages group by conversation_id
    having min(seq) <> 1 or max(seq) <> count(*)
  `,
  "a count that is not the last message's": sql`
    select c.id from conversations c
    where c.last_seq <> (select count(*) from messages m where m.conversation_id = c.id)
  `,
  "a rev beyond its conversation's": sql`
    select m.id from messages m join conversations c on c.id = m.conversation_id
    where m.rev > c.rev or m.rev < 1
  `,
  "marks out of order": sql`
    select p.user_id from conversation_participants p
    join conversations c on c.id = p.conversation_id
    where not (0 <= p.last_read_seq and p.last_read_seq <= p.last_delivered_seq
      and p.last_delivered_seq <= c.last_seq)
  `,
  "a message of somebody who is no member": sql`
    select m.id from messages m where not exists (
      select 1 from conversation_participants p
      where p.conversation_id = m.conversation_id and p.user_id = m.sender_id)
  `,
  "a message that answers to another conversation's": sql`
    select m.id from messages m join messages r on r.id = m.reply_to_id
    where r.conversation_id <> m.conversation_id
  `,
  "a direct conversation that is not of two": sql`
    select c.id from conversations c where c.kind = 'direct' and 2 <> (
      select count(*) from conversation_participants p where p.conversation_id = c.id)
  `,
  "a member of another role than they were given": sql`
    select id from users where role <> 'member'
  `,
};

/** Fails, naming what is wrong, if the database is not sound. */
export async function checkDatabase(db: Database): Promise<void> {
  for (const [what, query] of Object.entries(wrongs)) {
    assert.deepEqual([...await select(db, sql`${query} limit 3`)], [], what);
  }
}
