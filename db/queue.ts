/**
 * The job queue: what must be done, again and again until it works or is given up. pg-boss, on the
 * same database.
 *
 * @module
 */
import { newId } from "@/utils/ids.ts";
import { type Log, reasonOf } from "@/utils/log.ts";
import { type SQL, sql } from "drizzle-orm";
import {
  type Clock,
  fromDrizzle,
  type JobResult,
  type JobWithMetadata,
  PgBoss,
  systemClock,
} from "pg-boss";
import { type Database, type OpenDatabase, select } from "./database.ts";
import { underMigrationLock } from "./migrate.ts";

/** Time and timers, for a test that brings its own. */
export type QueueClock = Clock;

/** Where jobs go that were given up. */
const undelivered = "undelivered";
const daySeconds = 86_400;
/** How long jobs under way may take to finish when the queue closes. */
const closeMs = 2_500;

/** How a queue does its jobs. */
export interface QueueOptions {
  /** A job that takes longer has failed. One whose instance is gone is done again later than that. */
  limitSeconds: number;
  /** The first wait after a failure; each next one is twice as long, up to half an hour. */
  retryDelaySeconds: number;
  /** After so many failures a job is given up. */
  retryLimit: number;
}

/** A job under way. */
export interface Job<Data> {
  id: string;
  data: Data;
}

/** How a job ended. What a handler throws instead is a failure to be tried again. */
export type Outcome = { done: true; note?: string } | { done: false; reason: string };

/** How a try of a job ended: well, to be tried again, or for good. */
export type JobState = "done" | "failed" | "given_up";

/** A job that was given up. */
export interface UndeliveredJob<Data> {
  queue: string;
  data: Data;
  reason: string;
  createdAt: string;
  failedAt: string;
}

export interface QueueParts {
  log: Log;
  /** pg-boss's own kind, with timers; left out: the system's. */
  clock?: QueueClock | undefined;
  /** Is told how each try of a job ended. */
  settled?: (queue: string, state: JobState) => void;
}

export interface Queue {
  /** Adds jobs, in the transaction it is handed. */
  add(db: Database, queue: string, jobs: { id: string; data: object }[]): Promise<void>;
  /** Does a queue's jobs from now on, several at a time. */
  work<Data>(queue: string, handle: (job: Job<Data>) => Promise<Outcome>): Promise<void>;
  /** The latest jobs that were given up, of the last 30 days. */
  undelivered<Data>(limit: number): Promise<UndeliveredJob<Data>[]>;
  /** How many jobs of each queue wait or are under way; it may be up to a minute old. */
  depths(): Promise<Record<string, number>>;
  /** Finishes the jobs under way, up to some seconds; what is left is done again elsewhere. */
  close(): Promise<void>;
}

/** Opens the queue and brings its own tables, in the schema `pgboss`, up to date. */
export async function openQueue(
  { background: database, unhurried, queueDatabase: { backend, db } }: OpenDatabase,
  queues: Record<string, QueueOptions>,
  { log, clock = systemClock, settled = () => {} }: QueueParts,
): Promise<Queue> {
  const boss = new PgBoss({
    backend,
    db,
    schedule: false,
    clock,
  });
  boss.on("error", (error) => log.warn("The job queue has trouble", { error }));
  boss.on("warning", (warning) => log.warn(`The job queue warns: ${warning.message}`));
  // Instances that start together take turns; the embedded database has one, and one connection.
  if (backend === "pglite") await install();
  else await underMigrationLock(unhurried, install);

  return {
    async add(db, queue, jobs) {
      if (jobs.length === 0) return;
      const execute = (query: unknown) => select(db, query as SQL);
      const startAfter = new Date(clock.now());
      await boss.insert(
        queue,
        jobs.map((job) => ({ ...job, startAfter })),
        { db: fromDrizzle({ execute }, sql) },
      );
    },

    async work(queue, handle) {
      const settings = {
        batchSize: 20,
        localConcurrency: 3,
        pollingIntervalSeconds: 1,
        burstWhenBatchFull: true,
        perJobResults: true,
        includeMetadata: true,
      } as const;
      const limitMs = (queues[queue] as QueueOptions).limitSeconds * 1_000;
      await boss.work(
        queue,
        settings,
        (jobs) =>
          Promise.all(
            (jobs as JobWithMetadata<never>[]).map((job) => settle(job, handle, limitMs)),
          ),
      );
    },

    // pg-boss would fetch them all.
    undelivered: <Data>(limit: number) =>
      select<UndeliveredJob<Data>>(
        database,
        sql`select source_name as queue, data,
            coalesce(output->>'reason', output#>>'{value,message}', 'unknown') as reason,
            source_created_on as "createdAt", created_on as "failedAt"
          from pgboss.job where name = ${undelivered}
          order by created_on desc limit ${limit}`,
      ),

    async depths() {
      const all = await Promise.all(
        Object.keys(queues).map(async (name) => {
          const [stats] = await boss.getQueueStats(name);
          return [name, (stats?.queuedCount ?? 0) + (stats?.activeCount ?? 0)] as const;
        }),
      );
      return Object.fromEntries(all);
    },

    close: () => boss.stop({ graceful: true, timeout: closeMs }),
  };

  async function install(): Promise<void> {
    await boss.start();
    await boss.createQueue(undelivered, { retentionSeconds: 30 * daySeconds });
    for (const [name, options] of Object.entries(queues)) {
      const settings = {
        // A batch takes as long as its slowest job, and some time to be fetched and settled.
        expireInSeconds: options.limitSeconds + 30,
        retryLimit: options.retryLimit,
        retryDelay: options.retryDelaySeconds,
        retryBackoff: true,
        retryDelayMax: 1_800,
        deleteAfterSeconds: daySeconds,
        deadLetter: undelivered,
      };
      // Creating one that exists changes nothing, and what changes with a version must arrive.
      await boss.createQueue(name, settings);
      const { deadLetter: _, retryDelayMax: __, ...changeable } = settings;
      await boss.updateQueue(name, changeable);
      // pg-boss looks a queue up at its first use, on a connection of its own. Within a transaction
      // of ours the embedded database, which has one, would wait for itself.
      await boss.findJobs(name, { id: newId() });
    }
  }

  async function settle<Data>(
    job: JobWithMetadata<Data>,
    handle: (job: Job<Data>) => Promise<Outcome>,
    limitMs: number,
  ): Promise<JobResult> {
    const { id, name, retryCount, retryLimit } = job;
    try {
      const outcome = await within(limitMs, handle(job));
      if (outcome.done) {
        const output = { note: outcome.note ?? "done" };
        // At once: should the rest of its batch never end, this one must not be done again. Nor if
        // this fails: the batch's own end is another try.
        await boss.complete(name, id, output)
          .catch((error) => log.warn("A job's end was not noted", { id, error }));
        settled(name, "done");
        return { id, status: "completed", output };
      }
      log.error(`A job of ${name} was given up`, { id, reason: reasonOf(outcome.reason) });
      settled(name, "given_up");
      return { id, status: "deadletter", output: { reason: outcome.reason } };
    } catch (error) {
      const reason = reasonOf(error);
      if (retryCount < retryLimit) {
        log.warn(`A job of ${name} failed and will be tried again`, { id, reason, retryCount });
      } else log.error(`A job of ${name} was given up`, { id, reason, retryCount });
      settled(name, retryCount < retryLimit ? "failed" : "given_up");
      return { id, status: "failed", output: { reason } };
    }
  }
}

/** @throws if it takes longer; what it does goes on, and nobody waits for it */
async function within<Result>(ms: number, work: Promise<Result>): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`Not done within ${ms / 1_000} s`)), ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
