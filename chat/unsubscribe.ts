/**
 * Links in mail that stop it without a login. A link is its own authority: signed, for one member,
 * with no end, since mail is kept for years and must always be possible to stop.
 *
 * @module
 */
import { getSecret } from "@/db/secrets.ts";
import { updateEmailOff, upsertEmail } from "@/db/unsubscribe.ts";
import { selectUser } from "@/db/users.ts";
import { errors, jwtVerify, SignJWT } from "jose";
import { type Chat, defaultPreferences } from "./chat.ts";

const algorithm = "HS256";
const audience = "unsubscribe";

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
  const token = await new SignJWT(conversationId === null ? {} : { conversation: conversationId })
    .setProtectedHeader({ alg: algorithm })
    .setAudience(audience)
    .setSubject(userId)
    .sign(await readKey(chat));
  return `${publicUrl}/unsubscribe?token=${token}`;
}

/** Reads a link's token; undefined if it is not as we made it. */
export async function readUnsubscribeLink(
  chat: Chat,
  token: string,
): Promise<UnsubscribeLink | undefined> {
  try {
    const { payload } = await jwtVerify<{ sub: string; conversation?: string }>(
      token,
      await readKey(chat),
      { algorithms: [algorithm], audience },
    );
    return { userId: payload.sub, conversationId: payload.conversation ?? null };
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
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

/** It never changes. */
const keys = new WeakMap<Chat["background"], Uint8Array>();

async function readKey(chat: Chat): Promise<Uint8Array> {
  const kept = keys.get(chat.background);
  if (kept) return kept;
  const makeKey = () => crypto.getRandomValues(new Uint8Array(32)).toBase64();
  const key = Uint8Array.fromBase64(await getSecret(chat.db, "unsubscribe", makeKey));
  keys.set(chat.background, key);
  return key;
}
