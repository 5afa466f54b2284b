import { raiseToldSeq } from "@/db/notices.ts";
import {
  deletePushSubscription,
  type PushSubscriptionRow,
  selectPushSubscriptions,
} from "@/db/push_subscriptions.ts";
import type { Job, Outcome } from "@/db/queue.ts";
import { selectUnread, type UnreadRow } from "@/db/unread.ts";
import { newId } from "@/utils/ids.ts";
import { PushDelayed, type Pusher, PushRefused } from "@/utils/push.ts";
import { shorten } from "@/utils/shorten.ts";
import type { Chat } from "./chat.ts";
import type { PushJob } from "./deliveries.ts";
import { getPreferences } from "./preferences.ts";
import { limits, type NotificationPreferences, type PushPayload } from "./protocol.ts";
import { isoTime } from "./views.ts";

/** A push service keeps a push this long for a device that is away. */
const ttlSeconds = 86_400;
/** A push holds less than 4 kB; what is shown of it is less still. */
const bodyLength = 300;
const titleLength = 100;
/** Beyond any message: all that is unread is told. */
const lastSeq = 2_147_483_647;

/**
 * Pushes to a member's devices what is unread, or that it has been read.
 *
 * @throws {PushDelayed} if the only device it was for cannot be reached now
 */
export async function deliverPush(chat: Chat, { data }: Job<PushJob>): Promise<Outcome> {
  const { userId, conversationId } = data;
  const preferences = await getPreferences(chat, userId);
  const part = { conversationId, fromSeq: 1, toSeq: lastSeq };
  const [unread] = await selectUnread(chat.db, userId, [part], chat.clock.now(), {
    first: 0,
    countMax: limits.unreadCount,
  });
  const payload = payloadOf(data, unread, preferences);
  if (payload === undefined) return { done: true, note: "nothing to tell any more" };
  const subscriptions = (await selectPushSubscriptions(chat.db, [userId]))
    .filter((one) => data.subscriptionId === undefined || one.id === data.subscriptionId)
    .filter((one) => payload.type === "messages" || maySilently(one));

  const failures = await Promise.all(subscriptions.map((one) => push(chat, one, payload)));
  const refused = failures.find((failure) => failure instanceof PushRefused);
  const delayed = subscriptions.filter((_, n) => failures[n] instanceof PushDelayed);
  if (data.subscriptionId !== undefined && delayed.length > 0) throw failures[0];
  // What has been pushed must not ring a second time, whatever fails from here on.
  await note(chat, data, unread, delayed)
    .catch((error) => chat.log.warn("It was not noted what was pushed", { error }));
  return refused ? { done: false, reason: refused.message } : { done: true };
}

/** @returns undefined if there is nothing to tell, or nothing that a later push does not */
function payloadOf(
  job: PushJob,
  unread: UnreadRow | undefined,
  preferences: NotificationPreferences,
): PushPayload | undefined {
  const { conversationId } = job;
  // Something new has come: it is shown where the old one was.
  if (job.type === "read") return unread ? undefined : { type: "read", conversationId };
  if (unread === undefined || !preferences.push || unread.pushedSeq > job.toSeq) return undefined;
  const { senderName, content, createdAt } = unread.last;
  const isGroup = unread.kind === "group";
  return {
    type: "messages",
    conversationId,
    title: shorten((isGroup ? unread.title : null) ?? senderName ?? "", titleLength),
    body: shorten(isGroup && senderName ? `${senderName}: ${content}` : content, bodyLength),
    count: unread.count,
    at: isoTime(createdAt),
    silent: !preferences.sound,
  };
}

async function push(
  chat: Chat,
  subscription: PushSubscriptionRow,
  payload: PushPayload,
): Promise<PushRefused | PushDelayed | undefined> {
  try {
    const outcome = await (chat.pusher as Pusher).push(subscription, JSON.stringify(payload), {
      // One that waits for its device is replaced by the conversation's next.
      topic: payload.conversationId.replaceAll("-", ""),
      urgency: payload.type === "messages" ? "high" : "normal",
      ttlSeconds,
    });
    if (outcome === "gone") await deletePushSubscription(chat.db, subscription.id);
  } catch (error) {
    if (error instanceof PushRefused || error instanceof PushDelayed) return error;
    chat.log.warn("A subscription that is gone was not deleted", { error });
  }
}

/** Notes what was told, and has those devices tried again that could not be reached, each alone. */
async function note(
  chat: Chat,
  job: PushJob,
  unread: UnreadRow | undefined,
  delayed: PushSubscriptionRow[],
): Promise<void> {
  const jobs = delayed.map((one) => ({ id: newId(), data: { ...job, subscriptionId: one.id } }));
  await chat.queue?.add(chat.db, "push", jobs);
  if (job.type === "read" || unread === undefined) return;
  const told = { conversationId: job.conversationId, seq: unread.last.seq };
  await raiseToldSeq(chat.db, "pushed_seq", job.userId, [told]);
}

/** Safari ends a subscription whose pushes show nothing. */
function maySilently({ endpoint }: PushSubscriptionRow): boolean {
  return !new URL(endpoint).hostname.endsWith("push.apple.com");
}
