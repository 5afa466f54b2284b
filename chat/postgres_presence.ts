import type { Database } from "@/db/database.ts";
import {
  clearActive,
  deleteInstances,
  deletePresence,
  deleteSilentInstances,
  insertPresence,
  selectActive,
  selectInstances,
  selectOnline,
  updateActive,
  upsertInstance,
} from "@/db/presence.ts";
import type { Clock } from "@/utils/clock.ts";
import { gather, lookupLanes } from "@/utils/gather.ts";
import type { Presence } from "./presence.ts";
import { limits } from "./protocol.ts";
import { Silence } from "./silence.ts";

/** How often it is written that a member is still active. */
const activeMs = 20_000;

/**
 * Shared over Postgres: a row for each member and instance, and one beating row for each instance,
 * so that keeping ten thousand members online costs one small update.
 */
export class PostgresPresence implements Presence {
  readonly #here = new Set<string>();
  /**
   * Members of whom `#here` changed, gathered: one write at a time, so that coming and going cannot
   * overtake each other, and a crowd that reconnects shares a few of them.
   */
  readonly #changed = gather<string, boolean>((userIds) => this.#write(userIds), {
    max: 1_000,
  });
  /** Whom it is asked of whether they are online, gathered: a crowd that comes back asks at once. */
  readonly #asked = gather<string[], Set<string>>((lists) => this.#online(lists), {
    max: 50,
    lanes: lookupLanes,
  });
  /** Members whose last write failed; the next beat makes up for it. */
  readonly #unwritten = new Set<string>();
  /** Who is active here, and when that was written last, by either reading of the clock. */
  readonly #active = new Map<string, { since: number; elapsed: number }>();
  readonly #silence = new Silence();
  /** Whether the instance's own row is known to stand. */
  #known = false;

  constructor(
    private readonly db: Database,
    private readonly instanceId: string,
    private readonly clock: Clock,
  ) {}

  arrive(userId: string): Promise<boolean> {
    this.#here.add(userId);
    return this.#changed.add(userId);
  }

  leave(userId: string): Promise<boolean> {
    this.#here.delete(userId);
    return this.#changed.add(userId);
  }

  /** Writes how things stand now, whatever it was that changed. @returns who is elsewhere too */
  async #write(userIds: string[]): Promise<boolean[]> {
    const { db, instanceId } = this;
    for (const userId of userIds) this.#unwritten.add(userId);
    if (!this.#known) await this.#renew();
    const elsewhere = new Set(await selectOnline(db, userIds, instanceId));
    await insertPresence(db, userIds.filter((userId) => this.#here.has(userId)), instanceId);
    await deletePresence(db, userIds.filter((userId) => !this.#here.has(userId)), instanceId);
    for (const userId of userIds) this.#unwritten.delete(userId);
    return userIds.map((userId) => elsewhere.has(userId));
  }

  async online(userIds: string[]): Promise<Set<string>> {
    if (userIds.length === 0) return new Set();
    return await this.#asked.add(userIds);
  }

  async #online(lists: string[][]): Promise<Set<string>[]> {
    const online = new Set(await selectOnline(this.db, [...new Set(lists.flat())]));
    return lists.map((userIds) => new Set(userIds.filter((userId) => online.has(userId))));
  }

  async active(userIds: string[]): Promise<Set<string>> {
    if (userIds.length === 0) return new Set();
    const since = this.clock.now() - limits.activeMs;
    return new Set(await selectActive(this.db, userIds, since, this.instanceId));
  }

  async beat(active: string[]): Promise<string[]> {
    await this.#renew();
    await this.#writeActive(active);
    await Promise.all([...this.#unwritten].map((userId) => this.#changed.add(userId)));
    const others = (await selectInstances(this.db)).filter(({ id }) => id !== this.instanceId);
    return this.#offline(await deleteSilentInstances(this.db, this.#silence.among(others)));
  }

  async #writeActive(active: string[]): Promise<void> {
    const now = this.clock.now();
    const elapsed = this.clock.elapsed();
    const still = new Set(active);
    const ended = [...this.#active].filter(([userId]) => !still.has(userId))
      .map(([userId, { since }]) => ({ userId, since }));
    const due = active.filter((userId) =>
      elapsed - (this.#active.get(userId)?.elapsed ?? -Infinity) >= activeMs
    );
    await updateActive(this.db, due, now);
    await clearActive(this.db, ended);
    for (const userId of due) this.#active.set(userId, { since: now, elapsed });
    for (const { userId } of ended) this.#active.delete(userId);
  }

  async #renew(): Promise<void> {
    const renewed = await upsertInstance(this.db, this.instanceId);
    // Taken for gone by the others, as after a long pause: its members are put back.
    if (renewed === "inserted") await insertPresence(this.db, [...this.#here], this.instanceId);
    this.#known = true;
  }

  async close(): Promise<string[]> {
    await this.#changed.idle();
    this.#here.clear();
    return this.#offline(await deleteInstances(this.db, [this.instanceId]));
  }

  async #offline(userIds: string[]): Promise<string[]> {
    const online = await this.online(userIds);
    return userIds.filter((userId) => !online.has(userId));
  }
}
