import {
  deletePushSubscription,
  type PushSubscriptionRow,
  selectPushSubscriptions,
} from "@/db/push_subscriptions.ts";
import type { Job, Outcome } from "@/db/queue.ts";
import { selectUnread } from "@/db/unread.ts";
import { newId } from "@/utils/ids.ts";
import { PushDelayed, type Pusher, PushRefused } from "@/utils/push.ts";
import type { Chat } from "./chat.ts";
import type { PushJob } from "./deliveries.ts";
import { getPreferences } from "./preferences.ts";
import { limits, type PushPayload } from "./protocol.ts";
import { isoTime } from "./views.ts";

/** A push service keeps a push this long for a device that is away. */
const ttlSeconds = 86_400;
/** A push holds less than 4 kB; what is shown of it is less still. */
const bodyLength = 300;
const titleLength = 100;

/**
 * Pushes to a member's devices what is unread, or that it has been read.
 *
 * @throws {PushDelayed} if the only device it was for cannot be reached now
 */
export async function deliverPush(chat: Chat, { data }: Job<PushJob>): Promise<Outcome> {
  const payload = data.type === "read" ? readPayload(data) : await messagesPayload(chat, data);
  if (payload === undefined) return { done: true, note: "nothing to tell any more" };
  const subscriptions = (await selectPushSubscriptions(chat.db, [data.userId]))
    .filter((one) => data.subscriptionId === undefined || one.id === data.subscriptionId)
    .filter((one) => payload.type === "messages" || maySilently(one));

  const failures: (PushRefused | PushDelayed)[] = [];
  const delayed: PushSubscriptionRow[] = [];
  for (const subscription of subscriptions) {
    const failure = await push(chat, subscription, payload);
    if (failure) failures.push(failure);
    if (failure instanceof PushDelayed) delayed.push(subscription);
  }
  if (data.subscriptionId !== undefined && delayed.length > 0) throw failures[0];
  // Those that it reached are not to ring a second time.
  await chat.queue?.add(
    chat.db,
    "push",
    delayed.map((one) => ({ id: newId(), data: { ...data, subscriptionId: one.id } })),
  );
  const refusal = failures.find((failure) => failure instanceof PushRefused);
  return refusal ? { done: false, reason: refusal.message } : { done: true };
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
    throw error;
  }
}

function readPayload({ conversationId }: PushJob): PushPayload {
  return { type: "read", conversationId };
}

async function messagesPayload(
  chat: Chat,
  { userId, conversationId, fromSeq }: PushJob & { type: "messages" },
): Promise<PushPayload | undefined> {
  const now = chat.clock.now();
  const preferences = await getPreferences(chat, userId);
  if (!preferences.push) return undefined;
  const [row] = await selectUnread(chat.db, userId, [{ conversationId, fromSeq }], now, {
    first: 0,
    countMax: limits.unreadCount,
  });
  if (row === undefined) return undefined;
  const { senderName, content, createdAt } = row.last;
  const isGroup = row.kind === "group";
  return {
    type: "messages",
    conversationId,
    title: cut((isGroup ? row.title : null) ?? senderName ?? "", titleLength),
    body: cut(isGroup && senderName ? `${senderName}: ${content}` : content, bodyLength),
    count: row.count,
    at: isoTime(createdAt),
    silent: !preferences.sound,
  };
}

/** Safari ends a subscription whose pushes show nothing. */
function maySilently({ endpoint }: PushSubscriptionRow): boolean {
  return !new URL(endpoint).hostname.endsWith("push.apple.com");
}

/** Between characters, not within one. */
function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  return `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}
