/**
 * The list of notifications: what an entry says, and how the list takes in news. Pure.
 *
 * @module
 */
import type { Notification } from "@/chat/protocol.ts";

/** What an entry says. */
export interface Sentence {
  /** Who or what the sentence begins with, to be set off. */
  subject: string;
  text: string;
}

/** Says what has happened. */
export function sentenceOf({ kind, actor, content, count }: Notification): Sentence {
  const name = actor?.displayName ?? "Somebody";
  switch (kind) {
    case "message":
      return {
        subject: name,
        text: count > 1 ? `sent you ${count} messages` : "sent you a message",
      };
    case "group_added":
      return { subject: name, text: content ? `added you to ${content}` : "added you to a group" };
    case "new_login":
      return { subject: "New login", text: content };
    case "email_refused":
      return { subject: `Mail to ${content}`, text: "is refused, so none is sent there any more." };
  }
}

/** Takes in an entry that is new or has grown, most recent first. */
export function withNotification(
  list: readonly Notification[],
  entry: Notification,
): Notification[] {
  return [entry, ...list.filter(({ id }) => id !== entry.id)].sort(byRecency);
}

/** Adds a further page; what came by itself meanwhile is there already. */
export function withPage(
  list: readonly Notification[],
  page: readonly Notification[],
): Notification[] {
  const known = new Set(list.map(({ id }) => id));
  return [...list, ...page.filter(({ id }) => !known.has(id))].sort(byRecency);
}

/** Notes that entries were read. @param ids null: all */
export function withRead(
  list: readonly Notification[],
  ids: readonly string[] | null,
  readAt: string,
): Notification[] {
  const read = ids && new Set(ids);
  return list.map((entry) =>
    entry.readAt === null && (read === null || read.has(entry.id)) ? { ...entry, readAt } : entry
  );
}

function byRecency(a: Notification, b: Notification): number {
  return b.createdAt.localeCompare(a.createdAt) || b.id.localeCompare(a.id);
}
