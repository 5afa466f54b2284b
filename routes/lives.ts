import type { Chat } from "@/chat/chat.ts";

/** A socket or stream that has ended. */
export interface Life {
  /** The request that it began with. */
  requestId: string;
  transport: "websocket" | "events";
  /** Undefined: it ended before it was known whose it is. */
  connection:
    | { id: string; userId: string; framesIn: number; framesOut: number }
    | undefined;
  /** By the clock's `elapsed`. */
  openedAt: number;
  /** A WebSocket's close code, or the one that a WebSocket would have had. */
  code: number;
}

/** Counts it, and logs its whole life in one line. */
export function noteEnd(chat: Chat, life: Life): void {
  const { requestId, transport, connection, openedAt, code } = life;
  chat.metrics.closes.add(String(code));
  const { id: connectionId, userId, framesIn = 0, framesOut = 0 } = connection ?? {};
  chat.log.info("Connection ended", {
    transport,
    ...connection && { connectionId, userId },
    seconds: Math.round((chat.clock.elapsed() - openedAt) / 100) / 10,
    framesIn,
    framesOut,
    code,
    requestId,
  });
}
