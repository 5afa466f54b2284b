import assert from "node:assert/strict";
import { PGlite } from "@electric-sql/pglite";
import { type SQL, sql } from "drizzle-orm";
import type { Logger } from "drizzle-orm/logger";
import { drizzle as drizzlePglite } from "drizzle-orm/pglite";
import { drizzle as drizzlePostgres } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import {
  countUnread,
  insertConversation,
  selectChanged,
  selectContacts,
  selectConversationOfAll,
  selectConversations,
  selectConversationsByIds,
  selectDirectId,
  selectMemberIds,
  selectMembership,
  selectSharedIds,
  selectUnreadTotal,
  updateSettings,
} from "@/db/conversations.ts";
import { type Database, select } from "@/db/database.ts";
import { updateMarks } from "@/db/marks.ts";
import {
  insertMessages,
  type MessageDraft,
  selectChanges,
  selectHistory,
  selectMessagesByIds,
  selectSeq,
} from "@/db/messages.ts";
import { lockConversation, updateLeft, upsertMembers } from "@/db/members.ts";
import { migrate } from "@/db/migrate.ts";
import { selectUnnoticed } from "@/db/notice_watermarks.ts";
import {
  deleteNotices,
  endSilence,
  hastenNotices,
  raiseToldSeq,
  startNotices,
  takeBackPushed,
  takeDueNotices,
  updateNotices,
} from "@/db/notices.ts";
import {
  countUnreadNotifications,
  deleteNotifications,
  deleteOldNotifications,
  readMessageNotifications,
  readNotifications,
  selectNotifications,
  upsertNotifications,
} from "@/db/notifications.ts";
import { selectOnline } from "@/db/presence.ts";
import { selectPushSubscriptions } from "@/db/push_subscriptions.ts";
import * as schema from "@/db/schema.ts";
import {
  revokeSession,
  rotateSession,
  selectLoggedInBefore,
  selectSession,
} from "@/db/sessions.ts";
import { selectUnread } from "@/db/unread.ts";
import {
  selectAccount,
  selectExistingUserIds,
  selectUser,
  selectUserByUsername,
  selectUsers,
  selectUsersByExternalIds,
  selectUsersByQuery,
  updateLastSeen,
} from "@/db/users.ts";
import { newId } from "@/utils/ids.ts";
import { createTestDatabase, testPostgresUrl } from "../support/postgres.ts";

/**
 * Many short conversations, as on a site where people ask about a listing. Reading through a table
 * is wrong only where it is large: of a few hundred conversations Postgres rightly reads all.
 */
const sizes = { users: 20_000, conversations: 80_000, messages: 200_000 };
/** Members 1 to 3 are in this many conversations each, the others in a few. */
const busy = { members: 3, conversations: 200 };
/** The first conversation has this many messages; the rest is spread over all. */
const longest = 20_000;

/** Ids that can be told from their number, here and in SQL. */
const idOf = (kind: "1" | "2" | "3" | "4" | "5" | "6", n: number) =>
  `0000000${kind}-0000-7000-8000-${n.toString(16).padStart(12, "0")}`;
const idIn = (kind: string, n: SQL) =>
  sql`(${`0000000${kind}-0000-7000-8000-`}::text || lpad(to_hex((${n})::int), 12, '0'))::uuid`;
const userId = (n: number) => idOf("1", n);
const conversationId = (n: number) => idOf("2", n);
const messageId = (n: number) => idOf("3", n);
const sessionId = (n: number) => idOf("4", n);
const notificationId = (n: number) => idOf("5", n);

const member = userId(1);
const start = "2026-01-01T00:00:00Z";

/** The tables that grow with use, which no hot path may read through. */
const large = [
  ...["messages", "conversation_participants", "conversations", "users", "sessions"],
  ...["notices", "notifications", "push_subscriptions"],
];

interface Statement {
  text: string;
  parameters: unknown[];
}

interface Plans {
  db: Database;
  /** The plan of a statement as Postgres explains it. */
  explain(statement: Statement): Promise<PlanNode>;
  close(): Promise<void>;
}

interface PlanNode {
  "Node Type": string;
  "Relation Name"?: string;
  Plans?: PlanNode[];
}

const prefix = "explain (format json) ";
const planOf = (row: unknown) =>
  (row as { "QUERY PLAN": [{ Plan: PlanNode }] })["QUERY PLAN"][0].Plan;

/** As db/database.ts opens them, with an ear for what is asked. */
const drivers: { name: string; ignore: boolean; open(logger: Logger): Promise<Plans> }[] = [
  {
    name: "PGlite",
    ignore: false,
    async open(logger) {
      const client = await PGlite.create();
      return {
        db: drizzlePglite(client, { schema, logger }),
        async explain({ text, parameters }) {
          return planOf((await client.query(prefix + text, parameters)).rows[0]);
        },
        close: () => client.close(),
      };
    },
  },
  {
    name: "Postgres",
    ignore: testPostgresUrl === undefined,
    async open(logger) {
      const url = await createTestDatabase(testPostgresUrl!);
      const client = postgres(url, { max: 1, onnotice: () => {} });
      return {
        db: drizzlePostgres(client, { schema, logger }),
        async explain({ text, parameters }) {
          return planOf((await client.unsafe(prefix + text, parameters as string[]))[0]);
        },
        close: () => client.end(),
      };
    },
  },
];

/** A site that has been used for a while. Foreign keys hold by how it is made, and are not checked. */
async function fill(db: Database): Promise<void> {
  const { users, conversations, messages } = sizes;
  const series = (n: number) => sql`generate_series(1, ${n}::int) n`;
  await db.transaction(async (tx) => {
    await tx.execute(sql`set local session_replication_role = replica`);
    await tx.execute(sql`
      insert into users (id, external_id, username, display_name, email, password_hash)
      select ${idIn("1", sql`n`)}, 'platform-' || n, 'member-' || n,
        'Name' || n || ' Family' || n % 1000, 'member' || n || '@example.com', 'x'
      from ${series(users)}`);
    await tx.execute(sql`
      insert into sessions (id, user_id, salt, refresh_hash, rotated_at, expires_at)
      select ${idIn("4", sql`n`)}, ${idIn("1", sql`n`)}, 'salt', 'hash-' || n, now(), now()
      from ${series(users)}`);
    await tx.execute(sql`
      insert into conversations (id, kind, context, direct_key, last_message_at, created_by,
        last_seq, rev)
      select ${idIn("2", sql`n`)}, 'direct', 'renting', 'key-' || n,
        ${start}::timestamptz + n * interval '1 minute', ${idIn("1", sql`1 + n % ${users}::int`)},
        0, 0
      from ${series(conversations)}`);
    // Each conversation has a member of its own; the other one is a busy one in the first so-many.
    await tx.execute(sql`
      insert into conversation_participants (conversation_id, user_id)
      select ${idIn("2", sql`n`)}, unnest(array[
        ${idIn("1", sql`11 + n % (${users}::int - 11)`)},
        ${
      idIn(
        "1",
        sql`case when n % 13 = 1 and n < 13 * ${busy.members * busy.conversations}::int
          then 1 + (n / 13) % ${busy.members}::int else 10 + (n * 7 + 5) % (${users}::int - 10) end`,
      )
    }])
      from ${series(conversations)}
      on conflict do nothing`);
    await tx.execute(sql`
      insert into messages (id, conversation_id, seq, rev, sender_id, client_id, type, content,
        created_at)
      select ${idIn("3", sql`n`)}, ${idIn("2", sql`place.c`)}, place.seq, place.seq,
        ${idIn("1", sql`11 + place.c % (${users}::int - 11)`)}, ${idIn("3", sql`n`)}, 'text',
        'Message number ' || n, ${start}::timestamptz + n * interval '5 seconds'
      from ${series(messages)}
      cross join lateral (
        select case when n <= ${longest}::int then 1
            else 2 + n % (${conversations}::int - 1) end as c,
          case when n <= ${longest}::int then n
            else 1 + (n - ${longest}::int - 1) / (${conversations}::int - 1) end as seq
      ) place`);
    // One in forty of the notices waits; of the list's entries most are read.
    await tx.execute(sql`
      insert into notices (user_id, conversation_id, push_at, email_at, emailed_at, pushed_at)
      select user_id, conversation_id,
        case when due then ${start}::timestamptz + n * interval '1 second' end,
        case when due then ${start}::timestamptz + n * interval '1 minute' end,
        ${start}::timestamptz, ${start}::timestamptz
      from (
        select *, row_number() over () as n, row_number() over () % 40 = 0 as due
        from conversation_participants
      ) p`);
    await tx.execute(sql`
      insert into notifications (id, user_id, conversation_id, kind, content, created_at, read_at)
      select ${idIn("5", sql`row_number() over ()`)}, user_id, conversation_id, 'message', 'Hello',
        ${start}::timestamptz + row_number() over () * interval '1 second',
        case when row_number() over () % 10 > 0 then ${start}::timestamptz end
      from conversation_participants`);
    await tx.execute(sql`
      insert into push_subscriptions (id, user_id, endpoint, keys)
      select ${idIn("6", sql`n`)}, ${idIn("1", sql`n`)}, 'https://push.example/' || n, '{}'
      from ${series(users)}`);
    await tx.execute(sql`
      update conversations c set last_seq = m.seq, rev = m.seq
      from (select conversation_id, max(seq) as seq from messages group by 1) m
      where m.conversation_id = c.id`);
  });
  await db.execute(sql`analyze`);
}

/** Messages of as many conversations as there are, each by its own member. */
function drafts(count: number): MessageDraft[] {
  return Array.from({ length: count }, (_, n) => ({
    id: newId(),
    conversationId: conversationId(n + 1),
    senderId: userId(11 + (n + 1) % (sizes.users - 11)),
    // The first one is a repeat of message 1.
    clientId: n === 0 ? messageId(1) : crypto.randomUUID(),
    type: "text",
    content: "Hello",
    replyToId: n === 1 ? messageId(longest + sizes.conversations - 1) : null,
  }));
}

const page = { limit: 51, unreadLimit: 1_000 };
const cursor = { lastMessageAt: "2026-01-08T00:00:00Z", id: conversationId(10_000) };
const some = (of: (n: number) => string) => [1, 14, 27, 40, 53].map(of);
/** As many as are looked up at once. */
const many = (of: (n: number) => string, count: number) =>
  Array.from({ length: count }, (_, n) => of(7 * n + 11));
const heads = Object.fromEntries(
  Array.from({ length: 50 }, (_, n) => [conversationId(13 * n + 1), { rev: 3, marksRev: 0 }]),
);
const since = [1, 14, 27].map((n) => ({
  conversationId: conversationId(n),
  rev: n === 1 ? longest - 100 : 3,
  toRev: longest,
  joinedSeq: 0,
}));
const mine = { joinedSeq: 0, lastReadSeq: 10, lastSeq: longest };
const rotated = { refreshHash: "y", rotatedAt: new Date(start), expiresAt: new Date(start) };
const mark = (n: number, seq: number) => ({
  conversationId: conversationId(n),
  userId: userId(11 + n % (sizes.users - 11)),
  readSeq: seq,
  deliveredSeq: seq,
  at: start,
});

const noticed = (n: number) => ({ userId: mark(n, 0).userId, conversationId: conversationId(n) });
const lookTime = Date.parse("2026-01-01T00:30:00Z");
const notice = { pushAt: null, emailAt: null, pushedAt: null, emailedAt: lookTime };

/** What runs with every message, mark, connection, page of the list, or login. */
const hotPaths: Record<string, (db: Database) => Promise<unknown>> = {
  "the list": (db) => selectConversations(db, member, page),
  "the list beyond a cursor": (db) => selectConversations(db, member, { ...page, cursor }),
  "the list of a context": (db) => selectConversations(db, member, { ...page, context: "renting" }),
  "the list searched": (db) => selectConversations(db, member, { ...page, query: "name77" }),
  "conversations by id": (db) => selectConversationsByIds(db, member, some(conversationId), 1_000),
  "the total of unread": (db) => selectUnreadTotal(db, member, 1_000, Date.parse(start)),
  "unread of one": (db) => countUnread(db, conversationId(1), member, mine, 1_000),
  "membership": (db) => selectMembership(db, conversationId(1), member),
  "members": (db) => selectMemberIds(db, conversationId(1), member),
  "contacts": (db) => selectContacts(db, [member]),
  "contacts of a crowd": (db) => selectContacts(db, many(userId, 50)),
  "members who are a crowd": (db) => selectUsers(db, many(userId, 50)),
  "who of a crowd is here": (db) => selectOnline(db, many(userId, 1_000)),
  "shared conversations": (db) => selectSharedIds(db, member, some(userId)),
  "a direct conversation": (db) => selectDirectId(db, "key-7"),
  "a direct conversation begun again": (db) =>
    insertConversation(db, {
      id: newId(),
      kind: "direct",
      directKey: "key-7",
      lastMessageAt: new Date(start),
      createdBy: member,
    }, [member]),
  "history, the last page": (db) =>
    selectHistory(db, conversationId(1), mine, { before: Number.MAX_SAFE_INTEGER }, 50),
  "history before": (db) => selectHistory(db, conversationId(1), mine, { before: 9_000 }, 50),
  "history after": (db) => selectHistory(db, conversationId(1), mine, { after: 9_000 }, 50),
  "history around": (db) => selectHistory(db, conversationId(1), mine, { around: 9_000 }, 50),
  "changed heads": (db) => selectChanged(db, member, heads, undefined, 51),
  "changed heads since": (db) => selectChanged(db, member, heads, "2026-01-10T00:00:00Z", 51),
  "changes for sync": (db) => selectChanges(db, since, 201, 128 * 1024),
  "messages by id": (db) => selectMessagesByIds(db, some(messageId)),
  "the seq of a message": (db) => selectSeq(db, conversationId(1), 0, messageId(77)),
  "a conversation of all its members": (db) =>
    selectConversationOfAll(db, conversationId(2), 1_000),
  "a conversation whose members change": (db) =>
    lockConversation(db, conversationId(2), mark(2, 0).userId),
  "members who are added": (db) =>
    upsertMembers(db, conversationId(2), some(userId), { lastSeq: 3, rev: 3 }),
  "a member who leaves": (db) => updateLeft(db, conversationId(1), mark(1, 0).userId, lookTime),
  "what the list holds of a conversation": (db) =>
    deleteNotifications(db, member, conversationId(1)),
  "storing messages": (db) => insertMessages(db, drafts(20), start),
  "moving marks": (db) => updateMarks(db, [mark(1, 5_000), mark(2, 4), mark(3, 5)], 1_000),
  "a member": (db) => selectUser(db, member),
  "a member by username": (db) => selectUserByUsername(db, "Member-77"),
  "an account by email": (db) => selectAccount(db, "Member77@Example.com"),
  "a platform's member": (db) => selectUsersByExternalIds(db, many((n) => `platform-${n}`, 50)),
  "members that exist": (db) => selectExistingUserIds(db, some(userId)),
  "members by name": (db) => selectUsersByQuery(db, "name77 fam", member, 20),
  "noting who was here": (db) => updateLastSeen(db, [member], Date.parse(start)),
  "a session": (db) => selectSession(db, sessionId(77)),
  "a session's next token": (db) => rotateSession(db, sessionId(77), "hash-77", rotated),
  "starting notices": (db) =>
    startNotices(
      db,
      [1, 2, 3].map((n) => ({ ...noticed(n), at: lookTime, active: false })),
      {
        email: true,
        canEmail: true,
        emailDelaySeconds: 300,
        pushDelaySeconds: 10,
        activeSeconds: 60,
      },
    ),
  "notices that are due": (db) => takeDueNotices(db, lookTime, lookTime + 60_000, 20, 1_000),
  "what was decided about notices": (db) =>
    updateNotices(db, [{ ...noticed(1), ...notice, pushedSeq: 1, emailedSeq: 1 }]),
  "notices that are over": (db) => deleteNotices(db, [noticed(1), noticed(2)]),
  "what was pushed and read": (db) => takeBackPushed(db, [noticed(1), noticed(2)]),
  "the end of silence": (db) => endSilence(db, some(userId), lookTime),
  "notices that are to be looked at soon": (db) =>
    hastenNotices(db, userId(12), { pushAt: lookTime, emailAt: lookTime }),
  "what a mail has told": (db) =>
    raiseToldSeq(db, "emailed_seq", userId(12), [{ conversationId: conversationId(1), seq: 3 }]),
  "what nobody was told of": (db) => selectUnnoticed(db, messageId(sizes.messages - 10)),
  "what is unread of conversations": (db) =>
    selectUnread(
      db,
      member,
      [{ conversationId: conversationId(1), fromSeq: 1, toSeq: 5 }],
      lookTime,
      {
        first: 5,
        countMax: 1_000,
      },
    ),
  "the list of notifications": (db) => selectNotifications(db, member, undefined, 21),
  "the list of notifications beyond a cursor": (db) =>
    selectNotifications(db, member, { createdAt: start, id: notificationId(7) }, 21),
  "unread notifications": (db) => countUnreadNotifications(db, some(userId), 1_000),
  "a notification of messages": (db) =>
    upsertNotifications(
      db,
      [1, 2].map((n) => ({
        ...noticed(n),
        id: newId(),
        kind: "message",
        actorId: member,
        content: "Hello",
        count: n,
        createdAt: start,
      })),
    ),
  "notifications that were read": (db) =>
    readNotifications(db, member, some(notificationId), lookTime),
  "all notifications read": (db) => readNotifications(db, member, undefined, lookTime),
  "notifications of what was read": (db) =>
    readMessageNotifications(db, [noticed(1), noticed(2)], lookTime),
  "notifications read long ago": (db) => deleteOldNotifications(db, Date.parse(start), 100),
  "a member's devices": (db) => selectPushSubscriptions(db, [member]),
  "a member's own settings": (db) =>
    updateSettings(db, conversationId(1), noticed(1).userId, { emailOff: true }),
  "earlier logins": (db) => selectLoggedInBefore(db, member, "x"),
  "a session's end": (db) => revokeSession(db, sessionId(77), Date.parse(start)),
};

/** The large tables that a plan reads through. */
function scanned(node: PlanNode): string[] {
  const own = node["Node Type"] === "Seq Scan" ? [node["Relation Name"] ?? ""] : [];
  return [...own, ...(node.Plans ?? []).flatMap(scanned)].filter((name) => large.includes(name));
}

/**
 * How often each large table was read through in this transaction, also within functions, and how
 * many of its rows were found by indexes: one can be read through by an index too.
 */
async function countReads(tx: Database): Promise<Map<string, { scans: number; rows: number }>> {
  const tables = await select<{ name: string; scans: number; rows: number }>(
    tx,
    sql`select relname as name, seq_scan::int as scans, idx_tup_fetch::int as rows
      from pg_stat_xact_user_tables where relname = any(${`{${large.join(",")}}`}::text[])`,
  );
  return new Map(tables.map(({ name, ...reads }) => [name, reads]));
}

class Undo extends Error {}

/** Does something in a transaction that is undone. */
async function undone(db: Database, work: (tx: Database) => Promise<void>): Promise<void> {
  await db.transaction(async (tx) => {
    await work(tx);
    throw new Undo();
  }).catch((error) => {
    if (!(error instanceof Undo)) throw error;
  });
}

/** What is asked of the database itself; transactions say more than that. */
const isQuery = ({ text }: Statement) => /^\s*(select|insert|update|delete|with)\b/i.test(text);

/** Often enough for a function to settle on plans for any parameters. */
const times = 7;
/** More rows of a table than any of them has to look at. */
const rowsMax = 10_000;

for (const { name, open, ignore } of drivers) {
  Deno.test({
    name: `no hot path reads through a table, with 200,000 messages (${name})`,
    ignore,
    async fn(t) {
      let heard: Statement[] = [];
      const plans = await open({
        logQuery: (text, parameters) => heard.push({ text, parameters }),
      });

      /** The plans of what runs, and which tables were read through by it. */
      async function observe(run: (db: Database) => Promise<unknown>) {
        const scans: string[] = [];
        let statements: Statement[] = [];
        await undone(plans.db, async (tx) => {
          const before = await countReads(tx);
          heard = [];
          for (let n = 0; n < times; n++) await run(tx);
          statements = heard.filter(isQuery);
          const after = await countReads(tx);
          scans.push(...large.filter((table) => {
            const [was, is] = [before.get(table), after.get(table)];
            return is && (is.scans !== was?.scans || is.rows - was.rows > rowsMax * times);
          }));
        });
        const explained: PlanNode[] = [];
        // The later times ask the same as the first.
        for (const statement of statements.slice(0, statements.length / times)) {
          explained.push(await plans.explain(statement));
        }
        return { scans, explained };
      }

      try {
        await migrate(plans.db);
        await fill(plans.db);
        const all = await selectConversations(plans.db, member, { ...page, limit: 1_000 });
        assert.equal(all.length, busy.conversations);
        for (const [path, run] of Object.entries(hotPaths)) {
          await t.step(path, async () => {
            const { scans, explained } = await observe(run);
            assert.ok(explained.length > 0);
            for (const plan of explained) {
              assert.deepEqual(scanned(plan), [], JSON.stringify(plan, null, 1));
            }
            // Within functions, too, which explain does not look into.
            assert.deepEqual(scans, []);
          });
        }
        await t.step("and what does read through one is noticed", async () => {
          const { scans, explained } = await observe((db) =>
            select(db, sql`select count(*) from messages where content like '%77%'`)
          );
          assert.deepEqual(scans, ["messages"]);
          assert.deepEqual(explained.flatMap(scanned), ["messages"]);
        });
      } finally {
        await plans.close();
      }
    },
  });
}
