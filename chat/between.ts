import type { OpenDatabase } from "@/db/database.ts";
import { getSecret } from "@/db/secrets.ts";
import type { Clock } from "@/utils/clock.ts";
import type { Config } from "@/utils/config.ts";
import { newId } from "@/utils/ids.ts";
import type { Log } from "@/utils/log.ts";
import { openRedis } from "@/utils/redis.ts";
import type { Bus } from "./bus.ts";
import { MemoryBus } from "./memory_bus.ts";
import { MemoryPresence } from "./memory_presence.ts";
import type { ChatMetrics } from "./metrics.ts";
import { PostgresBus } from "./postgres_bus.ts";
import { PostgresPresence } from "./postgres_presence.ts";
import type { Presence } from "./presence.ts";
import { RedisBus } from "./redis_bus.ts";
import { RedisPresence } from "./redis_presence.ts";

/** What an instance shares with others besides the database. */
export interface Between {
  bus: Bus;
  presence: Presence;
  /** Lets go of what carries them, once the bus is closed. */
  close(): void;
}

/** Opens what is configured: Redis, else the Postgres server, else nothing but this process. */
export async function openBetween(
  config: Pick<Config, "databaseUrl" | "redis">,
  database: OpenDatabase,
  { clock, log, metrics }: { clock: Clock; log: Log; metrics: ChatMetrics },
): Promise<Between> {
  if (config.databaseUrl === undefined) {
    return { bus: new MemoryBus(), presence: new MemoryPresence(), close() {} };
  }
  const instanceId = newId();
  if (config.redis === undefined) {
    return {
      bus: new PostgresBus(database, instanceId, log, metrics),
      presence: new PostgresPresence(database.db, instanceId, clock),
      close() {},
    };
  }
  // Who shares the database shares the name, and nobody else who is on the same Redis.
  const name = `parley:${await getSecret(database.db, "redis", newId)}`;
  const redis = openRedis(config.redis, log);
  return {
    bus: new RedisBus(redis, name, instanceId, log, metrics),
    presence: new RedisPresence(redis, name, instanceId, clock, log),
    close: () => redis.close(),
  };
}
