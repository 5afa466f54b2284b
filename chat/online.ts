/**
 * Coming and going: connections turn into presence, and presence into what contacts are told.
 *
 * @module
 */
import { updateLastSeen } from "@/db/users.ts";
import { announceTo, type Chat } from "./chat.ts";
import type { Connection } from "./connections.ts";
import { ChatError } from "./errors.ts";
import { isoTime } from "./views.ts";

/** A member counts as gone when their last connection has been away this long. */
const departureMs = 3_000;
/** More devices and tabs than anyone has; each costs memory and a send for every message. */
const connectionsMax = 50;

/**
 * Makes a member's connection. It hears everything from the moment that `open` is called; if it is
 * the member's first one, contacts are told, in the background: a connection does not depend on it,
 * nor wait for it.
 *
 * @param open makes the connection; undefined if its peer has gone meanwhile
 * @throws {ChatError} `rate_limited`, `unavailable` when this instance ends
 */
export async function connect<Made extends Connection | undefined>(
  chat: Chat,
  userId: string,
  open: () => Made,
): Promise<Made> {
  await chat.bus.join(userId);
  let arrived = false;
  try {
    admit(chat, userId);
    const connection = open();
    if (connection) {
      arrive(chat, connection);
      arrived = true;
    }
    return connection;
  } finally {
    if (!arrived) chat.bus.leave(userId);
  }
}

/** Looks whether a member may have one more connection here. */
function admit(chat: Chat, userId: string): void {
  if (chat.connections.hasEnded) {
    throw new ChatError("unavailable", "The server restarts", { retryAfter: 1 });
  }
  if (chat.connections.count(userId) < connectionsMax) return;
  throw new ChatError("rate_limited", `At most ${connectionsMax} connections a member`, {
    retryAfter: 60,
  });
}

function arrive(chat: Chat, connection: Connection): void {
  const { userId } = connection;
  const first = chat.connections.add(connection);
  const returned = chat.departing.delete(userId);
  if (first && !returned) enter(chat, userId);
}

function enter(chat: Chat, userId: string): void {
  chat.presence.arrive(userId)
    .then(async (elsewhere) => {
      if (elsewhere) return;
      const contacts = await chat.lookups.contacts(userId);
      // They may be gone by now, and told to be.
      const isHere = chat.connections.has(userId) || chat.departing.has(userId);
      if (isHere) tellPresence(chat, userId, contacts, true);
    })
    .catch((error) => chat.log.warn("An arrival was not told", { error }));
}

/** A connection is gone. Contacts are told a little later, unless the member comes back. */
export function depart(chat: Chat, connection: Connection): void {
  chat.activity.set(connection.userId, connection.id, null);
  if (!chat.connections.holds(connection)) return;
  chat.bus.leave(connection.userId);
  if (chat.connections.remove(connection)) {
    chat.departing.set(connection.userId, chat.clock.elapsed());
  }
}

/** To be called every second or so, never twice at once: ends dead connections, tells who has gone. */
export async function sweep(chat: Chat): Promise<void> {
  const now = chat.clock.elapsed();
  chat.connections.sweep(now, chat.settings.silenceSeconds * 1000);
  const due = [...chat.departing].filter(([, at]) => now - at >= departureMs);
  if (due.length === 0) return;
  const elsewhere = await Promise.all(due.map(([userId]) => chat.presence.leave(userId)));
  // Only now: while nobody can tell, it is tried again with the next sweep.
  for (const [n, [userId, at]] of due.entries()) {
    if (elsewhere[n] !== undefined && chat.departing.get(userId) === at) {
      chat.departing.delete(userId);
    }
    if (chat.connections.has(userId)) enter(chat, userId);
  }
  await tellGone(chat, due.map(([userId]) => userId).filter((_, n) => elsewhere[n] === false));
}

/** To be called every few seconds: this instance lives; those of dead instances are gone. */
export async function beat(chat: Chat): Promise<void> {
  await tellGone(chat, await chat.presence.beat(chat.activity.active(chat.clock.elapsed())));
}

/** This instance ends. Its connections are closed already; their members may be elsewhere soon. */
export async function endPresence(chat: Chat): Promise<void> {
  await tellGone(chat, await chat.presence.close());
}

async function tellGone(chat: Chat, userIds: string[]): Promise<void> {
  const gone = userIds.filter((userId) => !chat.connections.has(userId));
  await updateLastSeen(chat.db, gone, chat.clock.now());
  const contacts = await Promise.all(gone.map((userId) => chat.lookups.contacts(userId)));
  for (const [n, userId] of gone.entries()) {
    // They may be back by now.
    if (!chat.connections.has(userId)) tellPresence(chat, userId, contacts[n] ?? [], false);
  }
}

function tellPresence(chat: Chat, userId: string, contacts: string[], online: boolean): void {
  announceTo(
    chat,
    contacts,
    {
      type: online ? "user_online" : "user_offline",
      userId,
      lastSeenAt: isoTime(chat.clock.now()),
    },
    { droppable: true },
  );
}
