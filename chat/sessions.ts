/**
 * Logins that last: refresh tokens, of which only a hash is stored.
 *
 * A refresh token is `<session id>.<secret>` and changes with every use. One that was used before
 * is a sign of theft, so it ends the whole session; except just after the change, when a second tab
 * may send it too, or the same one whose answer was lost. They get the same next token: it is made
 * from the one before and a salt, so that it need not be stored to be given again.
 *
 * @module
 */
import {
  insertSession,
  revokeSession,
  rotateSession,
  selectLoggedInBefore,
  selectSession,
} from "@/db/sessions.ts";
import { newId } from "@/utils/ids.ts";
import Bowser from "bowser";
import type { Chat } from "./chat.ts";
import { ChatError } from "./errors.ts";
import { noteNotifications } from "./notifications.ts";
import { spend } from "./rates.ts";

/** How long the token before may still come. */
const graceMs = 60_000;

/** A refresh token and when it ends, in milliseconds since 1970. */
export interface Refresh {
  refreshToken: string;
  expiresAt: number;
}

/** Begins a session for a member who has just proved who they are. */
export async function openSession(
  chat: Chat,
  userId: string,
  userAgent: string | undefined,
): Promise<Refresh> {
  const now = chat.clock.now();
  const id = newId();
  const refreshToken = `${id}.${randomText()}`;
  const expiresAt = now + chat.settings.refreshTtlSeconds * 1000;
  const program = userAgent?.slice(0, 300) ?? null;
  const before = await selectLoggedInBefore(chat.db, userId, program);
  await insertSession(chat.db, {
    id,
    userId,
    salt: randomText(),
    refreshHash: await sha256(refreshToken),
    rotatedAt: new Date(now),
    createdAt: new Date(now),
    expiresAt: new Date(expiresAt),
    userAgent: program,
  });
  if (before.ever && !before.likeThis) await tellNewLogin(chat, userId, program);
  return { refreshToken, expiresAt };
}

/** If it was not them, this is how members learn that somebody else is in their account. */
async function tellNewLogin(
  chat: Chat,
  userId: string,
  userAgent: string | null,
): Promise<void> {
  await noteNotifications(chat, [{
    userId,
    kind: "new_login",
    conversationId: null,
    actorId: null,
    content: programName(userAgent),
    count: 1,
  }]);
}

/** "Firefox on Linux", as far as it can be told. */
function programName(userAgent: string | null): string {
  if (!userAgent) return "";
  const { browser, os } = Bowser.parse(userAgent);
  return [browser.name, os.name].filter(Boolean).join(" on ");
}

/**
 * Exchanges a refresh token for the next one.
 *
 * @throws {ChatError} `unauthenticated` if it is unknown, ended or revoked, or was used before;
 *   `rate_limited`
 */
export async function refreshSession(
  chat: Chat,
  refreshToken: string,
): Promise<{ userId: string; next: Refresh }> {
  const ended = new ChatError("unauthenticated", "The session has ended: log in again");
  const now = chat.clock.now();
  const id = sessionId(refreshToken);
  const session = id === undefined ? undefined : await selectSession(chat.db, id);
  if (!session || session.revokedAt || session.expiresAt.getTime() <= now) throw ended;

  const { userId, refreshHash, previousHash, rotatedAt } = session;
  await spend(chat, "refresh", { member: userId });
  const hash = await sha256(refreshToken);
  const next = await nextToken(session, refreshToken);
  if (hash === previousHash && now - rotatedAt.getTime() < graceMs) {
    return { userId, next: { refreshToken: next, expiresAt: session.expiresAt.getTime() } };
  }
  if (hash !== refreshHash) {
    await revokeSession(chat.db, session.id, now);
    chat.log.warn("A refresh token was used twice; its session is ended", {
      sessionId: session.id,
      userId,
    });
    throw ended;
  }
  const expiresAt = now + chat.settings.refreshTtlSeconds * 1000;
  const rotated = await rotateSession(chat.db, session.id, hash, {
    refreshHash: await sha256(next),
    rotatedAt: new Date(now),
    expiresAt: new Date(expiresAt),
  });
  // Somebody was quicker: with the same token, or by ending the session.
  if (!rotated) return refreshSession(chat, refreshToken);
  return { userId, next: { refreshToken: next, expiresAt } };
}

/** Ends the session of a refresh token, if it is one. */
export async function closeSession(chat: Chat, refreshToken: string): Promise<void> {
  const id = sessionId(refreshToken);
  const session = id === undefined ? undefined : await selectSession(chat.db, id);
  if (!session) return;
  const hash = await sha256(refreshToken);
  if (hash === session.refreshHash || hash === session.previousHash) {
    await revokeSession(chat.db, session.id, chat.clock.now());
  }
}

function sessionId(refreshToken: string): string | undefined {
  return /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.[\w-]{43}$/.exec(refreshToken)?.[1];
}

/** 256 bits that nobody can guess. */
function randomText(): string {
  return base64Url(crypto.getRandomValues(new Uint8Array(32)));
}

/** Whoever has the token needs the salt as well, and whoever has the database the token. */
async function nextToken(session: { id: string; salt: string }, token: string): Promise<string> {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytes(session.salt), hmac, false, ["sign"]);
  const secret = await crypto.subtle.sign("HMAC", key, bytes(token));
  return `${session.id}.${base64Url(new Uint8Array(secret))}`;
}

function base64Url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Fast is right here: the secret has 256 random bits, so there is nothing to guess. */
async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(digest).toHex();
}
