import type { Clock } from "@/utils/clock.ts";
import { gather } from "@/utils/gather.ts";
import type { Log } from "@/utils/log.ts";
import type { Redis } from "@/utils/redis.ts";
import { within } from "@/utils/within.ts";
import type { Presence } from "./presence.ts";
import { limits } from "./protocol.ts";
import { Silence } from "./silence.ts";

/** How often it is written that a member is still active. */
const activeMs = 20_000;
/** Nobody waits for Redis longer than this. */
const answerMs = 1_000;

const deleteIfOurs =
  'if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end return 0';

/**
 * Shared over Redis. Each of these is one key, so that a cluster can hold it anywhere:
 *
 * - `online:<member>`: the instances that they have connections to
 * - `members:<instance>`: the members who have connections to it
 * - `active:<member>`: the instance that heard of their activity last; it ends by itself
 * - `instances`: how often each has beaten
 *
 * While Redis is away, who is here is who is online, and nothing fails. When it is back, empty
 * perhaps, each instance writes its members down again.
 */
export class RedisPresence implements Presence {
  readonly #here = new Set<string>();
  /** Members of whom `#here` changed, gathered: what is written is how things stand by then. */
  readonly #changed = gather<string, boolean | undefined>((userIds) => this.#write(userIds), {
    max: 1_000,
  });
  /** Members whose last write failed; the next beat makes up for it. */
  readonly #unwritten = new Set<string>();
  /** Who is active here, and when that was written last, by the clock's `elapsed`. */
  readonly #active = new Map<string, number>();
  readonly #silence = new Silence();
  /** Whether the instance itself is known to be written down. */
  #known = false;

  /** @param name what keeps the keys of this deployment apart */
  constructor(
    private readonly redis: Redis,
    private readonly name: string,
    private readonly instanceId: string,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    redis.onReady(() => {
      this.#known = false;
      for (const userId of [...this.#here, ...this.#unwritten]) this.#changed.add(userId);
    });
  }

  async arrive(userId: string): Promise<boolean> {
    this.#here.add(userId);
    return await this.#changed.add(userId) ?? false;
  }

  leave(userId: string): Promise<boolean | undefined> {
    this.#here.delete(userId);
    return this.#changed.add(userId);
  }

  async #write(userIds: string[]): Promise<(boolean | undefined)[]> {
    for (const userId of userIds) this.#unwritten.add(userId);
    const elsewhere = await this.#answer(this.#exchange(userIds));
    return elsewhere ?? userIds.map(() => undefined);
  }

  /** Writes how things stand now, whatever it was that changed. @returns who is elsewhere too */
  async #exchange(userIds: string[]): Promise<boolean[]> {
    if (!this.#known) await this.#renew();
    const members = this.#key("members", this.instanceId);
    const arrived = userIds.filter((userId) => this.#here.has(userId));
    // Before they count: whoever ends this instance for it must find them.
    if (arrived.length > 0) await this.#send("SADD", members, ...arrived);
    const elsewhere = await Promise.all(userIds.map(async (userId) => {
      const key = this.#key("online", userId);
      const [instances] = await Promise.all([
        this.#send("SMEMBERS", key),
        this.#send(this.#here.has(userId) ? "SADD" : "SREM", key, this.instanceId),
      ]);
      return (instances as string[]).some((id) => id !== this.instanceId);
    }));
    const left = userIds.filter((userId) => !this.#here.has(userId));
    if (left.length > 0) await this.#send("SREM", members, ...left);
    for (const userId of userIds) this.#unwritten.delete(userId);
    return elsewhere;
  }

  async online(userIds: string[]): Promise<Set<string>> {
    const counts = await this.#answer(Promise.all(userIds.map((userId) => this.#count(userId))));
    return new Set(userIds.filter((userId, n) => this.#here.has(userId) || (counts?.[n] ?? 0) > 0));
  }

  async active(userIds: string[]): Promise<Set<string>> {
    const by = await this.#answer(
      Promise.all(userIds.map((userId) => this.#send("GET", this.#key("active", userId)))),
    );
    return new Set(userIds.filter((_, n) => (by?.[n] ?? this.instanceId) !== this.instanceId));
  }

  async beat(active: string[]): Promise<string[]> {
    try {
      await this.#renew();
      await Promise.all([...this.#unwritten].map((userId) => this.#changed.add(userId)));
      await this.#writeActive(active);
      return await this.#endSilent();
    } catch (error) {
      // That it is away is told where the connection is.
      if (this.redis.isReady) this.log.warn("Who is online could not be written", { error });
      return [];
    }
  }

  async #renew(): Promise<void> {
    const beats = await this.#send("HINCRBY", this.#key("instances"), this.instanceId, "1");
    this.#known = true;
    if (beats !== 1) return;
    // Taken for gone by the others, as after a long pause, or lost with all that Redis held.
    for (const userId of this.#here) this.#unwritten.add(userId);
  }

  async #writeActive(active: string[]): Promise<void> {
    const now = this.clock.elapsed();
    const still = new Set(active);
    const ended = [...this.#active.keys()].filter((userId) => !still.has(userId));
    const due = active.filter((userId) =>
      now - (this.#active.get(userId) ?? -Infinity) >= activeMs
    );
    const lasts = String(limits.activeMs);
    await Promise.all([
      ...due.map((userId) =>
        this.#send("SET", this.#key("active", userId), this.instanceId, "PX", lasts)
      ),
      ...ended.map((userId) => this.#deleteActive(userId)),
    ]);
    for (const userId of due) this.#active.set(userId, now);
    for (const userId of ended) this.#active.delete(userId);
  }

  /** Unless another instance has heard of them since. */
  #deleteActive(userId: string): Promise<unknown> {
    const key = this.#key("active", userId);
    return this.redis.send(key, "EVAL", deleteIfOurs, "1", key, this.instanceId);
  }

  async #endSilent(): Promise<string[]> {
    const beats = await this.#send("HGETALL", this.#key("instances")) as Record<string, string>;
    const others = Object.entries(beats).filter(([id]) => id !== this.instanceId)
      .map(([id, at]) => ({ id, at }));
    const ended = await Promise.all(this.#silence.among(others).map(({ id }) => this.#end(id)));
    return ended.flat();
  }

  async close(): Promise<string[]> {
    await this.#changed.idle();
    this.#here.clear();
    return await this.#end(this.instanceId).catch(() => []);
  }

  /** Takes an instance out. @returns who thereby went offline; of several callers, to one alone */
  async #end(instanceId: string): Promise<string[]> {
    const instances = this.#key("instances");
    const members = this.#key("members", instanceId);
    // Should it live after all, its next beat is its first, and it writes its members down again.
    await this.#send("HSET", instances, instanceId, "0");
    const userIds = await this.#send("SMEMBERS", members) as string[];
    const wentOffline = await Promise.all(userIds.map(async (userId) => {
      const [removed, left] = await Promise.all([
        this.#send("SREM", this.#key("online", userId), instanceId),
        this.#count(userId),
      ]);
      return removed === 1 && left === 0;
    }));
    await this.#send("DEL", members);
    await this.#send("HDEL", instances, instanceId);
    return userIds.filter((_, n) => wentOffline[n]);
  }

  async #count(userId: string): Promise<number> {
    return await this.#send("SCARD", this.#key("online", userId)) as number;
  }

  #key(kind: string, id?: string): string {
    return id === undefined ? `${this.name}:${kind}` : `${this.name}:${kind}:${id}`;
  }

  #send(command: string, key: string, ...more: string[]): Promise<unknown> {
    return this.redis.send(key, command, key, ...more);
  }

  /** What is answered, or undefined while Redis is away or slow. */
  async #answer<T>(asked: Promise<T>): Promise<T | undefined> {
    let answer: T | undefined;
    await within(answerMs, asked.then((given) => answer = given)).catch(() => {});
    return answer;
  }
}
