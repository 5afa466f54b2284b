import { identify } from "@/chat/accounts.ts";
import type { Chat } from "@/chat/chat.ts";
import { ChatError } from "@/chat/errors.ts";
import type { Self } from "@/chat/protocol.ts";
import { TokenError, type Tokens } from "@/utils/jwt.ts";

/** Who makes a request or holds a socket, and until when. Milliseconds since 1970. */
export interface Session {
  user: Self;
  expiresAt: number;
}

/** @throws {ChatError} `unauthenticated` */
export async function openTokenSession(
  chat: Chat,
  tokens: Tokens,
  token: string | undefined,
): Promise<Session> {
  if (!token) throw new ChatError("unauthenticated", "A token is missing");
  try {
    const subject = await tokens.verify(token);
    return { user: await identify(chat, subject), expiresAt: subject.expiresAt };
  } catch (error) {
    if (error instanceof TokenError) throw new ChatError("unauthenticated", error.message);
    throw error;
  }
}

/** The token of an `Authorization: Bearer` header. */
export function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer +(\S+)$/i.exec(header ?? "")?.[1];
}
