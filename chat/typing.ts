import { selectMemberIds } from "@/db/conversations.ts";
import { announceTo, type Chat } from "./chat.ts";
import { notFound } from "./errors.ts";

/**
 * Tells who has joined the conversation that the member types, or stopped. Stored nowhere: it
 * expires with the receivers.
 *
 * @throws {ChatError} `not_found`
 */
export async function tellTyping(
  chat: Chat,
  userId: string,
  conversationId: string,
  isTyping: boolean,
): Promise<void> {
  const members = await selectMemberIds(chat.db, conversationId, userId);
  if (members.length === 0) throw notFound("conversation", conversationId);
  announceTo(
    chat,
    members.filter((member) => member !== userId),
    { type: "user_typing", conversationId, userId, isTyping },
    { joined: conversationId, droppable: true },
  );
}
