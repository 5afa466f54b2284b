import { countUnread, selectMembership } from "@/db/conversations.ts";
import { selectHistory, selectSeq } from "@/db/messages.ts";
import type { Chat } from "./chat.ts";
import { findOrCreateDirect } from "./conversations.ts";
import { invalidInput, notFound } from "./errors.ts";
import {
  type HistoryQuery,
  type HistoryResult,
  limits,
  type ReadResult,
  type SendInput,
} from "./protocol.ts";
import { messageView } from "./views.ts";
import type { Stored } from "./writer.ts";

/** Who speaks, and by which connection, if by one. From the session, never from a frame. */
export interface Speaker {
  userId: string;
  connectionId?: string | undefined;
  /** See {@linkcode Draft.acknowledge}. */
  acknowledge?: ((message: string) => void) | undefined;
}

/**
 * Sends a message to a conversation, or to a member, with whom a conversation begins if there is
 * none. Stored and announced when it returns; sent again, it is answered with what was stored.
 *
 * @throws {ChatError} `not_found`, `invalid_input`, `rate_limited`, `unavailable`
 */
export async function sendMessage(chat: Chat, speaker: Speaker, input: SendInput): Promise<Stored> {
  if (input.attachmentIds.length > 0) {
    throw invalidInput("attachmentIds", `Cannot find attachment ${input.attachmentIds[0]}`);
  }
  if (input.type !== "text") {
    throw invalidInput("type", `A message of type ${input.type} needs one`);
  }
  const conversationId = input.conversationId ??
    (await findOrCreateDirect(chat, speaker.userId, input.recipientId as string)).id;

  const stored = await chat.writer.add({
    conversationId,
    senderId: speaker.userId,
    connectionId: speaker.connectionId,
    acknowledge: speaker.acknowledge,
    clientId: input.clientId,
    type: input.type,
    content: input.content,
    replyToId: input.replyToId ?? null,
  });
  if (stored) {
    (stored.repeated ? chat.metrics.repeats : chat.metrics.messages).value++;
    return stored;
  }
  const mine = await selectMembership(chat.db, conversationId, speaker.userId);
  if (mine && input.replyToId) throw notFound("message", input.replyToId);
  throw notFound("conversation", conversationId);
}

/**
 * A page of a conversation's history, by seq, ascending.
 *
 * @throws {ChatError} `not_found`
 */
export async function readHistory(
  chat: Chat,
  userId: string,
  conversationId: string,
  query: HistoryQuery,
): Promise<HistoryResult> {
  const mine = await selectMembership(chat.db, conversationId, userId);
  if (!mine) throw notFound("conversation", conversationId);
  const { before, after, around, limit } = query;
  const at = after !== undefined
    ? { after }
    : around !== undefined
    ? { around }
    : { before: before ?? Number.MAX_SAFE_INTEGER };
  const rows = await selectHistory(chat.db, conversationId, mine, at, limit);
  const first = rows[0];
  const last = rows.at(-1);
  // Seqs have no holes: what lies before and after a page is known without asking.
  const any = mine.lastSeq > mine.joinedSeq;
  return {
    messages: rows.map(messageView),
    hasBefore: first ? first.seq > mine.joinedSeq + 1 : any && ("after" in at || limit === 0),
    hasAfter: last ? last.seq < mine.lastSeq : "before" in at && any,
  };
}

/** A message of a conversation, named by its place or by its id. */
export interface MarkInput {
  conversationId: string;
  seq?: number | undefined;
  messageId?: string | undefined;
}

/**
 * Notes that the member has read up to a message.
 *
 * @throws {ChatError} `not_found`, `unavailable`
 */
export async function markRead(chat: Chat, userId: string, input: MarkInput): Promise<ReadResult> {
  const readSeq = await seqOf(chat, userId, input);
  const mark = { conversationId: input.conversationId, userId, readSeq, deliveredSeq: 0 };
  const moved = await chat.marker.add(mark);
  if (moved?.readMoved) {
    return { lastReadSeq: moved.readSeq, unreadCount: moved.unreadCount ?? 0 };
  }
  return await readState(chat, userId, input.conversationId);
}

/**
 * Notes that messages up to one have reached a device of the member.
 *
 * @throws {ChatError} `not_found`, `unavailable`
 */
export async function markDelivered(chat: Chat, userId: string, input: MarkInput): Promise<void> {
  const deliveredSeq = await seqOf(chat, userId, input);
  const mark = { conversationId: input.conversationId, userId, readSeq: 0, deliveredSeq };
  if (await chat.marker.add(mark)) return;
  const mine = await selectMembership(chat.db, input.conversationId, userId);
  if (!mine) throw notFound("conversation", input.conversationId);
}

async function seqOf(chat: Chat, userId: string, input: MarkInput): Promise<number> {
  if (input.seq !== undefined) return Math.min(input.seq, 2_147_483_647);
  // Before the message is looked for: a stranger must not learn that it is there.
  const mine = await selectMembership(chat.db, input.conversationId, userId);
  if (!mine) throw notFound("conversation", input.conversationId);
  const messageId = input.messageId as string;
  const seq = await selectSeq(chat.db, input.conversationId, mine.joinedSeq, messageId);
  if (seq === undefined) throw notFound("message", messageId);
  return seq;
}

async function readState(chat: Chat, userId: string, conversationId: string): Promise<ReadResult> {
  const mine = await selectMembership(chat.db, conversationId, userId);
  if (!mine) throw notFound("conversation", conversationId);
  const unreadCount = await countUnread(chat.db, conversationId, userId, mine, limits.unreadCount);
  return { lastReadSeq: mine.lastReadSeq, unreadCount };
}
