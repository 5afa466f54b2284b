import type { Chat } from "@/chat/chat.ts";
import { ChatError } from "@/chat/errors.ts";
import { markDelivered, markRead, readHistory, sendMessage } from "@/chat/messages.ts";
import {
  type ClientFrame,
  clientFrames,
  type ClientFrameType,
  limits,
  type ServerFrame,
} from "@/chat/protocol.ts";
import { type RateName, spend } from "@/chat/rates.ts";
import { sync } from "@/chat/sync.ts";
import { tellTyping } from "@/chat/typing.ts";
import { isoTime } from "@/chat/views.ts";
import type { Session } from "./session.ts";
import { parseJson, validate } from "./validate.ts";

/** What a frame may need to know of the one it came from. */
export interface FrameSource {
  userId: string;
  /** Where it came from, for the limits of what an address may do. */
  address: string;
  /** Left out for a frame that came by POST. */
  connectionId?: string;
  /** Sends a serialized `message_sent` at once, in the order of all that is told. */
  acknowledge?(frame: string): void;
  /** Hears, or no longer hears, who types in a conversation. */
  join?(conversationId: string): void;
  leave?(conversationId: string): void;
  /** Takes a new token for the same member. @returns when it ends, in milliseconds since 1970 */
  renew(token: string): Promise<number>;
}

/** What each frame counts as, besides being a frame; null: as nothing more. */
const frameRates: Record<ClientFrameType, RateName | null> = {
  ping: null,
  pong: null,
  auth: "open",
  send_message: "send",
  mark_read: "mark",
  mark_delivered: "mark",
  typing_start: "typing",
  typing_stop: "typing",
  join_conversation: "join",
  leave_conversation: null,
  set_activity: null,
  sync: "sync",
};

/** The first frame of a socket or stream. */
export function connectedFrame(
  chat: Chat,
  connectionId: string,
  session: Session,
  heartbeatSeconds: number,
): ServerFrame {
  const { contentLength, frameBytes } = limits;
  return {
    type: "connected",
    connectionId,
    user: session.user,
    expiresAt: isoTime(session.expiresAt),
    heartbeatSeconds,
    limits: { contentLength, frameBytes },
    serverTime: isoTime(chat.clock.now()),
  };
}

/** The `id` of a frame, even of one that is wrong otherwise, for the error to bear. */
export function frameId(input: unknown): string | undefined {
  const id = (input as { id?: unknown } | null)?.id;
  return typeof id === "string" && id.length <= 64 ? id : undefined;
}

/**
 * Counts it too, by its type, whatever else is wrong with it.
 *
 * @throws {ChatError} `invalid_input`
 */
export function parseFrame(chat: Chat, text: string): unknown {
  let type: unknown;
  try {
    const input = parseJson(text);
    type = (input as { type?: unknown } | null)?.type;
    if (typeof input === "object" && input !== null && !Array.isArray(input)) return input;
    throw new ChatError("invalid_input", "Expected an object");
  } finally {
    chat.metrics.framesIn.add(typeof type === "string" ? type : "other");
  }
}

/** @throws {ChatError} `invalid_input` */
export function validateFrame(input: unknown): ClientFrame {
  const type = (input as { type?: unknown }).type;
  if (typeof type !== "string" || !Object.hasOwn(clientFrames, type)) {
    const message = `Expected one of ${Object.keys(clientFrames).join(", ")}`;
    throw new ChatError("invalid_input", `type: ${message}`, {
      errors: [{ path: "type", message }],
    });
  }
  return validate(clientFrames[type as ClientFrameType], input);
}

/**
 * Does what a frame asks.
 *
 * @returns the answer, for those that have one
 * @throws {ChatError}
 */
export async function handleFrame(
  chat: Chat,
  from: FrameSource,
  frame: ClientFrame,
): Promise<ServerFrame | undefined> {
  const rate = frameRates[frame.type];
  if (rate) await spend(chat, rate, { member: from.userId, address: from.address });
  const reply = frame.id === undefined ? {} : { replyTo: frame.id };
  switch (frame.type) {
    case "ping":
      return { type: "pong", ...reply };
    case "pong":
      return;
    case "auth":
      return {
        type: "authenticated",
        expiresAt: isoTime(await from.renew(frame.token)),
        ...reply,
      };
    case "send_message": {
      const { clientId } = frame;
      const acknowledge = from.acknowledge && ((message: string) => {
        const head = JSON.stringify({ type: "message_sent", clientId, ...reply });
        from.acknowledge?.(`${head.slice(0, -1)},"message":${message}}`);
      });
      const speaker = { userId: from.userId, connectionId: from.connectionId, acknowledge };
      const { message, repeated } = await sendMessage(chat, speaker, {
        ...frame,
        type: frame.messageType,
      });
      if (acknowledge && !repeated) return;
      return { type: "message_sent", clientId, message, ...reply };
    }
    case "mark_read":
      await markRead(chat, from.userId, frame);
      return;
    case "mark_delivered":
      await markDelivered(chat, from.userId, frame);
      return;
    case "typing_start":
    case "typing_stop":
      await tellTyping(chat, from.userId, frame.conversationId, frame.type === "typing_start");
      return;
    case "join_conversation": {
      const { conversationId, limit } = frame;
      const history = await readHistory(chat, from.userId, conversationId, { limit });
      from.join?.(conversationId);
      return {
        type: "conversation_history",
        conversationId,
        messages: history.messages,
        hasBefore: history.hasBefore,
        ...reply,
      };
    }
    case "leave_conversation":
      from.leave?.(frame.conversationId);
      return;
    case "set_activity":
      chat.activity.set(
        from.userId,
        // Frames that come by POST do not say of which page they are.
        from.connectionId ?? "post",
        frame.active ? chat.clock.elapsed() : null,
      );
      return;
    case "sync":
      return { type: "sync_result", ...await sync(chat, from.userId, frame), ...reply };
  }
}
