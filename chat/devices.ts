/**
 * Browsers that members have logged in from before. Each keeps a signed token that says whose it is,
 * so that nothing is stored here.
 *
 * @module
 */
import { getSecret } from "@/db/secrets.ts";
import { newId } from "@/utils/ids.ts";
import { errors, jwtVerify, SignJWT } from "jose";
import type { Chat } from "./chat.ts";

const algorithm = "HS256";
const audience = "device";
/** Members who share a browser; beyond that, who logged in longest ago is a stranger to it. */
const membersMost = 5;
/** As long as browsers keep a cookie. */
export const deviceSeconds = 400 * 24 * 60 * 60;

/** A browser, and the members who have logged in from it. */
export interface Device {
  id: string;
  members: string[];
}

/** Reads a browser's token; undefined if it is not as we made it, or has ended. */
export async function readDevice(
  chat: Chat,
  token: string | undefined,
): Promise<Device | undefined> {
  if (token === undefined) return undefined;
  try {
    const { payload } = await jwtVerify<{ jti: string; members: string[] }>(
      token,
      await readKey(chat),
      { algorithms: [algorithm], audience, currentDate: new Date(chat.clock.now()) },
    );
    return { id: payload.jti, members: payload.members };
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

/** The browser's next token, once a member has logged in from it. */
export async function rememberDevice(
  chat: Chat,
  token: string | undefined,
  userId: string,
): Promise<string> {
  const known = await readDevice(chat, token);
  const others = known?.members.filter((id) => id !== userId) ?? [];
  const now = Math.floor(chat.clock.now() / 1_000);
  return await new SignJWT({ members: [userId, ...others].slice(0, membersMost) })
    .setProtectedHeader({ alg: algorithm })
    .setAudience(audience)
    .setJti(known?.id ?? newId())
    .setIssuedAt(now)
    .setExpirationTime(now + deviceSeconds)
    .sign(await readKey(chat));
}

/** It never changes. */
const keys = new WeakMap<Chat["background"], Uint8Array>();

async function readKey(chat: Chat): Promise<Uint8Array> {
  const kept = keys.get(chat.background);
  if (kept) return kept;
  const makeKey = () => crypto.getRandomValues(new Uint8Array(32)).toBase64();
  const key = Uint8Array.fromBase64(await getSecret(chat.db, "device", makeKey));
  keys.set(chat.background, key);
  return key;
}
