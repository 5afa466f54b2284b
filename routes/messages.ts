import { readHistory, sendMessage } from "@/chat/messages.ts";
import {
  HistoryQuery,
  HistoryResult,
  SendInput,
  SendResult,
  SyncInput,
  SyncResult,
} from "@/chat/protocol.ts";
import { sync } from "@/chat/sync.ts";
import type { Api } from "./api.ts";

export function messageRoutes(api: Api): void {
  const { chat } = api;

  api.on({
    method: "POST",
    path: "/api/messages/send",
    summary: "Send a message; 200 with the stored one if it was sent before",
    rate: "send",
    body: SendInput,
    answers: { 201: SendResult, 200: SendResult },
  }, async ({ c, session, body }) => {
    const { message, repeated } = await sendMessage(chat, { userId: session.user.id }, body);
    return c.json({ message }, repeated ? 200 : 201);
  });

  api.on({
    method: "POST",
    path: "/api/messages/sync",
    summary: "What changed since the heads a client holds",
    rate: "sync",
    body: SyncInput,
    answers: { 200: SyncResult },
  }, async ({ c, session, body }) => c.json(await sync(chat, session.user.id, body)));

  api.on(
    {
      method: "GET",
      path: "/api/messages/:conversationId/messages",
      summary: "A page of a conversation's history; before, after and around are seqs",
      rate: "history",
      query: HistoryQuery,
      answers: { 200: HistoryResult },
    },
    async ({ c, session, id, query }) =>
      c.json(await readHistory(chat, session.user.id, id("conversationId"), query)),
  );
}
