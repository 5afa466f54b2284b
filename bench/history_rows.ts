import { newId } from "@/utils/ids.ts";
import postgres from "postgres";

const span = "interval '2 years'";
const shortMessages = 20;
/** Rows in one statement. */
const atOnce = 250_000;

/**
 * Fills a migrated database by SQL: a member who is there gets many conversations, one of them long
 * and the others short, evenly spread over two years and read up to the middle; and there are a
 * hundredth as many conversations of others as the long one has messages.
 *
 * @returns the id of the long one
 */
export async function insertHistory(
  databaseUrl: string,
  readerId: string,
  { conversations, messages }: { conversations: number; messages: number },
  say: (what: string) => void,
): Promise<string> {
  // A connection of its own: the server's give up on what takes long.
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  const [writerId, longId] = [newId(), newId()];
  // What is made here refers to what is there; to look it up for each row takes as long again.
  await sql`set session_replication_role = replica`;
  await sql`insert into users (id, username, display_name) values (${writerId}, 'writer', 'Writer')`;
  await sql`create temporary table made (id uuid, one uuid, other uuid, total int, latest timestamptz)`;
  await sql`insert into made values (${longId}, ${readerId}, ${writerId}, ${messages}, now())`;
  const insertShort = (count: number, one: string, other: string) =>
    sql`insert into made
      select gen_random_uuid(), ${one}::uuid, ${sql.unsafe(other)}, ${shortMessages},
        now() - n * ${sql.unsafe(span)} / ${count}::int
      from generate_series(1, ${count}::int) n`;
  await insertShort(conversations - 1, readerId, `'${writerId}'::uuid`);
  await insertShort(Math.ceil(messages / 100), writerId, "gen_random_uuid()");

  await sql`insert into users (id, username, display_name)
    select other, 'other-' || other, 'Other' from made where one = ${writerId}`;
  await sql`insert into conversations
      (id, kind, direct_key, last_seq, rev, last_message_at, created_by, created_at, updated_at)
    select id, 'direct', id, total, total, latest, one, latest - ${sql.unsafe(span)}, latest
    from made`;
  await sql`insert into conversation_participants
      (conversation_id, user_id, last_read_seq, last_delivered_seq)
    select id, user_id, total / 2, total / 2 from made, unnest(array[one, other]) user_id`;
  for (let from = 1; from <= messages; from += atOnce) {
    const to = Math.min(from + atOnce - 1, messages);
    say(`history: ${to.toLocaleString("en")} messages`);
    await insertMessages(sql, from, to);
  }
  await sql`vacuum analyze`;
  await sql.end();
  return longId;
}

/** Those that have these places in their conversations. Ids begin with the time, as ever. */
async function insertMessages(sql: postgres.Sql, from: number, to: number): Promise<void> {
  await sql`insert into messages
      (id, conversation_id, seq, rev, sender_id, client_id, type, content, created_at)
    select
      (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' ||
        substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid,
      id, n, n, case n % 2 when 0 then one else other end, gen_random_uuid(), 'text',
      rpad(n || ' ', 120, 'lorem ipsum '), at
    from made,
      lateral generate_series(${from}::int, least(${to}::int, total)) n,
      lateral (select latest - (total - n) * ${sql.unsafe(span)} / total as at) times`;
}
