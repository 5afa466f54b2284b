/**
 * Logins that last: refresh tokens, of which only a hash is stored.
 *
 * A refresh token is `<session id>.<secret>` and changes with every use. One that was used before
 * is a sign of theft, so it ends the whole session; except just after the change, when two tabs may
 * have sent the same one.
 *
 * @module
 */
import { insertSession, revokeSession, rotateSession, selectSession } from "@/db/sessions.ts";
import { newId } from "@/utils/ids.ts";
import type { Chat } from "./chat.ts";
import { ChatError } from "./errors.ts";

/** How long the token before may still come from a second tab. */
const graceMs = 20_000;

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
  const { token, hash } = await newSecret(id);
  const expiresAt = now + chat.settings.refreshTtlSeconds * 1000;
  await insertSession(chat.db, {
    id,
    userId,
    refreshHash: hash,
    rotatedAt: new Date(now),
    createdAt: new Date(now),
    expiresAt: new Date(expiresAt),
    userAgent: userAgent?.slice(0, 300) ?? null,
  });
  return { refreshToken: token, expiresAt };
}

/**
 * Uses a refresh token up.
 *
 * @returns the member, and the next token; no next token for a second tab's, which finds that of
 *   the first in its cookie
 * @throws {ChatError} `unauthenticated` if it is unknown, ended or revoked, or was used before
 */
export async function refreshSession(
  chat: Chat,
  refreshToken: string,
): Promise<{ userId: string; next: Refresh | undefined }> {
  const ended = new ChatError("unauthenticated", "The session has ended: log in again");
  const now = chat.clock.now();
  const id = sessionId(refreshToken);
  const session = id === undefined ? undefined : await selectSession(chat.db, id);
  if (!session || session.revokedAt || session.expiresAt.getTime() <= now) throw ended;

  const hash = await sha256(refreshToken);
  const justRotated = now - session.rotatedAt.getTime() < graceMs;
  if (hash === session.previousHash && justRotated) {
    return { userId: session.userId, next: undefined };
  }
  if (hash !== session.refreshHash) {
    await revokeSession(chat.db, session.id, now);
    chat.log.warn("A refresh token was used twice; its session is ended", {
      sessionId: session.id,
      userId: session.userId,
    });
    throw ended;
  }
  const next = await newSecret(session.id);
  const expiresAt = now + chat.settings.refreshTtlSeconds * 1000;
  const rotated = await rotateSession(chat.db, session.id, hash, {
    refreshHash: next.hash,
    rotatedAt: new Date(now),
    expiresAt: new Date(expiresAt),
  });
  return {
    userId: session.userId,
    next: rotated ? { refreshToken: next.token, expiresAt } : undefined,
  };
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

async function newSecret(id: string): Promise<{ token: string; hash: string }> {
  const secret = crypto.getRandomValues(new Uint8Array(32))
    .toBase64({ alphabet: "base64url", omitPadding: true });
  const token = `${id}.${secret}`;
  return { token, hash: await sha256(token) };
}

/** Fast is right here: the secret has 256 random bits, so there is nothing to guess. */
async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(digest).toHex();
}
