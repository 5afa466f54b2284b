/**
 * Links in mail that stop it without a login. A link is its own authority: signed, for one member,
 * with no end, since mail is kept for years and must always be possible to stop.
 *
 * @module
 */
import { updateEmailOff, upsertEmail } from "@/db/unsubscribe.ts";
import { selectUser } from "@/db/users.ts";
import { type Chat, defaultPreferences } from "./chat.ts";
import { readLink, signLink } from "./signed_links.ts";

/** What a link is about: the member's mail about one conversation, or, where it is null, all. */
export interface UnsubscribeLink {
  userId: string;
  conversationId: string | null;
}

/** The address of a link, below the public one. */
export async function unsubscribeUrl(
  chat: Chat,
  publicUrl: string,
  { userId, conversationId }: UnsubscribeLink,
): Promise<string> {
  const claims = { sub: userId, ...conversationId !== null && { conversation: conversationId } };
  const token = await signLink(chat, "unsubscribe", claims);
  return `${publicUrl}/unsubscribe?token=${token}`;
}

/** Reads a link's token; undefined if it is not as we made it. */
export async function readUnsubscribeLink(
  chat: Chat,
  token: string,
): Promise<UnsubscribeLink | undefined> {
  const link = await readLink<{ conversation?: string }>(chat, "unsubscribe", token);
  return link && { userId: link.sub, conversationId: link.conversation ?? null };
}

/** The locale of the member a link is for; null if they have none, or are gone. */
export async function unsubscribeLocale(
  chat: Chat,
  { userId }: UnsubscribeLink,
): Promise<string | null> {
  return (await selectUser(chat.db, userId))?.locale ?? null;
}

/**
 * Stops or resumes the mail that a link is about. Who is gone, from the conversation or from
 * everywhere, gets none anyway: it is no error.
 */
export async function setMail(
  chat: Chat,
  { userId, conversationId }: UnsubscribeLink,
  wanted: boolean,
): Promise<void> {
  if (conversationId !== null) {
    return await updateEmailOff(chat.db, conversationId, userId, !wanted);
  }
  if (!await selectUser(chat.db, userId)) return;
  await upsertEmail(chat.db, {
    ...defaultPreferences(chat.settings),
    userId,
    email: wanted,
    updatedAt: new Date(chat.clock.now()),
  });
}
