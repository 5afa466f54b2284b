/**
 * Coming and going: connections turn into presence, and presence into what contacts are told.
 *
 * @module
 */
import { selectContactIds } from "@/db/conversations.ts";
import { updateLastSeen } from "@/db/users.ts";
import { announceTo, type Chat } from "./chat.ts";
import type { Connection } from "./connections.ts";
import { isoTime } from "./views.ts";

/** A member counts as gone when their last connection has been away this long. */
const departureMs = 3_000;

/**
 * A connection is there: it hears from now on. If it is the member's first one, contacts are told,
 * in the background: a connection does not depend on it, nor wait for it.
 */
export function arrive(chat: Chat, connection: Connection): void {
  const { userId } = connection;
  const first = chat.connections.add(connection);
  const returned = chat.departing.delete(userId);
  if (!first || returned) return;
  chat.presence.arrive(userId)
    .then((elsewhere) => elsewhere ? undefined : tellPresence(chat, userId, true))
    .catch((error) => chat.log.warn("An arrival was not told", { error }));
}

/** A connection is gone. Contacts are told a little later, unless the member comes back. */
export function depart(chat: Chat, connection: Connection): void {
  if (chat.connections.remove(connection)) chat.departing.set(connection.userId, chat.clock.now());
}

/** To be called every second or so: ends dead connections, and tells who has gone. */
export async function sweep(chat: Chat): Promise<void> {
  const now = chat.clock.now();
  chat.connections.sweep(now, chat.settings.silenceSeconds * 1000);
  for (const [userId, at] of chat.departing) {
    if (now - at < departureMs) continue;
    chat.departing.delete(userId);
    if (!await chat.presence.leave(userId)) await tellGone(chat, [userId]);
  }
}

/** To be called every few seconds: this instance lives; those of dead instances are gone. */
export async function beat(chat: Chat): Promise<void> {
  await tellGone(chat, await chat.presence.beat());
}

/** This instance ends. Its connections are closed already; their members may be elsewhere soon. */
export async function endPresence(chat: Chat): Promise<void> {
  await tellGone(chat, await chat.presence.close());
}

async function tellGone(chat: Chat, userIds: string[]): Promise<void> {
  for (const userId of userIds) {
    await updateLastSeen(chat.db, userId, chat.clock.now());
    await tellPresence(chat, userId, false);
  }
}

async function tellPresence(chat: Chat, userId: string, online: boolean): Promise<void> {
  announceTo(
    chat,
    await selectContactIds(chat.db, userId),
    {
      type: online ? "user_online" : "user_offline",
      userId,
      lastSeenAt: isoTime(chat.clock.now()),
    },
    { droppable: true },
  );
}
