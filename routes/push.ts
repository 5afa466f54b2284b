import { PushSubscriptionInput, PushSubscriptionResult } from "@/chat/protocol.ts";
import { subscribeToPush, unsubscribeFromPush } from "@/chat/push_subscriptions.ts";
import type { Api } from "./api.ts";

const path = "/api/notifications/subscriptions";

export function pushRoutes(api: Api): void {
  const { chat } = api;

  api.on({
    method: "POST",
    path,
    summary: "Push to this browser from now on, as its member",
    rate: "subscribe",
    body: PushSubscriptionInput,
    answers: { 201: PushSubscriptionResult, 200: PushSubscriptionResult },
  }, async ({ c, session, body }) => {
    const userAgent = c.req.header("user-agent");
    const { id, created } = await subscribeToPush(chat, session.user.id, body, userAgent);
    return c.json({ id }, created ? 201 : 200);
  });

  api.on({
    method: "DELETE",
    path: `${path}/:subscriptionId`,
    summary: "Push to this browser no longer",
    rate: "subscribe",
    answers: { 204: null },
  }, async ({ c, session, id }) => {
    await unsubscribeFromPush(chat, session.user.id, id("subscriptionId"));
    return c.body(null, 204);
  });
}
