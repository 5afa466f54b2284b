import type { Database, OpenDatabase } from "@/db/database.ts";
import {
  type NoticeDefaults,
  type NoticeDraft,
  type OwnConversation,
  startNotices,
} from "@/db/notices.ts";
import { selectUnnoticed, takeSilentWatermarks, upsertWatermark } from "@/db/notice_watermarks.ts";
import type { Clock } from "@/utils/clock.ts";
import { firstIdOf, newId } from "@/utils/ids.ts";
import type { Message } from "./protocol.ts";

/** Notices in one statement. */
const batchSize = 2_000;
/** Notices known to wait; beyond it some are asked for again, which costs time and no more. */
const knownMax = 100_000;
/** How often a watermark is written. */
const watermarkMs = 5_000;
/** An instance whose watermark stands this long has ended without a word. */
const silentMs = 60_000;
/** Two machines' clocks may be this far apart. */
const skewMs = 5_000;
/** The making of a message's id and its commit may be this far apart, on such machines. */
const toleranceMs = 20_000;

/**
 * What members may have to be told of, gathered. A message that is stored starts a notice for each
 * member who should hear of it, or joins the one that waits: notices are few where messages are
 * many, and never on a message's way. Members whose notice is known to wait cost a look into a map.
 */
export class Notices {
  /** Since the last flush, by member and conversation. */
  #drafts = new Map<string, NoticeDraft>();
  #read = new Map<string, OwnConversation>();
  /** When the notices that wait will be looked at, as far as this instance knows. */
  readonly #known = new Map<string, { dueAt: number; active: boolean; setting: number }>();
  readonly #watermarkId = newId();
  #watermarkAt = -Infinity;
  #flushing = Promise.resolve(0);

  constructor(
    private readonly database: Pick<OpenDatabase, "background" | "unhurried">,
    private readonly clock: Clock,
    private readonly defaults: NoticeDefaults,
    private readonly isActive: (userId: string) => boolean,
  ) {}

  /** A message was stored. */
  readonly add = (message: Message, members: string[]): void => {
    const at = this.clock.now();
    const { conversationId, senderId } = message;
    for (const userId of members) {
      if (userId === senderId) continue;
      const key = keyOf({ userId, conversationId });
      if (this.#drafts.has(key)) continue;
      const active = this.isActive(userId);
      const known = this.#known.get(key);
      // What waits will be looked at after this message was stored, by whatever machine's clock, and
      // so with it; but for a member who was active then and has gone since, that would be late.
      const isKnown = known && known.dueAt > at + skewMs && (active || !known.active) &&
        // Put back since, the clock would have it wait for as long again.
        Math.abs(known.setting - this.#setting()) < skewMs;
      if (!isKnown) this.#drafts.set(key, { userId, conversationId, at, active });
    }
  };

  /** A member has read a conversation to its end. */
  readonly read = (userId: string, conversationId: string): void => {
    const one = { userId, conversationId };
    this.#read.set(keyOf(one), one);
  };

  /**
   * Has what was read to its end since the last time taken back.
   *
   * @throws what `takeBack` throws; what was read is kept for the next time
   */
  async withRead(takeBack: (read: OwnConversation[]) => Promise<void>): Promise<void> {
    const read = this.#read;
    this.#read = new Map();
    try {
      if (read.size > 0) await takeBack([...read.values()]);
    } catch (error) {
      for (const [key, one] of read) this.#read.set(key, one);
      throw error;
    }
  }

  /**
   * Writes what was gathered. To be called every second or so.
   *
   * @returns how many that were
   * @throws while the database is away; what was gathered is kept for the next time
   */
  flush(): Promise<number> {
    return this.#flushing = this.#flushing.catch(() => 0).then(() => this.#flush());
  }

  async #flush(): Promise<number> {
    const now = this.clock.now();
    const drafts = [...this.#drafts];
    this.#drafts = new Map();
    try {
      await this.#start(this.database.background, drafts.map(([, draft]) => draft));
    } catch (error) {
      for (const [key, draft] of drafts) this.#drafts.set(key, draft);
      throw error;
    }
    // Also when the clock was put back: what is stored now has lower ids than that time's.
    if (Math.abs(now - this.#watermarkAt) >= watermarkMs) await this.#raiseWatermark(now);
    if (this.#known.size > knownMax) this.#known.clear();
    return drafts.length;
  }

  /**
   * Starts the notices that instances owe which ended without a word: what they stored after their
   * last watermark may have none.
   */
  async recover(): Promise<void> {
    const before = this.clock.now() - silentMs;
    // In one transaction: should this instance end as well, the next one finds the watermarks again.
    // After a long time away it may take some.
    await this.database.unhurried.transaction(async (tx) => {
      const watermarks = await takeSilentWatermarks(tx, before);
      if (watermarks.length === 0) return;
      const since = Math.min(...watermarks) - toleranceMs;
      await this.#start(tx, await selectUnnoticed(tx, firstIdOf(since)));
    });
  }

  /** Writes what is left. Should a message still be stored after this, another instance sees to it. */
  async close(): Promise<void> {
    await this.flush();
    await this.#raiseWatermark(this.clock.now());
  }

  /** Stays the same for as long as nobody sets the machine's clock. */
  #setting(): number {
    return this.clock.now() - this.clock.elapsed();
  }

  async #raiseWatermark(now: number): Promise<void> {
    await upsertWatermark(this.database.background, this.#watermarkId, now);
    this.#watermarkAt = now;
  }

  async #start(db: Database, drafts: NoticeDraft[]): Promise<void> {
    for (let at = 0; at < drafts.length; at += batchSize) {
      const waiting = await startNotices(db, drafts.slice(at, at + batchSize), this.defaults);
      const active = new Set(drafts.filter((draft) => draft.active).map(keyOf));
      for (const one of waiting) {
        const key = keyOf(one);
        this.#known.set(key, {
          dueAt: one.dueAt,
          active: active.has(key),
          setting: this.#setting(),
        });
      }
    }
  }
}

const keyOf = (of: OwnConversation) => `${of.userId} ${of.conversationId}`;
