import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";

/** Counts what each key did lately. */
export interface RateLimit {
  /**
   * Counts one.
   *
   * @param key whom to count for: a member's id, an address
   * @returns 0 if there is room, else the seconds until there is
   */
  take(key: string): Promise<number>;
  /** Makes up for one that had room, and turned out not to be what is counted. */
  giveBack(key: string): Promise<void>;
}

/** A limit of what should not happen at all, such as a wrong password. */
export interface FailureLimit extends RateLimit {
  /** Forgets a key's failures. */
  clear(key: string): Promise<void>;
}

/** Makes a counter of the library's, kept wherever its maker keeps them. */
export type OpenLimiter = (
  options: { keyPrefix: string; points: number; duration: number },
) => RateLimiterAbstract;

/** Two machines' clocks, by which the library counts, may be this far apart. */
const skewMs = 60_000;

/** Keys that one counter in memory keeps apart. The library takes about 800 bytes for each. */
export const mostKeys = 50_000;
/** What the keys beyond those share. */
const sharedKeys = 1_000;

/**
 * The library's counter in memory, which drops a key when its time is over, but takes any number of
 * them until then: ever new addresses would fill the memory. Those that come when it is full count
 * together, a thousandth of them each; those that are in it are not concerned.
 */
class BoundedMemory extends RateLimiterMemory {
  override getKey(key: string): string {
    const own = super.getKey(key);
    // The library tells the number of its keys nowhere else.
    const { _storage: kept } = (this as unknown as Kept)._memoryStorage;
    return kept.size < mostKeys || kept.has(own) ? own : super.getKey(`beyond ${bucketOf(own)}`);
  }
}

interface Kept {
  _memoryStorage: { _storage: Map<string, unknown> };
}

function bucketOf(key: string): number {
  let hash = 0;
  for (let at = 0; at < key.length; at++) hash = (hash * 31 + key.charCodeAt(at)) >>> 0;
  return hash % sharedKeys;
}

/** Counts in this process's memory. */
export const openInMemory: OpenLimiter = (options) => new BoundedMemory(options);

/**
 * So many in so many seconds, counted from the first one.
 *
 * @param points may be any positive number; of less than one, nothing has room
 */
export function createRateLimit(
  open: OpenLimiter,
  name: string,
  points: number,
  seconds: number,
): RateLimit {
  const limiter = open({ keyPrefix: name, points, duration: seconds });
  return {
    take: (key) => secondsToWait(limiter, key, seconds),
    giveBack: async (key) => void await limiter.reward(key),
  };
}

/**
 * Some failures are free. From the last of these on there is one try in a time that doubles with
 * each, up to `longest`; after `forgotten` all of them are. One who tries counts as having failed
 * until they give it back or clear it, so that many tries at once gain nothing.
 */
export function createFailureLimit(
  open: OpenLimiter,
  name: string,
  free: number,
  seconds: { first: number; longest: number; forgotten: number },
): FailureLimit {
  const failures = open({ keyPrefix: name, points: free, duration: seconds.forgotten });
  const turns = open({ keyPrefix: `${name}.turn`, points: 1, duration: seconds.first });
  return {
    async take(key) {
      const { consumedPoints } = await failures.penalty(key);
      if (consumedPoints < free) return 0;
      const customDuration = Math.min(
        seconds.longest,
        seconds.first * 2 ** (consumedPoints - free),
      );
      // Another one that tries now may have taken the turn, and for longer.
      const wait = await secondsToWait(turns, key, customDuration, seconds.longest);
      if (wait > 0) await failures.reward(key);
      return wait;
    },
    async giveBack(key) {
      await Promise.all([failures.reward(key), turns.delete(key)]);
    },
    async clear(key) {
      await Promise.all([failures.delete(key), turns.delete(key)]);
    },
  };
}

/**
 * Counts one.
 *
 * @param most seconds that anyone may have to wait
 * @returns 0 if there was room, else the seconds until there is
 */
async function secondsToWait(
  limiter: RateLimiterAbstract,
  key: string,
  seconds: number,
  most = seconds,
): Promise<number> {
  try {
    await limiter.consume(key, 1, { customDuration: seconds });
    return 0;
  } catch (refused) {
    if (!(refused instanceof RateLimiterRes)) throw refused;
    if (refused.msBeforeNext > most * 1000 + skewMs) {
      // The clock was put back, and what was counted before would be held against them until then.
      await limiter.delete(key);
      return secondsToWait(limiter, key, seconds, most);
    }
    return Math.max(1, Math.ceil(refused.msBeforeNext / 1000));
  }
}
