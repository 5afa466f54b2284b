import { type SQL, sql } from "drizzle-orm";
import { arrayLiteral, type Database, select } from "./database.ts";
import { uuids } from "./users.ts";

/** A message as the database gives it: times as ISO 8601 with an offset. */
export interface MessageRow {
  id: string;
  conversationId: string;
  seq: number;
  rev: number;
  clientId: string | null;
  senderId: string | null;
  type: "text" | "image" | "file" | "system";
  content: string;
  replyTo: { id: string; seq: number; senderId: string | null; content: string } | null;
  createdAt: string;
  editedAt: string | null;
  deletedAt: string | null;
}

/** A message on its way into the database. */
export interface MessageDraft {
  id: string;
  conversationId: string;
  senderId: string;
  clientId: string;
  type: MessageRow["type"];
  content: string;
  replyToId: string | null;
}

/** What `store_messages` in functions.sql answers; `n` is a draft's place in the batch, from 1. */
export interface StoreResult {
  stored: [n: number, seq: number, rev: number][];
  repeated: [n: number, id: string][];
  /** The members of each conversation that has new or repeated messages. */
  members: Record<string, string[]>;
}

/**
 * Stores a batch in one transaction: takes `seq` and `rev`, checks membership, finds repeats.
 * No two drafts may have the same sender and client id.
 *
 * @param at when they were sent, in ISO 8601
 * @throws a unique violation if another instance stored one of them at the same moment: store again
 */
export async function insertMessages(
  db: Database,
  drafts: MessageDraft[],
  at: string,
): Promise<StoreResult> {
  const column = (name: keyof MessageDraft) => arrayLiteral(drafts.map((draft) => draft[name]));
  const [row] = await select<{ result: StoreResult }>(
    db,
    sql`select store_messages(${column("id")}::uuid[], ${column("conversationId")}::uuid[],
      ${column("senderId")}::uuid[], ${column("clientId")}::uuid[], ${column("type")}::text[],
      ${column("content")}::text[], ${column("replyToId")}::uuid[], ${at}::timestamptz) as result`,
  );
  return (row as { result: StoreResult }).result;
}

/**
 * A message as JSON. A quoted one comes along, cut short; a deleted one without its text.
 *
 * @param joinedSeq what came up to here is not its reader's to see, and so not quoted either
 */
export function messageJson(m: SQL, joinedSeq: SQL): SQL {
  return sql`json_build_object(
    'id', ${m}.id, 'conversationId', ${m}.conversation_id, 'seq', ${m}.seq, 'rev', ${m}.rev,
    'clientId', ${m}.client_id, 'senderId', ${m}.sender_id, 'type', ${m}.type,
    'content', case when ${m}.deleted_at is null then ${m}.content else '' end,
    'replyTo', case when ${m}.reply_to_id is not null then (
      select json_build_object('id', r.id, 'seq', r.seq, 'senderId', r.sender_id,
        'content', case when r.deleted_at is null then left(r.content, 200) else '' end)
      from messages r where r.id = ${m}.reply_to_id and r.seq > ${joinedSeq}
    ) end,
    'createdAt', ${m}.created_at, 'editedAt', ${m}.edited_at, 'deletedAt', ${m}.deleted_at
  )`;
}

async function selectMessageRows(db: Database, joinedSeq: SQL, from: SQL): Promise<MessageRow[]> {
  const rows = await select<{ message: MessageRow }>(
    db,
    sql`select ${messageJson(sql`m`, joinedSeq)} as message ${from}`,
  );
  return rows.map((row) => row.message);
}

/** A message with what it quotes, and the members who joined after one or the other. */
export interface ToldRow {
  message: MessageRow;
  /** Those whom it is not for. */
  hiddenFrom: string[];
  /** Those whom what it quotes is not for. */
  quoteHiddenFrom: string[];
}

/** Messages by their ids, in no promised order. */
export function selectMessagesByIds(db: Database, ids: string[]): Promise<ToldRow[]> {
  if (ids.length === 0) return Promise.resolve([]);
  return select<ToldRow>(
    db,
    sql`select ${messageJson(sql`m`, sql`0`)} as message, (
        select coalesce(json_agg(p.user_id), '[]') from conversation_participants p
        where p.conversation_id = m.conversation_id and p.joined_seq >= m.seq
      ) as "hiddenFrom", (
        select coalesce(json_agg(p.user_id), '[]')
        from messages r join conversation_participants p
          on p.conversation_id = r.conversation_id and p.joined_seq >= r.seq
        where r.id = m.reply_to_id
      ) as "quoteHiddenFrom"
      from messages m where m.id = any(${uuids(ids)})`,
  );
}

/** Where a page of history lies; all numbers are seqs. */
export type PageAt = { before: number } | { after: number } | { around: number };

/**
 * A page of a conversation for one of its members, by seq, ascending.
 *
 * @param mine what came after `joinedSeq` is the member's to see. What came after `lastSeq`, which was
 *   read with the membership, need not be: they may have been removed since.
 */
export async function selectHistory(
  db: Database,
  conversationId: string,
  mine: { joinedSeq: number; lastSeq: number },
  at: PageAt,
  limit: number,
): Promise<MessageRow[]> {
  const { joinedSeq, lastSeq } = mine;
  const visible = sql`m.conversation_id = ${conversationId} and m.seq > ${joinedSeq}
    and m.seq <= ${lastSeq}`;
  const older = (seq: number, most: number) =>
    selectMessageRows(
      db,
      sql`${joinedSeq}`,
      sql`from messages m where ${visible} and m.seq < ${clamp(seq)}
        order by m.seq desc limit ${most}`,
    );
  const newer = (seq: number, most: number) =>
    selectMessageRows(
      db,
      sql`${joinedSeq}`,
      sql`from messages m where ${visible} and m.seq > ${clamp(seq)}
        order by m.seq limit ${most}`,
    );
  if ("before" in at) return (await older(at.before, limit)).reverse();
  if ("after" in at) return newer(at.after, limit);
  const [before, after] = await Promise.all([
    older(at.around, Math.floor(limit / 2)),
    newer(at.around - 1, Math.ceil(limit / 2)),
  ]);
  return [...before.reverse(), ...after];
}

/** Seqs are 32-bit in the table; what a client asks for may be larger. */
const clamp = (seq: number) => Math.min(seq, 2_147_483_647);

/**
 * Changes of conversations beyond a `rev` each, by rev; of each of them at most `limit`, and no
 * more after the one with which their content exceeds `limitBytes`.
 *
 * @param since `toRev`: the rev at which the asking one was known to be a member
 */
export function selectChanges(
  db: Database,
  since: { conversationId: string; rev: number; toRev: number; joinedSeq: number }[],
  limit: number,
  limitBytes: number,
): Promise<MessageRow[]> {
  if (since.length === 0) return Promise.resolve([]);
  return selectMessageRows(
    db,
    sql`head."joinedSeq"`,
    sql`from json_to_recordset(${JSON.stringify(since)}::json)
        as head("conversationId" uuid, rev bigint, "toRev" bigint, "joinedSeq" int)
      cross join lateral (
        select *, sum(octet_length(content)) over (order by rev) - octet_length(content)
            as bytes_before
        from messages
        where conversation_id = head."conversationId" and rev > head.rev
          and rev <= head."toRev" and seq > head."joinedSeq"
        order by rev limit ${limit}
      ) m
      where m.bytes_before <= ${limitBytes}
      order by m.conversation_id, m.rev`,
  );
}

/** The seq of a message, if it is in the conversation and came after `joinedSeq`. */
export async function selectSeq(
  db: Database,
  conversationId: string,
  joinedSeq: number,
  messageId: string,
): Promise<number | undefined> {
  const [row] = await select<{ seq: number }>(
    db,
    sql`select seq from messages where id = ${messageId} and conversation_id = ${conversationId}
      and seq > ${joinedSeq}`,
  );
  return row?.seq;
}
