import type { OpenLimiter } from "@/utils/rate_limit.ts";
import { lt } from "drizzle-orm";
import { createHash } from "node:crypto";
import { RateLimiterDrizzle } from "rate-limiter-flexible";
import type { Database } from "./database.ts";
import { rateLimits } from "./schema.ts";

/**
 * Counts in the database, for all instances together.
 *
 * @param meanwhile counts instead while the database is away
 */
export function openInDatabase(db: Database, meanwhile: OpenLimiter): OpenLimiter {
  return (options) =>
    new HashedKeys({
      ...options,
      storeClient: db,
      schema: rateLimits,
      insuranceLimiter: meanwhile(options),
      // `deleteExpiredRateLimits` does, and ends with the server.
      clearExpiredByTimeout: false,
    });
}

/** Keys are names that people log in by, and addresses: neither is to be found in the table. */
class HashedKeys extends RateLimiterDrizzle {
  override getKey(key: string): string {
    return createHash("sha256").update(super.getKey(key)).digest("base64url");
  }
}

/** Clears away what no longer counts. */
export async function deleteExpiredRateLimits(db: Database, now: number): Promise<void> {
  await db.delete(rateLimits).where(lt(rateLimits.expire, new Date(now)));
}
