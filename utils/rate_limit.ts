import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";

/**
 * Counts what each key did lately.
 *
 * @param key whom to count for: a member's id, an address
 * @returns 0 if there is room, else the seconds until there is
 */
export type RateLimit = (key: string) => Promise<number>;

/** @param points how often in `seconds`; both may be any positive number */
export function createRateLimit(points: number, seconds: number): RateLimit {
  const limiter = new RateLimiterMemory({ points, duration: seconds });
  return async (key) => {
    try {
      await limiter.consume(key);
      return 0;
    } catch (refused) {
      if (refused instanceof RateLimiterRes) return Math.ceil(refused.msBeforeNext / 1000);
      throw refused;
    }
  };
}
