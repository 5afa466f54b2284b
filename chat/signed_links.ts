/**
 * Links in mail that are their own authority: signed, for one purpose, good without a login.
 *
 * @module
 */
import { getSecret } from "@/db/secrets.ts";
import { errors, jwtVerify, SignJWT } from "jose";
import type { Chat } from "./chat.ts";

const algorithm = "HS256";

/** What a link is for; each purpose has a key of its own. */
export type LinkPurpose = "unsubscribe" | "confirm";

/**
 * Signs what a link says.
 *
 * @param claims of which `sub` is the member it is for
 * @param endsAt milliseconds since 1970; left out: it does not end
 */
export async function signLink(
  chat: Chat,
  purpose: LinkPurpose,
  claims: { sub: string } & Record<string, string>,
  endsAt?: number,
): Promise<string> {
  const token = new SignJWT(claims).setProtectedHeader({ alg: algorithm }).setAudience(purpose);
  if (endsAt !== undefined) token.setExpirationTime(new Date(endsAt));
  return await token.sign(await readKey(chat, purpose));
}

/** Reads a link's token; undefined if it is not as we made it, or has ended. */
export async function readLink<Claims>(
  chat: Chat,
  purpose: LinkPurpose,
  token: string,
): Promise<({ sub: string } & Claims) | undefined> {
  try {
    const { payload } = await jwtVerify<{ sub: string } & Claims>(
      token,
      await readKey(chat, purpose),
      { algorithms: [algorithm], audience: purpose, currentDate: new Date(chat.clock.now()) },
    );
    return payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

/** They never change. */
const keys = new WeakMap<Chat["background"], Map<LinkPurpose, Uint8Array>>();

async function readKey(chat: Chat, purpose: LinkPurpose): Promise<Uint8Array> {
  const kept = keys.get(chat.background) ?? new Map<LinkPurpose, Uint8Array>();
  keys.set(chat.background, kept);
  const known = kept.get(purpose);
  if (known) return known;
  const makeKey = () => crypto.getRandomValues(new Uint8Array(32)).toBase64();
  const key = Uint8Array.fromBase64(await getSecret(chat.db, purpose, makeKey));
  kept.set(purpose, key);
  return key;
}
