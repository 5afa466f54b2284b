import type { OpenDatabase } from "@/db/database.ts";
import { notify } from "@/db/notify.ts";
import type { Gatherer } from "@/utils/gather.ts";
import type { Log } from "@/utils/log.ts";
import type { Bus, BusEvent, BusListener } from "./bus.ts";
import { openBusQueue } from "./bus_queue.ts";
import type { ChatMetrics } from "./metrics.ts";

const channel = "parley";
/** Postgres takes 7,999 bytes; the rest is the head of the piece. */
const pieceLength = 7_800;
/** How often an instance says that it is there. */
const pulseMs = 5_000;
/** An instance from which nothing is heard during so many of our own pulses is gone. */
const missedMax = 6;
/** With so many pulses of its own unheard, an instance cannot know who is there. */
const unheardMax = 2;

/**
 * Between instances over Postgres LISTEN/NOTIFY.
 *
 * NOTIFY takes a lock on the whole database at commit, so it stays out of the transaction that
 * stores messages, and all events that come up while one is under way go with the next. What is
 * longer than a notification goes in pieces, which Postgres delivers together and in order.
 *
 * An instance that is alone says nothing but that it is there: telling nobody would cost it a fifth
 * of what it can do. Who begins to listen says so, and is answered.
 */
export class PostgresBus implements Bus {
  #unlisten: (() => Promise<void>) | undefined;
  #sent = 0;
  /** When each sending began that this instance has not heard itself yet, by its number. */
  readonly #underWay = new Map<number, number>();
  /** The other instances, and how many of our own pulses came since something of theirs did. */
  readonly #others = new Map<string, number>();
  #unheard = Infinity;
  #pulse: ReturnType<typeof setInterval> | undefined;
  readonly #queue: Gatherer<BusEvent, void>;

  constructor(
    private readonly database: OpenDatabase,
    private readonly instanceId: string,
    private readonly log: Log,
    private readonly metrics: Pick<ChatMetrics, "batches" | "busLag">,
  ) {
    this.#queue = openBusQueue((events) => this.#notify(events), metrics);
  }

  get waiting(): number {
    return this.#queue.waiting;
  }

  publish(event: BusEvent): void {
    if (this.#others.size === 0 && this.#unheard < unheardMax) return;
    this.#queue.add(event).catch((error) => {
      this.log.warn("Other instances were not told", { error });
    });
  }

  async #notify(events: BusEvent[]): Promise<void> {
    await notify(this.database.db, channel, this.#pieces(events));
  }

  /** Each piece: instance, number of the sending, pieces to come after this one, text. */
  #pieces(events: BusEvent[]): string[] {
    const text = asciiJson(events);
    const number = ++this.#sent;
    this.#underWay.set(number, performance.now());
    const total = Math.ceil(text.length / pieceLength);
    return Array.from({ length: total }, (_, at) => {
      const part = text.slice(at * pieceLength, (at + 1) * pieceLength);
      return `${this.instanceId} ${number} ${total - at - 1} ${part}`;
    });
  }

  async subscribe({ heard, missed }: BusListener): Promise<void> {
    const { promise: isHeard, resolve } = Promise.withResolvers<void>();
    /** Unfinished sendings: by instance, since each sends one at a time. */
    const unfinished = new Map<string, { number: string; text: string }>();
    this.#unlisten = await this.database.listen(channel, (payload) => {
      const [, from = "", what = ""] = /^(\S+) (.*)$/s.exec(payload) ?? [];
      const [, number = "", left, part = ""] = /^(\d+) (\d+) (.*)$/s.exec(what) ?? [];
      if (from === this.instanceId) {
        this.#hearOneself(what);
        if (left === "0") this.#noteHeard(Number(number));
        return resolve();
      }
      this.#others.set(from, 0);
      if (what === "hello") return this.#say("here");
      if (what === "here") return;
      if (what === "bye") return void this.#others.delete(from);
      const before = unfinished.get(from);
      const text = (before?.number === number ? before.text : "") + part;
      if (left !== "0") {
        unfinished.set(from, { number, text });
        return;
      }
      unfinished.delete(from);
      try {
        for (const event of JSON.parse(text) as BusEvent[]) heard(event);
      } catch (error) {
        // Its first pieces were lost with the connection: sync brings what it told.
        this.log.warn("An event from another instance is incomplete", { from, error });
      }
    }, () => {
      // At the start nobody is here who could have missed anything.
      unfinished.clear();
      missed();
      this.#say("hello");
    });
    this.#pulse = setInterval(() => {
      this.#unheard++;
      this.#say("here");
    }, pulseMs);
    await isHeard;
  }

  #hearOneself(what: string): void {
    this.#unheard = 0;
    if (what !== "here") return;
    for (const [id, missed] of this.#others) {
      if (missed < missedMax) this.#others.set(id, missed + 1);
      else this.#others.delete(id);
    }
  }

  #say(what: "hello" | "here" | "bye"): Promise<void> {
    return notify(this.database.db, channel, [`${this.instanceId} ${what}`])
      .catch((error) =>
        this.log.debug("Other instances do not hear that this one is there", { error })
      );
  }

  /** What was sent before and is not heard by now is lost: they arrive in order. */
  #noteHeard(number: number): void {
    const sentAt = this.#underWay.get(number);
    if (sentAt !== undefined) this.metrics.busLag.observe((performance.now() - sentAt) / 1_000);
    for (const one of this.#underWay.keys()) {
      if (one > number) break;
      this.#underWay.delete(one);
    }
  }

  /** A channel is everybody's: all hear everything. */
  join(): Promise<void> {
    return Promise.resolve();
  }

  leave(): void {}

  async close(): Promise<void> {
    clearInterval(this.#pulse);
    await this.#queue.idle();
    await this.#say("bye");
    await this.#unlisten?.();
  }
}

/** JSON in ASCII alone, so that a character is a byte wherever it is cut. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u0080-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
