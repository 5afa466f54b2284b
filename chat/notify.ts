/**
 * From waiting notices to what members are told: an entry in the page's list, a push, a mail.
 *
 * @module
 */
import {
  deleteNotices,
  type DueNotice,
  endSilence,
  type OwnConversation,
  takeBackPushed,
  takeDueNotices,
  updateNotices,
} from "@/db/notices.ts";
import type { Database } from "@/db/database.ts";
import {
  deleteOldNotifications,
  type NotificationRow,
  readMessageNotifications,
} from "@/db/notifications.ts";
import { newId } from "@/utils/ids.ts";
import { type Chat, defaultPreferences, inBackground } from "./chat.ts";
import { type MailJob, type PushJob, pushRead } from "./deliveries.ts";
import { type Circumstances, decide, type Decision } from "./notice_decision.ts";
import { addNotifications, tellNotifications, tellRead } from "./notifications.ts";
import { limits } from "./protocol.ts";
import { quietUntil } from "./quiet_hours.ts";

/** Notices that are looked at in one transaction. */
const atOnce = 500;
/** A member's further mails that would go within this time go with the first. */
const togetherMs = 60_000;
/** Mail programs cut off what is longer. */
const conversationsInMail = 20;
/** What was read in the list is kept this long. */
const keptMs = 90 * 24 * 60 * 60_000;

/**
 * To be called every second or so, and never twice at once: writes notices, takes back what has been
 * read meanwhile, and looks at those whose time has come.
 */
export async function notify(front: Chat): Promise<void> {
  const chat = inBackground(front);
  chat.metrics.notices.add("gathered", await chat.notices.flush());
  await chat.activity.withReturned((userIds) =>
    endSilence(chat.db, userIds, chat.clock.now() + chat.settings.emailDelaySeconds * 1_000)
  );
  await chat.notices.withRead((read) => takeBack(chat, read));
  while (await lookAtDue(chat) >= atOnce);
}

/**
 * To be called every minute or so: makes up for instances that ended without a word, and clears
 * away what is old.
 */
export async function tidyNotices(front: Chat): Promise<void> {
  const chat = inBackground(front);
  await chat.notices.recover();
  while (await deleteOldNotifications(chat.db, chat.clock.now() - keptMs, 1_000));
}

/** This instance ends: what it has gathered is written. */
export async function endNotices(front: Chat): Promise<void> {
  const chat = inBackground(front);
  await chat.notices.withRead((read) => takeBack(chat, read));
  await chat.notices.close();
}

/** What was read need not be shown any longer: not in the list, and not on any device. */
async function takeBack(chat: Chat, read: OwnConversation[]): Promise<void> {
  const ended = await chat.db.transaction(async (tx) => {
    // First, so that whoever looks at these very notices has done so.
    const pushed = await takeBackPushed(tx, read);
    await pushRead(chat, tx, pushed);
    return await readMessageNotifications(tx, read, chat.clock.now());
  });
  await tellRead(chat, ended);
}

/** @returns how many notices were looked at */
async function lookAtDue(chat: Chat): Promise<number> {
  const now = chat.clock.now();
  const { told, decided } = await chat.db.transaction(async (tx) => {
    const due = await takeDueNotices(tx, now, now + togetherMs, atOnce, limits.unreadCount);
    const decided = await decideAll(chat, due, now);
    const told = await list(chat, tx, decided);
    await hand(chat, tx, decided);
    await keep(tx, decided, now);
    return { told, decided };
  });
  count(chat, decided);
  await tellNotifications(chat, told);
  return decided.length;
}

function count({ metrics: { notices } }: Chat, decided: Decided[]): void {
  for (const one of decided) {
    if (one.decision.list) notices.add("listed");
    if (one.decision.push) notices.add("pushed");
    if (one.decision.email) notices.add("mailed");
    if (isOver(one)) notices.add("ended");
  }
}

interface Decided {
  notice: DueNotice;
  decision: Decision;
}

async function decideAll(chat: Chat, due: DueNotice[], now: number): Promise<Decided[]> {
  const userIds = [...new Set(due.map((notice) => notice.userId))];
  const activeElsewhere = await chat.presence.active(userIds);
  // Mail that would wait a little longer goes together with what goes now.
  const mailed = new Set(
    due.filter(({ emailAt }) => emailAt !== null && emailAt <= now).map((one) => one.userId),
  );
  return due.map((notice) => {
    const horizon = mailed.has(notice.userId) ? now + togetherMs : now;
    const active = chat.activity.has(notice.userId, chat.clock.elapsed()) ||
      activeElsewhere.has(notice.userId);
    const is = circumstances(chat, notice, active, now);
    return { notice, decision: decide(notice, now, horizon, is) };
  });
}

function circumstances(
  chat: Chat,
  notice: DueNotice,
  active: boolean,
  now: number,
): Circumstances {
  const preferences = notice.preferences ?? defaultPreferences(chat.settings);
  return {
    hears: notice.isMember && (notice.mutedUntil ?? 0) <= now,
    lastUnreadSeq: notice.last?.seq ?? 0,
    active,
    quietUntil: quietUntil(preferences.quietHours ?? null, now),
    push: chat.pusher !== undefined && preferences.push && notice.canPush,
    email: chat.mailer !== undefined && preferences.email && notice.canEmail,
    emailDelayMs: preferences.emailDelaySeconds * 1_000,
  };
}

/** @returns the entries of which their members are to be told once this is committed */
function list(chat: Chat, tx: Database, decided: Decided[]): Promise<NotificationRow[]> {
  const inputs = decided.filter(({ decision }) => decision.list).map(({ notice }) => ({
    userId: notice.userId,
    kind: "message" as const,
    conversationId: notice.conversationId,
    actorId: notice.last?.senderId ?? null,
    content: notice.last?.content ?? "",
    count: notice.unreadCount,
  }));
  return addNotifications(chat, inputs, tx);
}

/** Hands over to the queue what is to be sent: a push for each conversation, a mail for each member. */
async function hand(chat: Chat, tx: Database, decided: Decided[]): Promise<void> {
  const pushes = decided.filter(({ decision }) => decision.push).map(({ notice }) => ({
    id: newId(),
    data: {
      type: "messages",
      userId: notice.userId,
      conversationId: notice.conversationId,
      toSeq: notice.last?.seq ?? 0,
    } satisfies PushJob,
  }));
  const mailed = decided.filter(({ decision }) => decision.email).map(({ notice }) => notice);
  const mails = [...Map.groupBy(mailed, (notice) => notice.userId)].flatMap(([userId, notices]) =>
    chunks(notices, conversationsInMail).map((some) => ({
      id: newId(),
      data: {
        userId,
        conversations: some.map(({ conversationId, emailedSeq, last }) => ({
          conversationId,
          fromSeq: emailedSeq + 1,
          toSeq: last?.seq ?? 0,
        })),
      } satisfies MailJob,
    }))
  );
  await chat.queue?.add(tx, "push", pushes);
  await chat.queue?.add(tx, "email", mails);
}

function chunks<Item>(items: Item[], size: number): Item[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, n) => items.slice(n * size, (n + 1) * size));
}

/** Whether nothing is left of it to be told. */
function isOver({ notice, decision }: Decided): boolean {
  return notice.last === null && notice.pushedAt === null && decision.pushAt === null &&
    decision.emailAt === null;
}

async function keep(tx: Database, decided: Decided[], now: number): Promise<void> {
  await deleteNotices(tx, decided.filter(isOver).map(({ notice }) => notice));
  await updateNotices(
    tx,
    decided.filter((one) => !isOver(one)).map(({ notice, decision }) => {
      const lastSeq = notice.last?.seq ?? 0;
      return {
        userId: notice.userId,
        conversationId: notice.conversationId,
        pushAt: decision.pushAt,
        emailAt: decision.emailAt,
        // Listed and not to be pushed any more: nothing of it is left to tell.
        pushedSeq: decision.list && decision.pushAt === null ? lastSeq : notice.pushedSeq,
        pushedAt: decision.push ? now : null,
        emailedSeq: decision.email ? lastSeq : notice.emailedSeq,
        emailedAt: decision.email ? now : notice.emailedAt,
      };
    }),
  );
}
