import type { Gatherer } from "@/utils/gather.ts";
import type { Log } from "@/utils/log.ts";
import type { Redis } from "@/utils/redis.ts";
import { within } from "@/utils/within.ts";
import { type Bus, type BusEvent, type BusListener, syncNeeded } from "./bus.ts";
import { openBusQueue } from "./bus_queue.ts";
import type { ChatMetrics } from "./metrics.ts";
import { type Addressed, pack, readPayload, writeHead, writeRecord } from "./redis_payload.ts";

/** An event for more members than this goes to all instances at once. */
const audienceMax = 64;
/** So many are remembered by name who were not told of something; beyond that it is everybody. */
const untoldMax = 10_000;
const joinMs = 1_000;
const sendMs = 5_000;
const retryMs = 1_000;

/**
 * Between instances over Redis. Each member has a sharded channel, which the instances listen to
 * that hold a connection of theirs, so that none hears what does not concern it. What comes up while
 * a sending is under way goes with the next, in one payload for each channel.
 *
 * What cannot be told is dropped, and made good for once it can: those who should have heard it,
 * and those here who may have been told something meanwhile, are told to sync.
 */
export class RedisBus implements Bus {
  #listener: BusListener = { heard() {}, missed() {} };
  /** Connections of each member who is here or about to be. */
  readonly #joined = new Map<string, number>();
  /** Subscriptions that are under way. */
  readonly #joining = new Map<string, Promise<void>>();
  /** Members who have left, but may still be listened for. */
  readonly #left = new Set<string>();
  /** Whether something that was told to us may have been lost. */
  #isDeaf = true;
  /** Whether it was said that Redis refuses to be listened to. */
  #isRefused = false;
  /** Who was not told of something on other instances. */
  #untold: Set<string> | "all" = new Set();
  #isClosed = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  readonly #queue: Gatherer<BusEvent, void>;

  /** @param name what keeps the channels of this deployment apart */
  constructor(
    private readonly redis: Redis,
    private readonly name: string,
    private readonly instanceId: string,
    private readonly log: Log,
    private readonly metrics: Pick<ChatMetrics, "batches" | "busLag">,
  ) {
    this.#queue = openBusQueue((events) => this.#send(events), metrics);
  }

  get waiting(): number {
    return this.#queue.waiting;
  }

  publish(event: BusEvent): void {
    this.#queue.add(event).catch(() => this.#drop(event.to));
  }

  async subscribe(listener: BusListener): Promise<void> {
    this.#listener = listener;
    this.redis.onReady(() => {
      this.#isDeaf = true;
      this.#recover();
    });
    if (this.redis.isReady) await this.#recover();
  }

  async join(userId: string): Promise<void> {
    const count = this.#joined.get(userId) ?? 0;
    this.#joined.set(userId, count + 1);
    this.#left.delete(userId);
    const joining = count === 0 ? this.#listen(userId) : this.#joining.get(userId);
    if (joining === undefined || await within(joinMs, joining)) return;
    // It goes on without; what was told meanwhile is made good for.
    joining.then(() => this.#listener.missed([userId]));
  }

  #listen(userId: string): Promise<void> {
    // Away, it calls back when it is there.
    if (!this.redis.isReady) return Promise.resolve();
    const joining = this.redis.subscribe(this.#channel(userId), this.#hear).catch(() => {
      this.#isDeaf = true;
      this.#recoverSoon();
    }).finally(() => {
      if (this.#joining.get(userId) === joining) this.#joining.delete(userId);
    });
    this.#joining.set(userId, joining);
    return joining;
  }

  leave(userId: string): void {
    const count = this.#joined.get(userId) ?? 0;
    if (count > 1) return void this.#joined.set(userId, count - 1);
    this.#joined.delete(userId);
    this.#left.add(userId);
    if (this.redis.isReady) this.#unsubscribe(userId);
  }

  async #unsubscribe(userId: string): Promise<void> {
    try {
      await this.redis.unsubscribe(this.#channel(userId), this.#hear);
      this.#left.delete(userId);
    } catch {
      // Tried again with the next recovery; until then, what is heard is told to nobody.
    }
  }

  async #send(events: BusEvent[]): Promise<void> {
    const unsent = new Set(pack(events.map(this.#address), this.instanceId));
    const sent = Promise.all(
      [...unsent].map((sending) =>
        this.#say(sending.channel, sending.payload).then(() => unsent.delete(sending), () => {})
      ),
    );
    // One that stalls is not to hold up what comes after.
    await within(sendMs, sent);
    for (const { to } of unsent) this.#drop(to);
  }

  readonly #address = ({ to, text, ...audience }: BusEvent): Addressed => {
    if (to.length > audienceMax) {
      const record = writeRecord({ to, ...audience }, text);
      return { channels: [{ channel: this.#common, to }], record };
    }
    const channels = to.map((userId) => ({ channel: this.#channel(userId), to: [userId] }));
    return { channels, record: writeRecord(audience, text) };
  };

  #say(channel: string, payload: string): Promise<unknown> {
    return this.redis.send(channel, "SPUBLISH", channel, payload);
  }

  readonly #hear = (payload: string, channel: string): void => {
    try {
      const { instanceId, sentAt, records } = readPayload(payload);
      if (instanceId === this.instanceId) {
        return this.metrics.busLag.observe(Math.max(0, performance.now() - sentAt) / 1_000);
      }
      const userId = channel.slice(this.name.length + 1);
      for (const { header, text } of records) {
        if (channel !== this.#common) this.#listener.heard({ to: [userId], text, ...header });
        else if (header.to) this.#listener.heard({ to: header.to, text, ...header });
        else this.#listener.missed();
      }
    } catch (error) {
      this.log.warn("An event from another instance cannot be read", { error });
    }
  };

  #drop(to: Iterable<string>): void {
    if (this.#untold !== "all") {
      if (this.#untold.size === 0) {
        this.log.warn(
          "Other instances were not told of something: they will hear that they were not",
        );
      }
      for (const userId of to) this.#untold.add(userId);
      if (this.#untold.size > untoldMax) this.#untold = "all";
    }
    this.#recoverSoon();
  }

  #recoverSoon(): void {
    if (this.#isClosed) return;
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      if (this.redis.isReady) this.#recover();
      else this.#recoverSoon();
    }, retryMs);
  }

  /** Listens again for all who are here, and has those sync who may have missed something. */
  async #recover(): Promise<void> {
    if (this.#isDeaf) {
      this.#isDeaf = false;
      const channels = [this.#common, ...[...this.#joined.keys()].map(this.#channel)];
      const again = channels.map((channel) => this.redis.subscribe(channel, this.#hear));
      try {
        await Promise.all(again);
      } catch (error) {
        if (!this.#isRefused) this.log.warn("Redis does not let us listen", { error });
        this.#isRefused = this.#isDeaf = true;
        return this.#recoverSoon();
      }
      this.#isRefused = false;
      for (const userId of this.#left) if (!this.#joined.has(userId)) this.#unsubscribe(userId);
      this.#listener.missed();
    }
    const untold = this.#untold;
    this.#untold = new Set();
    if (untold !== "all") {
      if (untold.size > 0) this.publish({ to: [...untold], text: syncNeeded });
      return;
    }
    await this.#say(this.#common, writeHead(this.instanceId) + writeRecord({}, "")).catch(() => {
      this.#untold = untold;
      this.#recoverSoon();
    });
  }

  readonly #channel = (userId: string): string => `${this.name}:${userId}`;

  get #common(): string {
    return this.#channel("all");
  }

  async close(): Promise<void> {
    await this.#queue.idle();
    this.#isClosed = true;
    clearTimeout(this.#retry);
  }
}
