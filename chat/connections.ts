import type { Counts } from "@/utils/metrics.ts";
import { closeCodes } from "./protocol.ts";
import { Removals } from "./removals.ts";

/**
 * A way to one open page or device: a WebSocket, or a stream of server-sent events.
 * Neither method throws, also when the other side is gone.
 */
export interface Connection {
  readonly id: string;
  readonly userId: string;
  /** When its token ends, by the clock's `elapsed`; moved on by a renewal. */
  endsAt: number;
  /** When anything was last heard from it, likewise. Infinity for a stream, which cannot speak. */
  heardAt: number;
  /** Whether it wants to know who types in a conversation. */
  hears(conversationId: string): boolean;
  /** No longer wants to know. */
  leave(conversationId: string): void;
  /**
   * Sends a serialized frame, after those before it. A reader who lags far behind is closed;
   * one who lags somewhat does not get what is `droppable`.
   */
  send(text: string, droppable: boolean): void;
  /**
   * Ends it with one of {@linkcode closeCodes}.
   *
   * @returns when the other side knows, or is gone
   */
  close(code: number, reason: string): Promise<void>;
}

/** Whom, of all who could hear a frame, it is for. */
export interface Audience {
  /** A connection that knows already. */
  except?: string | undefined;
  /** Only connections that have joined this conversation. */
  joined?: string | undefined;
  /** Of passing interest: may be dropped for a slow reader. */
  droppable?: boolean | undefined;
  /** They are no longer in this conversation, since it stood at this `rev`. */
  removed?: { conversationId: string; rev: number } | undefined;
}

/** The connections of this instance, by member. */
export class Connections {
  readonly #byUser = new Map<string, Set<Connection>>();
  readonly #removals = new Removals();
  #size = 0;
  #hasEnded = false;

  /** @param sent counts frames by their type */
  constructor(private readonly sent: Counts) {}

  get size(): number {
    return this.#size;
  }

  /** How many members have one or more. */
  get members(): number {
    return this.#byUser.size;
  }

  has(userId: string): boolean {
    return this.#byUser.has(userId);
  }

  /** Who has one here. */
  userIds(): string[] {
    return [...this.#byUser.keys()];
  }

  /** How many a member has here. */
  count(userId: string): number {
    return this.#byUser.get(userId)?.size ?? 0;
  }

  /** @returns whether it is the member's first one here */
  add(connection: Connection): boolean {
    const own = this.#byUser.get(connection.userId);
    this.#size++;
    if (own === undefined) this.#byUser.set(connection.userId, new Set([connection]));
    else own.add(connection);
    return own === undefined;
  }

  holds(connection: Connection): boolean {
    return this.#byUser.get(connection.userId)?.has(connection) ?? false;
  }

  /** @returns whether it was the member's last one here; false also if it was gone already */
  remove(connection: Connection): boolean {
    const own = this.#byUser.get(connection.userId);
    if (!own?.delete(connection)) return false;
    this.#size--;
    if (own.size > 0) return false;
    this.#byUser.delete(connection.userId);
    this.#removals.forget(connection.userId);
    return true;
  }

  /** Sends one serialized frame to every connection of these members. */
  tell(userIds: Iterable<string>, text: string, audience: Audience = {}): void {
    const { except, joined, droppable = false, removed } = audience;
    let sent = 0;
    for (const userId of userIds) {
      const own = this.#byUser.get(userId);
      if (own === undefined || !removed && this.#removals.hides(userId, text)) continue;
      for (const connection of own) {
        if (connection.id === except) continue;
        if (joined !== undefined && !connection.hears(joined)) continue;
        connection.send(text, droppable);
        sent++;
        if (removed) connection.leave(removed.conversationId);
      }
      if (removed) this.#removals.note(userId, removed);
    }
    if (sent > 0) this.sent.add(typeOf(text), sent);
  }

  /**
   * Ends those whose token has ended, and those from which nothing was heard for too long.
   *
   * @param now by the clock's `elapsed`: when the machine's clock is set, nobody is cut off
   */
  sweep(now: number, silenceMs: number): void {
    for (const connection of this.all()) {
      if (connection.endsAt <= now) connection.close(closeCodes.token, "The token has ended");
      else if (now - connection.heardAt >= silenceMs) {
        connection.close(closeCodes.silent, "Nothing was heard for too long");
      }
    }
  }

  /** As `closeAll`, and for good: who comes from now on is sent elsewhere. */
  async end(code: number, reason: string): Promise<void> {
    this.#hasEnded = true;
    await this.closeAll(code, reason);
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** @returns when all of them know, or are gone */
  async closeAll(code: number, reason: string): Promise<void> {
    await Promise.all(this.all().map((connection) => connection.close(code, reason)));
  }

  /** A list of its own, since closing one changes the registry. */
  private all(): Connection[] {
    return [...this.#byUser.values()].flatMap((own) => [...own]);
  }
}

/** A serialized frame's type: it stands first. */
function typeOf(text: string): string {
  // To cut it out costs more than to count it, and most by far are these.
  if (text.startsWith('{"type":"new_message"')) return "new_message";
  const start = '{"type":"'.length;
  return text.slice(start, text.indexOf('"', start));
}
