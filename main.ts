/**
 * Builds everything once, serves, and shuts down.
 *
 *     deno task dev | start | migrate
 *
 * @module
 */
import { openBetween } from "@/chat/between.ts";
import { type Chat, openChat } from "@/chat/chat.ts";
import { queues, startDeliveries } from "@/chat/deliveries.ts";
import { demoMembers, demoPassword, seedDemo } from "@/chat/demo.ts";
import { watchEpoch } from "@/chat/epoch.ts";
import { createChatMetrics, watchChat } from "@/chat/metrics.ts";
import { endNotices, notify, tidyNotices } from "@/chat/notify.ts";
import { beat, endPresence, sweep } from "@/chat/online.ts";
import { closeCodes } from "@/chat/protocol.ts";
import { Status } from "@/chat/status.ts";
import { databaseError, isForbidden, isTransient, type OpenDatabase } from "@/db/database.ts";
import { CannotOpen, openDatabase } from "@/db/open.ts";
import { openQueue, type Queue, type QueueClock, type QueueParts } from "@/db/queue.ts";
import { deleteExpiredRateLimits } from "@/db/rate_limits.ts";
import { getSecret } from "@/db/secrets.ts";
import { createApp } from "@/routes/app.ts";
import { SocketGuard } from "@/routes/socket_guard.ts";
import { type Clock, systemClock } from "@/utils/clock.ts";
import { type Config, ConfigError, readConfig } from "@/utils/config.ts";
import { FolderInUse } from "@/utils/folder_lock.ts";
import { createTokens, type Tokens } from "@/utils/jwt.ts";
import { createLog, type Log } from "@/utils/log.ts";
import type { Mailer } from "@/utils/mail.ts";
import { Mailbox } from "@/utils/mailbox.ts";
import { createMailer } from "@/utils/mailer.ts";
import { Metrics } from "@/utils/metrics.ts";
import { createPusher, type Vapid } from "@/utils/push.ts";
import { createVapidKeys } from "@/utils/vapid.ts";
import { fileURLToPath } from "node:url";

const pageFolder = fileURLToPath(new URL("./dist", import.meta.url));
const sweepMs = 1_000;
const beatMs = 5_000;
const notifyMs = 1_000;
const tidyMs = 60_000;
const guardMs = 50;
const sampleMs = 1_000;
/** How long sockets may take to answer that they heard of the end. */
const farewellMs = 1_500;
/** How long requests under way may take to finish when the program is told to stop. */
const drainMs = 3_000;
/** When the program ends all the same, whatever does not answer. */
const stopMs = 9_000;

/** Why the program cannot start, in one line for whoever started it. */
class StartError extends Error {
  override name = "StartError";
}

/** A server that is up. */
export interface Server {
  /** Where it listens, without a slash at its end. */
  url: string;
  chat: Chat;
  tokens: Tokens;
  /** Stops accepting, tells sockets to come back, finishes writes, and closes what was opened. */
  close(): Promise<void>;
}

/** What the server is given besides its configuration; all but the log only by tests. */
export interface ServeParts {
  log: Log;
  clock?: Clock;
  /** The job queue's clock, which also has timers. */
  queueClock?: QueueClock;
  mailer?: Mailer;
  /** What reaches push services. */
  fetch?: typeof fetch;
}

/**
 * Serves on an open and migrated database, which is closed with the server.
 */
export async function serve(
  config: Config,
  database: OpenDatabase,
  parts: ServeParts,
): Promise<Server> {
  const { log, clock = systemClock, queueClock } = parts;
  const metrics = new Metrics();
  const counts = createChatMetrics(metrics);
  const shared = config.databaseUrl !== undefined;
  const dev = config.mode === "development";
  const mailbox = dev && config.mail === undefined ? new Mailbox(clock) : undefined;
  const mailer = parts.mailer ?? mailbox ?? (config.mail && createMailer(config.mail));
  const vapid = config.vapid ?? (dev ? await ownVapid(database) : undefined);
  const pusher = vapid && createPusher({
    vapid,
    services: config.pushServices,
    ...parts.fetch && { fetch: parts.fetch },
  });
  const queue = mailer || pusher
    ? await openJobQueue(database, {
      log,
      clock: queueClock,
      settled: (queue, state) => counts.job({ queue, state }),
    })
    : undefined;
  const between = await openBetween(config, database, { log, clock, metrics: counts });
  const chat = await openChat({
    database,
    sharesDatabase: shared,
    bus: between.bus,
    presence: between.presence,
    clock,
    log,
    metrics: counts,
    settings: config,
    mailer,
    pusher,
    queue,
  });
  watchChat(metrics, chat);
  const status = new Status(chat);
  const tokens = createTokens({
    secret: config.jwtSecret,
    jwksUrl: config.jwksUrl,
    issuer: config.jwtIssuer,
    audience: config.jwtAudience,
    localAccounts: config.localAccounts,
    ttlSeconds: config.tokenTtlSeconds,
    clock,
  });
  const guard = new SocketGuard(log, config.silenceSeconds);
  const app = createApp(chat, tokens, {
    ...config,
    guard,
    mailbox,
    metrics,
    status,
    page: {
      folder: pageFolder,
      dev,
      config: {
        localAccounts: config.localAccounts,
        tabs: config.inboxTabs,
        demoMembers: dev && config.localAccounts ? demoMembers : null,
        demoPassword: dev && config.localAccounts ? demoPassword : null,
        parentOrigins: config.allowedOrigins,
        heartbeatSeconds: config.heartbeatSeconds,
        emailAvailable: mailer !== undefined,
        emailContentAllowed: config.emailContent,
        vapidPublicKey: vapid?.publicKey ?? null,
      },
    },
  });

  /** Not again while it is still at it. */
  const often = (task: (chat: Chat) => Promise<void>, ms: number) => {
    let running = false;
    return setInterval(async () => {
      if (running) return;
      running = true;
      await task(chat).catch((error) => log.warn("A periodic task failed", { error }));
      running = false;
    }, ms);
  };
  await beat(chat);
  // Its watermark, before anything is stored: should this instance end at once, it is known to have been.
  await chat.notices.flush();
  await startDeliveries(chat);
  const timers = [
    often(sweep, sweepMs),
    often(beat, beatMs),
    often(watchEpoch, beatMs),
    often(notify, notifyMs),
    often(tidyNotices, tidyMs),
    setInterval(() => guard.check(), guardMs),
    setInterval(status.sample, sampleMs),
    often(() => deleteExpiredRateLimits(database.background, Date.now()), tidyMs),
  ];
  const server = listen(config, app.fetch);
  const { hostname, port } = server.addr;

  return {
    url: `http://${hostname === "0.0.0.0" ? "localhost" : hostname}:${port}`,
    chat,
    tokens,
    async close() {
      for (const timer of timers) clearInterval(timer);
      // Sockets first: Deno's shutdown ends those there are with a code of its own, 1001.
      const told = chat.connections.end(closeCodes.restart, "The server restarts");
      await Promise.race([told, after(farewellMs)]);
      await Promise.race([server.shutdown(), after(drainMs)]);
      const ended = Promise.all([chat.writer.idle(), chat.marker.idle()])
        .then(() =>
          Promise.all([
            endPresence(chat),
            endNotices(chat).finally(() => queue?.close()),
          ])
        )
        .catch((error) => log.warn("Not everything was brought to its end", { error }));
      await Promise.race([ended, after(drainMs)]);
      mailer?.close();
      await chat.bus.close();
      between.close();
      await database.close();
    },
  };
}

/** @throws {StartError} if the database's user may not make the queue's tables */
async function openJobQueue(
  database: OpenDatabase,
  parts: QueueParts,
): Promise<Queue> {
  try {
    return await openQueue(database, queues, parts);
  } catch (error) {
    if (!isForbidden(error)) throw error;
    throw new StartError(
      "Cannot start: the database's user may not create the schema pgboss for the job " +
        "queue: expected the right to CREATE on the database",
    );
  }
}

/** In development nobody need make keys. They stay the same, or browsers would have to ask again. */
async function ownVapid({ db }: OpenDatabase): Promise<Vapid> {
  const keys = await getSecret(db, "vapid", () => JSON.stringify(createVapidKeys()));
  return { ...JSON.parse(keys), subject: "mailto:development@localhost" };
}

/** @throws {StartError} if somebody else listens there */
function listen({ host, port }: Config, handler: Deno.ServeHandler<Deno.NetAddr>) {
  try {
    return Deno.serve({ hostname: host, port, onListen: () => {} }, handler);
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    throw new StartError(`Cannot listen on ${host}:${port}: it is in use; choose another PORT`);
  }
}

/** Does not keep the program alive by itself. */
function after(ms: number): Promise<void> {
  return new Promise((resolve) => Deno.unrefTimer(setTimeout(resolve, ms)));
}

async function run(command: string): Promise<void> {
  const started = performance.now();
  // A migration needs no secret.
  const mode = command === "start" ? "production" : "development";
  const config = readConfig(Deno.env.toObject(), mode);
  const log = createLog(config.logLevel, mode === "development" ? "text" : "json");
  // An error that nobody caught is a bug, but not a reason to cut everyone off.
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    log.error("Unhandled rejection", { error: event.reason });
  });

  if (command === "dev") {
    const { watchPage } = await import("@/utils/build.ts");
    await watchPage({ outDir: pageFolder, dev: true });
  } else if (command === "start") {
    await Deno.stat(`${pageFolder}/manifest.json`).catch(() => {
      throw new StartError("Cannot start: the page is not built; run `deno task build` first");
    });
  }
  const database = await openDatabase(config, log);
  if (command === "migrate") {
    if (config.mail || config.vapid) await (await openJobQueue(database, { log })).close();
    await database.close();
    return log.info("The database is up to date");
  }
  const server = await serve(config, database, { log });
  if (mode === "development" && config.localAccounts) await seedDemo(server.chat);
  log.info(`Parley is ready: ${config.port === 0 ? server.url : config.publicUrl}`, {
    seconds: Math.round((performance.now() - started) / 100) / 10,
  });

  // In development the watcher stops and restarts us.
  if (mode === "development") return;
  let stopping: Promise<void> | undefined;
  const stop = async (signal: Deno.Signal) => {
    log.info("Stopping", { signal });
    await Promise.race([server.close(), after(stopMs)]);
    Deno.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    // Once: an impatient operator, or a shell and its task runner, may say it twice.
    Deno.addSignalListener(signal, () => stopping ??= stop(signal));
  }
}

/** Why the program cannot start, if it is nothing that a developer has to look into. */
function startFailure(error: unknown): unknown {
  const expected = [StartError, ConfigError, FolderInUse, CannotOpen, Deno.errors.NotCapable];
  if (expected.some((kind) => error instanceof kind)) return (error as Error).message;
  if (!isTransient(error)) return error;
  return `Cannot start: the database went away (${databaseError(error)?.code})`;
}

if (import.meta.main) {
  const [command = "start"] = Deno.args;
  try {
    if (!["dev", "start", "migrate"].includes(command)) {
      throw new StartError(`Cannot ${command}: expected dev, start or migrate`);
    }
    await run(command);
  } catch (error) {
    console.error(startFailure(error));
    Deno.exit(1);
  }
}
