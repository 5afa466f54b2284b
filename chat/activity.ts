import { limits } from "./protocol.ts";

/**
 * Who uses the page at this moment, as their clients tell it. A connection alone says little: a tab
 * that was left open for days has one.
 */
export class Activity {
  /** By member, then by connection: when it last said that its member is active. */
  readonly #heard = new Map<string, Map<string, number>>();
  readonly #returned = new Set<string>();

  /** @param at by the clock's `elapsed`, as every time here; null: the member no longer looks */
  set(userId: string, connectionId: string, at: number | null): void {
    const own = this.#heard.get(userId);
    if (at !== null) {
      if (!this.has(userId, at)) this.#returned.add(userId);
      if (own) own.set(connectionId, at);
      else this.#heard.set(userId, new Map([[connectionId, at]]));
      return;
    }
    own?.delete(connectionId);
    if (own?.size === 0) this.#heard.delete(userId);
  }

  /** Whether the member was active here within the last `limits.activeMs`. */
  has(userId: string, now: number): boolean {
    for (const at of this.#heard.get(userId)?.values() ?? []) {
      if (now - at < limits.activeMs) return true;
    }
    return false;
  }

  /**
   * Tells who became active here since the last time.
   *
   * @throws what `tell` throws; it is told again the next time
   */
  async withReturned(tell: (userIds: string[]) => Promise<void>): Promise<void> {
    const returned = [...this.#returned];
    if (returned.length > 0) await tell(returned);
    for (const userId of returned) this.#returned.delete(userId);
  }

  /** Who was active here within the last `limits.activeMs`. Forgets the others. */
  active(now: number): string[] {
    for (const [userId, own] of this.#heard) {
      for (const [connectionId, at] of own) {
        if (now - at >= limits.activeMs) own.delete(connectionId);
      }
      if (own.size === 0) this.#heard.delete(userId);
    }
    return [...this.#heard.keys()];
  }
}
