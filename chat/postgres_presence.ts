import type { Database } from "@/db/database.ts";
import {
  deleteInstances,
  deletePresence,
  deleteSilentInstances,
  insertPresence,
  selectOnline,
  upsertInstance,
} from "@/db/presence.ts";
import type { Clock } from "@/utils/clock.ts";
import type { Presence } from "./presence.ts";

/** An instance that was not heard of for this long is gone. Three beats may go missing. */
const expiryMs = 20_000;

/**
 * Shared over Postgres: a row for each member and instance, and one beating row for each instance,
 * so that keeping ten thousand members online costs one small update.
 */
export class PostgresPresence implements Presence {
  readonly #here = new Set<string>();
  /** Whether the instance's row is known to stand; gone, for instance, after a long pause. */
  #known = false;

  constructor(
    private readonly db: Database,
    private readonly instanceId: string,
    private readonly clock: Clock,
  ) {}

  async arrive(userId: string): Promise<boolean> {
    const wasOnline = (await this.online([userId])).has(userId);
    this.#here.add(userId);
    if (!this.#known) await this.beat();
    await insertPresence(this.db, userId, this.instanceId);
    return wasOnline;
  }

  async leave(userId: string): Promise<boolean> {
    this.#here.delete(userId);
    await deletePresence(this.db, userId, this.instanceId);
    return (await this.online([userId])).has(userId);
  }

  async online(userIds: string[]): Promise<Set<string>> {
    if (userIds.length === 0) return new Set();
    return new Set(await selectOnline(this.db, userIds, this.clock.now() - expiryMs));
  }

  async beat(): Promise<string[]> {
    const renewed = await upsertInstance(this.db, this.instanceId, this.clock.now());
    // Taken for gone by the others, as after a long pause: its members are put back.
    if (renewed === "inserted") {
      for (const userId of this.#here) await insertPresence(this.db, userId, this.instanceId);
    }
    this.#known = true;
    const gone = await deleteSilentInstances(this.db, this.clock.now() - expiryMs);
    return this.#offline(gone);
  }

  async close(): Promise<string[]> {
    this.#here.clear();
    return this.#offline(await deleteInstances(this.db, [this.instanceId]));
  }

  async #offline(userIds: string[]): Promise<string[]> {
    const online = await this.online(userIds);
    return userIds.filter((userId) => !online.has(userId));
  }
}
