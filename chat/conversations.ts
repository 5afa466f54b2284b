import {
  insertConversation,
  selectConversationOfAll,
  selectConversations,
  selectConversationsByIds,
  selectDirectId,
  selectUnreadTotal,
  updateSettings,
} from "@/db/conversations.ts";
import type { ConversationRow } from "@/db/conversations.ts";
import { selectExistingUserIds } from "@/db/users.ts";
import { newId } from "@/utils/ids.ts";
import { announceTo, type Chat } from "./chat.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import { invalidInput, notFound } from "./errors.ts";
import { noteNotifications } from "./notifications.ts";
import {
  type Conversation,
  type ConversationSettingsInput,
  type ConversationsResult,
  type CreateConversationInput,
  limits,
  type ListConversationsQuery,
} from "./protocol.ts";
import { spend } from "./rates.ts";
import { conversationView } from "./views.ts";

/**
 * Begins a conversation. A direct one that exists already, with the same context and subject, is
 * found instead.
 *
 * @throws {ChatError} `invalid_input`, `not_found`
 */
export async function createConversation(
  chat: Chat,
  userId: string,
  input: CreateConversationInput,
): Promise<{ conversation: Conversation; created: boolean }> {
  const others = [...new Set(input.participantIds)].filter((id) => id !== userId);
  if (others.length === 0) {
    throw invalidInput("participantIds", "Name at least one member other than yourself");
  }
  const existing = new Set(await selectExistingUserIds(chat.db, others));
  for (const id of others) if (!existing.has(id)) throw notFound("member", id);

  const { id, created } = await insertConversation(
    chat.db,
    {
      ...newConversation(chat, userId, input.kind),
      title: input.kind === "group" ? input.title : null,
      context: input.context,
      subject: input.subject,
      directKey: input.kind === "direct"
        ? directKey(userId, others[0] as string, input.context, input.subject)
        : null,
    },
    [userId, ...others],
  );
  const conversation = await getConversation(chat, userId, id);
  if (created) {
    // A direct one is the maker's alone until its first message; a group is everyone's at once.
    if (input.kind === "group") {
      await tellConversation(chat, id);
      await tellAdded(chat, userId, others, conversation);
    } else announceTo(chat, [userId], { type: "conversation_updated", conversation });
  }
  return { conversation, created };
}

/** Those who were added to a group find it in their lists of notifications too. */
async function tellAdded(
  chat: Chat,
  actorId: string,
  userIds: string[],
  { id, title }: Conversation,
): Promise<void> {
  const added = userIds.map((userId) => ({
    userId,
    kind: "group_added" as const,
    conversationId: id,
    actorId,
    content: title ?? "",
    count: 1,
  }));
  await noteNotifications(chat, added);
}

/**
 * The direct conversation of two members that is about nothing in particular.
 * Calls for the same pair at the same time share one search, and so go on in their order.
 *
 * @throws {ChatError} `not_found`, `invalid_input`
 */
export function findOrCreateDirect(
  chat: Chat,
  userId: string,
  otherId: string,
): Promise<{ id: string; created: boolean }> {
  const key = `${userId} ${otherId}`;
  const underWay = chat.directSearches.get(key);
  if (underWay) return underWay;
  const search = searchDirect(chat, userId, otherId)
    .finally(() => chat.directSearches.delete(key));
  chat.directSearches.set(key, search);
  return search;
}

async function searchDirect(
  chat: Chat,
  userId: string,
  otherId: string,
): Promise<{ id: string; created: boolean }> {
  if (otherId === userId) throw invalidInput("recipientId", "Cannot write to yourself");
  const key = directKey(userId, otherId, null, null);
  const id = await selectDirectId(chat.db, key);
  if (id !== undefined) return { id, created: false };
  const [existing] = await selectExistingUserIds(chat.db, [otherId]);
  if (existing === undefined) throw notFound("member", otherId);
  await spend(chat, "create", { member: userId });
  return insertConversation(
    chat.db,
    { ...newConversation(chat, userId, "direct"), directKey: key },
    [userId, otherId],
  );
}

function newConversation(chat: Chat, userId: string, kind: "direct" | "group") {
  const now = new Date(chat.clock.now());
  return { id: newId(), kind, createdBy: userId, createdAt: now, lastMessageAt: now };
}

/** The same for both of a pair; another for each context and subject. */
export function directKey(
  one: string,
  other: string,
  context: string | null,
  subject: { id: string | null; title: string } | null,
): string {
  // A title is no other subject's id, even where both are the same word.
  const about = subject && (subject.id ?? { title: subject.title });
  return JSON.stringify([...[one, other].sort(), context, about]);
}

/** @throws {ChatError} `not_found` */
export async function getConversation(
  chat: Chat,
  userId: string,
  conversationId: string,
): Promise<Conversation> {
  const [row] = await selectConversationsByIds(
    chat.db,
    userId,
    [conversationId],
    limits.unreadCount,
  );
  if (!row) throw notFound("conversation", conversationId);
  const [conversation] = await showConversations(chat, [row]);
  return conversation as Conversation;
}

/**
 * Sets what the member chose for themselves in a conversation; their other pages hear of it.
 *
 * @throws {ChatError} `not_found`
 */
export async function setConversationSettings(
  chat: Chat,
  userId: string,
  conversationId: string,
  { mutedUntil, emailOff }: ConversationSettingsInput,
): Promise<Conversation> {
  const found = await updateSettings(chat.db, conversationId, userId, {
    ...mutedUntil !== undefined &&
      { mutedUntil: mutedUntil === null ? null : new Date(mutedUntil) },
    ...emailOff !== undefined && { emailOff },
  });
  if (!found) throw notFound("conversation", conversationId);
  const conversation = await getConversation(chat, userId, conversationId);
  announceTo(chat, [userId], { type: "conversation_updated", conversation });
  return conversation;
}

/**
 * A page of the member's conversations, most recent first.
 *
 * @throws {ChatError} `invalid_input` for a cursor that is not ours
 */
export async function listConversations(
  chat: Chat,
  userId: string,
  query: ListConversationsQuery,
): Promise<ConversationsResult> {
  const cursor = query.cursor === undefined ? undefined : readCursor(query.cursor);
  const rows = await selectConversations(chat.db, userId, {
    query: query.query,
    context: query.context,
    cursor: cursor && { lastMessageAt: cursor.time, id: cursor.id },
    limit: query.limit + 1,
    unreadLimit: limits.unreadCount,
  });
  const page = rows.slice(0, query.limit);
  const last = page.at(-1);
  const more = rows.length > page.length && last !== undefined;
  const [conversations, unreadTotal] = await Promise.all([
    showConversations(chat, page),
    selectUnreadTotal(chat.db, userId, limits.unreadCount, chat.clock.now()),
  ]);
  return {
    conversations,
    nextCursor: more ? writeCursor(last.lastMessageAt, last.id) : null,
    unreadTotal,
    epoch: chat.epoch.current,
  };
}

/** Tells each member of a conversation how it is now, with marks and settings of their own. */
export async function tellConversation(chat: Chat, conversationId: string): Promise<void> {
  const rows = await selectConversationOfAll(chat.db, conversationId, limits.unreadCount);
  const views = await showConversations(chat, rows);
  for (const [n, { viewerId }] of rows.entries()) {
    const conversation = views[n] as Conversation;
    announceTo(chat, [viewerId], { type: "conversation_updated", conversation });
  }
}

/** Rows as their member sees them, with who is online. */
export async function showConversations(
  chat: Chat,
  rows: ConversationRow[],
): Promise<Conversation[]> {
  const members = rows.flatMap((row) => row.participants.map((participant) => participant.userId));
  const online = await chat.presence.online([...new Set(members)]);
  return rows.map((row) => conversationView(row, online, chat.clock.now()));
}
