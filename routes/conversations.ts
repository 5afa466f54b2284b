import {
  createConversation,
  getConversation,
  listConversations,
  setConversationSettings,
} from "@/chat/conversations.ts";
import { markRead } from "@/chat/messages.ts";
import {
  Conversation,
  ConversationSettingsInput,
  ConversationsResult,
  CreateConversationInput,
  ListConversationsQuery,
  ReadInput,
  ReadResult,
} from "@/chat/protocol.ts";
import type { Api } from "./api.ts";

const list = "/api/messages/conversations";

export function conversationRoutes(api: Api): void {
  const { chat } = api;

  api.on(
    {
      method: "GET",
      path: list,
      summary: "The member's conversations, most recent first",
      rate: "read",
      query: ListConversationsQuery,
      answers: { 200: ConversationsResult },
    },
    async ({ c, session, query }) => c.json(await listConversations(chat, session.user.id, query)),
  );

  api.on({
    method: "POST",
    path: list,
    summary: "Begin a conversation, or find the direct one there is",
    rate: "create",
    body: CreateConversationInput,
    answers: { 201: Conversation, 200: Conversation },
  }, async ({ c, session, body }) => {
    const { conversation, created } = await createConversation(chat, session.user.id, body);
    return c.json(conversation, created ? 201 : 200);
  });

  api.on(
    {
      method: "GET",
      path: `${list}/:conversationId`,
      summary: "A conversation",
      rate: "read",
      answers: { 200: Conversation },
    },
    async ({ c, session, id }) =>
      c.json(await getConversation(chat, session.user.id, id("conversationId"))),
  );

  api.on({
    method: "PATCH",
    path: `${list}/:conversationId/settings`,
    summary: "Mute a conversation, or stop mail about it, for oneself",
    rate: "settings",
    body: ConversationSettingsInput,
    answers: { 200: Conversation },
  }, async ({ c, session, id, body }) =>
    c.json(
      await setConversationSettings(chat, session.user.id, id("conversationId"), body),
    ));

  api.on({
    method: "PATCH",
    path: `${list}/:conversationId/read`,
    summary: "Move the member's read mark forward",
    rate: "mark",
    body: ReadInput,
    answers: { 200: ReadResult },
  }, async ({ c, session, id, body }) =>
    c.json(
      await markRead(chat, session.user.id, {
        conversationId: id("conversationId"),
        seq: body.seq,
      }),
    ));
}
