/**
 * From the database's rows to what the protocol shows.
 *
 * @module
 */
import type { ConversationRow } from "@/db/conversations.ts";
import type { MessageRow } from "@/db/messages.ts";
import type { NotificationRow } from "@/db/notifications.ts";
import type { UserRow } from "@/db/users.ts";
import type { Conversation, Message, Notification, Profile, Self, User } from "./protocol.ts";

/** A time as the protocol writes it: ISO 8601, UTC, milliseconds. */
export const isoTime = (time: string | number | Date) => new Date(time).toISOString();
const isoTimeOrNull = (time: string | Date | null) => time === null ? null : isoTime(time);

export function userView(row: UserRow): User {
  const { id, username, displayName, avatarUrl, profileUrl, role } = row;
  return { id, username, displayName, avatarUrl, profileUrl, role };
}

export function selfView(row: UserRow): Self {
  const { email, emailPending, emailRefused } = row;
  return {
    ...userView(row),
    email,
    pendingEmail: emailPending,
    emailRefused: email !== null && email === emailRefused,
  };
}

/** @param known whether the asking one shares a conversation, and so may know of their presence */
export function profileView(row: UserRow, known: boolean, online: boolean): Profile {
  return {
    ...userView(row),
    online: known && online,
    lastSeenAt: known ? isoTimeOrNull(row.lastSeenAt) : null,
  };
}

export function messageView(row: MessageRow): Message {
  return {
    ...row,
    attachments: [],
    reactions: [],
    createdAt: isoTime(row.createdAt),
    editedAt: isoTimeOrNull(row.editedAt),
    deletedAt: isoTimeOrNull(row.deletedAt),
  };
}

/** @param now milliseconds since 1970: a mute that has ended is none */
export function conversationView(
  row: ConversationRow,
  online: Set<string>,
  now: number,
): Conversation {
  const {
    viewerId: _,
    joinedSeq: __,
    joinedRev: ___,
    lastMessageAt,
    subject,
    mutedUntil,
    ...shown
  } = row;
  const muted = mutedUntil !== null && Date.parse(mutedUntil) > now;
  // Before the first message only its maker knows of it, who could watch anyone by it.
  const acquainted = row.lastSeq > 0 || row.kind === "group";
  return {
    ...shown,
    subject: subject ?? null,
    muted,
    mutedUntil: muted ? isoTime(mutedUntil) : null,
    participants: row.participants.map((participant) => ({
      ...participant,
      online: acquainted && online.has(participant.userId),
      lastSeenAt: acquainted ? isoTimeOrNull(participant.lastSeenAt) : null,
    })),
    lastMessage: row.lastMessage && messageView(row.lastMessage),
    createdAt: isoTime(row.createdAt),
    updatedAt: isoTime(lastMessageAt),
  };
}

export function notificationView(row: NotificationRow): Notification {
  const { userId: _, ...shown } = row;
  return { ...shown, createdAt: isoTime(row.createdAt), readAt: isoTimeOrNull(row.readAt) };
}
