import { identify } from "@/chat/accounts.ts";
import type { Chat } from "@/chat/chat.ts";
import { ChatError } from "@/chat/errors.ts";
import type { Self } from "@/chat/protocol.ts";
import { KeysUnavailable, TokenError, type Tokens } from "@/utils/jwt.ts";

/** Who makes a request or holds a socket, and until when. */
export interface Session {
  user: Self;
  /** Milliseconds since 1970. */
  expiresAt: number;
  /** The same by the clock's `elapsed`, for what lasts. */
  endsAt: number;
}

/** @throws {ChatError} `unauthenticated`, `unavailable` */
export async function openTokenSession(
  chat: Chat,
  tokens: Tokens,
  token: string | undefined,
): Promise<Session> {
  if (!token) throw new ChatError("unauthenticated", "A token is missing");
  try {
    const subject = await tokens.verify(token);
    const { expiresAt } = subject;
    const endsAt = chat.clock.elapsed() + expiresAt - chat.clock.now();
    return { user: await identify(chat, subject), expiresAt, endsAt };
  } catch (error) {
    if (error instanceof TokenError) throw new ChatError("unauthenticated", error.message);
    if (error instanceof KeysUnavailable) {
      chat.log.warn("Tokens cannot be checked", { error });
      throw new ChatError("unavailable", "Tokens cannot be checked right now: try again", {
        retryAfter: 1,
        cause: error,
      });
    }
    throw error;
  }
}

/** The token of an `Authorization: Bearer` header. */
export function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer +(\S+)$/i.exec(header ?? "")?.[1];
}
