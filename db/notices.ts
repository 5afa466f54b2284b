import { type SQL, sql } from "drizzle-orm";
import { type Database, select } from "./database.ts";
import { uuids } from "./users.ts";

/** A message that a member may have to be told of. */
export interface NoticeDraft {
  userId: string;
  conversationId: string;
  /** When it was stored. Milliseconds since 1970. */
  at: number;
  /** The member is using the page. */
  active: boolean;
}

/** What members get who have not chosen, and what this installation can do. */
export interface NoticeDefaults {
  email: boolean;
  emailDelaySeconds: number;
  pushDelaySeconds: number;
  /** Whoever is active is not pushed to before this. */
  activeSeconds: number;
  /** Whether mail can be sent at all. */
  canEmail: boolean;
}

/** A member's notice of a conversation, and when it will be looked at. Milliseconds since 1970. */
export interface PendingNotice {
  userId: string;
  conversationId: string;
  dueAt: number;
}

/**
 * Starts notices, or joins those that wait. No two drafts may be of the same member and
 * conversation.
 *
 * @returns the notices that wait now. None for a member who left or muted the conversation.
 */
export async function startNotices(
  db: Database,
  drafts: NoticeDraft[],
  defaults: NoticeDefaults,
): Promise<PendingNotice[]> {
  if (drafts.length === 0) return [];
  const seconds = (value: SQL) => sql`${value} * interval '1 second'`;
  const pushDelay = sql`coalesce(pref.push_delay_seconds, ${defaults.pushDelaySeconds})`;
  const emailDelay = sql`coalesce(pref.email_delay_seconds, ${defaults.emailDelaySeconds})`;
  const active = sql`case when i.active then ${defaults.activeSeconds} else 0 end`;
  return await select<PendingNotice>(
    db,
    sql`with input as (
      select * from unnest(
        ${uuids(drafts.map((draft) => draft.userId))},
        ${uuids(drafts.map((draft) => draft.conversationId))},
        ${times(drafts.map((draft) => draft.at))},
        ${`{${drafts.map((draft) => draft.active).join(",")}}`}::boolean[]
      ) as i(user_id, conversation_id, at, active)
    ),
    started as (
      insert into notices as n (user_id, conversation_id, push_at, email_at)
      select i.user_id, i.conversation_id,
        i.at + ${seconds(sql`greatest(${pushDelay}, ${active})`)},
        case when ${defaults.canEmail}::boolean and coalesce(pref.email, ${defaults.email})
          and not p.email_off and u.email is distinct from coalesce(u.email_refused, '')
          and u.email is not null
        then i.at + ${seconds(emailDelay)} end
      from input i
      join conversation_participants p
        on p.conversation_id = i.conversation_id and p.user_id = i.user_id and p.left_at is null
        and (p.muted_until is null or p.muted_until <= i.at)
      join users u on u.id = i.user_id and u.deactivated_at is null
      left join notification_preferences pref on pref.user_id = i.user_id
      -- Always in this order, so that two instances never wait for each other in a circle.
      order by i.user_id, i.conversation_id
      on conflict (user_id, conversation_id) do update
      -- Whoever was active when it began may have gone: then it is looked at sooner.
      set push_at = least(n.push_at, excluded.push_at),
        email_at = coalesce(n.email_at, excluded.email_at)
      where n.push_at is null or excluded.push_at < n.push_at
        or (n.email_at is null and excluded.email_at is not null)
      returning user_id, conversation_id, push_at, email_at
    )
    select user_id as "userId", conversation_id as "conversationId",
      (extract(epoch from least(push_at, email_at)) * 1000)::float8 as "dueAt"
    from (
      select * from started
      union all
      select n.user_id, n.conversation_id, n.push_at, n.email_at
      from notices n join input i on i.user_id = n.user_id and i.conversation_id = n.conversation_id
      where n.push_at is not null
    ) pending`,
  );
}

/** A notice whose time has come, with all that decides about it. Times in milliseconds since 1970. */
export interface DueNotice {
  userId: string;
  conversationId: string;
  pushAt: number | null;
  emailAt: number | null;
  pushedSeq: number;
  /** When something was pushed that may still be shown. */
  pushedAt: number | null;
  emailedSeq: number;
  emailedAt: number | null;
  isMember: boolean;
  mutedUntil: number | null;
  /** There is an address, it is not known to be refused, and mail about this is wanted. */
  canEmail: boolean;
  canPush: boolean;
  /** Null: the member has chosen nothing. */
  preferences: {
    email: boolean;
    push: boolean;
    emailDelaySeconds: number;
    quietHours: { start: string; end: string; timeZone: string } | null;
  } | null;
  /** The last unread message; null: everything is read. */
  last: {
    seq: number;
    senderId: string | null;
    /** How it begins. */
    content: string;
    createdAt: string;
  } | null;
  unreadCount: number;
}

/**
 * Takes notices that are due, for this transaction alone: of several instances that look at once,
 * one gets all of a member's.
 *
 * @param now milliseconds since 1970
 * @param horizon with those that are due come the same member's that will be by then
 * @param most of so many notices, those that wait longest, and with them their members' others
 */
export async function takeDueNotices(
  db: Database,
  now: number,
  horizon: number,
  most: number,
  unreadLimit: number,
): Promise<DueNotice[]> {
  const due = await select<{ id: string }>(
    db,
    // With the first of them the planner is told, for this transaction, to look rows up one by one:
    // it cannot know how few conversations these are, and would read them all.
    sql`select u.id, set_config('enable_seqscan', 'off', true) from users u
      where u.id in (
        select user_id from (
          select user_id from notices where least(push_at, email_at) <= ${iso(now)}::timestamptz
          order by least(push_at, email_at) limit ${most}
        ) oldest
      )
      for no key update skip locked`,
  );
  if (due.length === 0) return [];
  return await select<DueNotice>(
    db,
    sql`select n.user_id as "userId", n.conversation_id as "conversationId",
        ${epoch(sql`n.push_at`)} as "pushAt", ${epoch(sql`n.email_at`)} as "emailAt",
        n.pushed_seq as "pushedSeq", n.emailed_seq as "emailedSeq",
        ${epoch(sql`n.pushed_at`)} as "pushedAt",
        ${epoch(sql`n.emailed_at`)} as "emailedAt",
        p.user_id is not null and u.deactivated_at is null as "isMember",
        ${epoch(sql`p.muted_until`)} as "mutedUntil",
        coalesce(u.email is not null and u.email is distinct from u.email_refused
          and not p.email_off, false) as "canEmail",
        exists (select 1 from push_subscriptions s where s.user_id = n.user_id) as "canPush",
        case when pref.user_id is not null then json_build_object(
          'email', pref.email, 'push', pref.push, 'emailDelaySeconds', pref.email_delay_seconds,
          'quietHours', pref.quiet_hours
        ) end as preferences,
        last.message as last,
        case when last.message is null then 0 else count_unread(
          n.conversation_id, n.user_id, greatest(p.last_read_seq, p.joined_seq), ${unreadLimit}
        ) end as "unreadCount"
      from notices n
      join users u on u.id = n.user_id
      join conversations c on c.id = n.conversation_id
      left join conversation_participants p
        on p.conversation_id = n.conversation_id and p.user_id = n.user_id and p.left_at is null
      left join notification_preferences pref on pref.user_id = n.user_id
      left join lateral (
        select json_build_object(
          'seq', m.seq, 'senderId', m.sender_id, 'content', left(m.content, 300),
          'createdAt', m.created_at
        ) as message
        from messages m
        where m.conversation_id = n.conversation_id
          and m.seq > greatest(p.last_read_seq, p.joined_seq)
          and m.sender_id is distinct from n.user_id and m.deleted_at is null
        order by m.seq desc limit 1
      ) last on c.last_seq > p.last_read_seq
      where n.user_id = any(${uuids(due.map((row) => row.id))})
        and least(n.push_at, n.email_at) <= ${iso(horizon)}::timestamptz
      order by n.user_id, n.conversation_id
      for no key update of n`,
  );
}

/**
 * How a notice goes on. `pushedSeq`: messages up to here are in the list in the page, and pushed if
 * that is wanted; `pushedAt`: null leaves it as it is.
 */
export type NoticeUpdate = Pick<
  DueNotice,
  | "userId"
  | "conversationId"
  | "pushAt"
  | "emailAt"
  | "pushedSeq"
  | "pushedAt"
  | "emailedSeq"
  | "emailedAt"
>;

/** Notes what was decided about notices. */
export async function updateNotices(db: Database, updates: NoticeUpdate[]): Promise<void> {
  if (updates.length === 0) return;
  const rows = updates.map(({ pushAt, emailAt, pushedAt, emailedAt, ...rest }) => ({
    ...rest,
    pushAt: isoOrNull(pushAt),
    emailAt: isoOrNull(emailAt),
    pushedAt: isoOrNull(pushedAt),
    emailedAt: isoOrNull(emailedAt),
  }));
  await db.execute(
    sql`update notices n
      set push_at = i."pushAt", email_at = i."emailAt", pushed_seq = i."pushedSeq",
        pushed_at = coalesce(i."pushedAt", n.pushed_at),
        emailed_seq = i."emailedSeq", emailed_at = i."emailedAt"
      from json_to_recordset(${JSON.stringify(rows)}::json) as i(
        "userId" uuid, "conversationId" uuid, "pushAt" timestamptz, "emailAt" timestamptz,
        "pushedSeq" int, "pushedAt" timestamptz, "emailedSeq" int, "emailedAt" timestamptz
      )
      where n.user_id = i."userId" and n.conversation_id = i."conversationId"`,
  );
}

/** A member's conversation. */
export interface OwnConversation {
  userId: string;
  conversationId: string;
}

/** Notices that are over: nothing waits, and nothing is to be remembered. */
export async function deleteNotices(db: Database, of: OwnConversation[]): Promise<void> {
  if (of.length === 0) return;
  await db.execute(
    sql`with locked as (${lockNotices(of)})
      delete from notices n using locked
      where n.user_id = locked.user_id and n.conversation_id = locked.conversation_id`,
  );
}

/**
 * These conversations have been read: what was pushed of them is to be taken back. To be called in
 * a transaction; whoever looks at the same notices waits for its end, or is waited for.
 *
 * @returns those of which something was pushed
 */
export async function takeBackPushed(
  db: Database,
  of: OwnConversation[],
): Promise<OwnConversation[]> {
  if (of.length === 0) return [];
  // By itself: a statement that waits for a lock still sees what was there when it began.
  await db.execute(lockNotices(of));
  return await select<OwnConversation>(
    db,
    sql`update notices n set pushed_at = null from ${ownConversations(of)}
      where n.user_id = i.user_id and n.conversation_id = i.conversation_id
        and n.pushed_at is not null
      returning n.user_id as "userId", n.conversation_id as "conversationId"`,
  );
}

/** Notes up to where a member has been told of conversations, by mail or by push. */
export async function raiseToldSeq(
  db: Database,
  channel: "emailed_seq" | "pushed_seq",
  userId: string,
  told: { conversationId: string; seq: number }[],
): Promise<void> {
  const column = sql.identifier(channel);
  await db.execute(
    sql`with told as (
        select n.user_id, n.conversation_id, i.seq from notices n
        join json_to_recordset(${JSON.stringify(told)}::json)
          as i("conversationId" uuid, seq int) on i."conversationId" = n.conversation_id
        where n.user_id = ${userId}
        order by n.user_id, n.conversation_id for no key update of n
      )
      update notices n set ${column} = greatest(n.${column}, told.seq) from told
      where n.user_id = told.user_id and n.conversation_id = told.conversation_id`,
  );
}

/**
 * These members are back: the silence after their last mails is over, and what waited for its end
 * is looked at soon.
 *
 * @param at when, in milliseconds since 1970
 */
export async function endSilence(db: Database, userIds: string[], at: number): Promise<void> {
  if (userIds.length === 0) return;
  await db.execute(
    sql`with silent as (
        select user_id, conversation_id from notices
        where user_id = any(${uuids(userIds)}) and emailed_at is not null
        order by user_id, conversation_id for no key update
      )
      update notices n set emailed_at = null,
        email_at = case when n.email_at is not null then least(n.email_at, ${
      iso(at)
    }::timestamptz) end
      from silent
      where n.user_id = silent.user_id and n.conversation_id = silent.conversation_id`,
  );
}

/**
 * Has a member's waiting notices looked at soon: what they want to be told has changed.
 *
 * @param latest in milliseconds since 1970
 */
export async function hastenNotices(
  db: Database,
  userId: string,
  latest: { pushAt: number; emailAt: number },
): Promise<void> {
  const sooner = (column: SQL, at: number) =>
    sql`case when ${column} is not null then least(${column}, ${iso(at)}::timestamptz) end`;
  await db.execute(
    sql`with waiting as (
        select user_id, conversation_id from notices
        where user_id = ${userId} and least(push_at, email_at) is not null
        order by user_id, conversation_id for no key update
      )
      update notices n
      set push_at = ${sooner(sql`n.push_at`, latest.pushAt)},
        email_at = ${sooner(sql`n.email_at`, latest.emailAt)}
      from waiting
      where n.user_id = waiting.user_id and n.conversation_id = waiting.conversation_id`,
  );
}

/** Locks notices, always in the same order, so that nobody waits for each other in a circle. */
function lockNotices(of: OwnConversation[]): SQL {
  return sql`select n.user_id, n.conversation_id from notices n
    join ${ownConversations(of)} on i.user_id = n.user_id and i.conversation_id = n.conversation_id
    order by n.user_id, n.conversation_id for no key update of n`;
}

/** Pairs as a table `i`, to be joined to. */
export function ownConversations(of: OwnConversation[]): SQL {
  return sql`unnest(
    ${uuids(of.map((one) => one.userId))}, ${uuids(of.map((one) => one.conversationId))}
  ) as i(user_id, conversation_id)`;
}

/** A time in milliseconds since 1970 as a statement takes it. */
export const iso = (time: number) => new Date(time).toISOString();
const isoOrNull = (time: number | null) => time === null ? null : iso(time);
const times = (of: number[]) => sql`${`{${of.map(iso).join(",")}}`}::timestamptz[]`;
/** A time as milliseconds since 1970. */
export const epoch = (column: SQL) => sql`(extract(epoch from ${column}) * 1000)::float8`;
