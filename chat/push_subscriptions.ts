import {
  deleteOldPushSubscriptions,
  deletePushSubscription,
  upsertPushSubscription,
} from "@/db/push_subscriptions.ts";
import { newId } from "@/utils/ids.ts";
import type { Chat } from "./chat.ts";
import { ChatError, invalidInput, notFound } from "./errors.ts";
import { limits, type PushSubscriptionInput } from "./protocol.ts";

/**
 * Has a member's browser pushed to from now on. One that was another member's is theirs: whoever
 * signed in last sits before it. Beyond `limits.pushSubscriptions` the one renewed longest ago goes.
 *
 * @returns its id, and whether its endpoint is new
 * @throws {ChatError} `not_found` where there is no web push, `invalid_input` if the endpoint is no
 *   push service's
 */
export async function subscribeToPush(
  chat: Chat,
  userId: string,
  { endpoint, keys }: PushSubscriptionInput,
  userAgent: string | undefined,
): Promise<{ id: string; created: boolean }> {
  if (!chat.pusher) throw new ChatError("not_found", "Web push is not set up here");
  if (!chat.pusher.accepts(endpoint)) {
    throw invalidInput("endpoint", "Expected an address of a known push service");
  }
  const subscription = await upsertPushSubscription(chat.db, {
    id: newId(),
    userId,
    endpoint,
    keys,
    userAgent: userAgent?.slice(0, 300) ?? null,
    createdAt: new Date(chat.clock.now()),
  });
  await deleteOldPushSubscriptions(chat.db, userId, limits.pushSubscriptions);
  return subscription;
}

/** @throws {ChatError} `not_found` if the member has no such subscription */
export async function unsubscribeFromPush(chat: Chat, userId: string, id: string): Promise<void> {
  if (!await deletePushSubscription(chat.db, id, userId)) throw notFound("push subscription", id);
}
