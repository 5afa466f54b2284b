import { addMembers, removeMember } from "@/chat/members.ts";
import { AddMembersInput, Conversation } from "@/chat/protocol.ts";
import type { Api } from "./api.ts";

const path = "/api/messages/conversations/:conversationId/members";

export function memberRoutes(api: Api): void {
  const { chat } = api;

  api.on(
    {
      method: "POST",
      path,
      summary: "Add members to a group, or bring them back; they see what is written from then on",
      rate: "create",
      body: AddMembersInput,
      answers: { 200: Conversation },
    },
    async ({ c, session, id, body }) =>
      c.json(await addMembers(chat, session.user.id, id("conversationId"), body.userIds)),
  );

  api.on({
    method: "DELETE",
    path: `${path}/:userId`,
    summary: "Leave a group, or remove a member from it",
    rate: "settings",
    answers: { 204: null },
  }, async ({ c, session, id }) => {
    await removeMember(chat, session.user.id, id("conversationId"), id("userId"));
    return c.body(null, 204);
  });
}
