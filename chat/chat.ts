import { isReady as databaseAnswers, type OpenDatabase } from "@/db/database.ts";
import type { Queue } from "@/db/queue.ts";
import { openInDatabase } from "@/db/rate_limits.ts";
import type { Clock } from "@/utils/clock.ts";
import type { Log } from "@/utils/log.ts";
import type { Mailer } from "@/utils/mail.ts";
import type { Pusher } from "@/utils/push.ts";
import { openInMemory } from "@/utils/rate_limit.ts";
import { type Bus, syncNeeded } from "./bus.ts";
import { Activity } from "./activity.ts";
import { type Audience, Connections } from "./connections.ts";
import { Epoch } from "./epoch.ts";
import { createGuesses, type Guesses } from "./guesses.ts";
import { createLookups, type Lookups } from "./lookups.ts";
import { createMarker, type Marker } from "./marker.ts";
import { type ChatMetrics, noteBatch, noteWrite } from "./metrics.ts";
import { Notices } from "./notices.ts";
import type { Presence } from "./presence.ts";
import { limits, type NotificationPreferences, type ServerFrame } from "./protocol.ts";
import { createRates, type Rates } from "./rates.ts";
import { createWriter, type Writer } from "./writer.ts";

/** What the platform sets; see the configuration table in docs/operations.md. */
export interface ChatSettings {
  refreshTtlSeconds: number;
  silenceSeconds: number;
  /** The address members see, without a slash at its end. */
  publicUrl: string;
  /** The sender of mail; undefined where none is sent, or only to look at. */
  mail: { from: string } | undefined;
  /** Whether mail may quote what members wrote. */
  emailContent: boolean;
  emailDelaySeconds: number;
  pushDelaySeconds: number;
  rateLimitScale: number;
}

export interface ChatParts {
  database: OpenDatabase;
  /** Whether other instances may be on the same database. */
  sharesDatabase: boolean;
  bus: Bus;
  presence: Presence;
  clock: Clock;
  log: Log;
  metrics: ChatMetrics;
  settings: ChatSettings;
  /** Undefined where mail, or push, is not set up; the queue, where neither is. */
  mailer: Mailer | undefined;
  pusher: Pusher | undefined;
  queue: Queue | undefined;
}

/** One running instance of the domain: what every command takes as its first argument. */
export interface Chat extends Omit<ChatParts, "database" | "sharesDatabase"> {
  db: OpenDatabase["db"];
  background: OpenDatabase["background"];
  connections: Connections;
  activity: Activity;
  epoch: Epoch;
  lookups: Lookups;
  notices: Notices;
  writer: Writer;
  marker: Marker;
  rates: Rates;
  guesses: Guesses;
  /** Members whose last connection here just went, and when it did: a page that reloads is not gone. */
  departing: Map<string, number>;
  /** Searches for a pair's conversation that are under way. */
  directSearches: Map<string, Promise<{ id: string; created: boolean }>>;
}

/** What a member gets who has not chosen. */
export function defaultPreferences(settings: ChatSettings): NotificationPreferences {
  return {
    email: true,
    emailContent: true,
    push: true,
    desktop: false,
    sound: true,
    emailDelaySeconds: settings.emailDelaySeconds,
    pushDelaySeconds: settings.pushDelaySeconds,
    quietHours: null,
  };
}

/** Puts the parts together and begins to hear the other instances. */
export async function openChat(parts: ChatParts): Promise<Chat> {
  const { database, bus, clock, log, metrics, settings } = parts;
  const connections = new Connections(metrics.framesOut);
  const announce = (to: string[], frame: ServerFrame) =>
    announceTo({ connections, bus }, to, frame);
  const shared = parts.sharesDatabase ? openInDatabase(database.db, openInMemory) : openInMemory;

  const activity = new Activity();
  const notices = new Notices(
    database,
    clock,
    {
      ...defaultPreferences(settings),
      activeSeconds: limits.activeMs / 1_000,
      canEmail: parts.mailer !== undefined,
    },
    (userId) => activity.has(userId, clock.elapsed()),
  );

  await bus.subscribe({
    heard: ({ to, text, ...audience }) => connections.tell(to, text, audience),
    missed: (userIds = connections.userIds()) => connections.tell(userIds, syncNeeded),
  });
  return {
    ...parts,
    db: database.db,
    background: database.background,
    connections,
    activity,
    epoch: await Epoch.open(database),
    lookups: createLookups(database.db),
    notices,
    writer: createWriter(database.db, {
      clock,
      log,
      announce: (to, frame, audience) => announceText({ connections, bus }, to, frame, audience),
      noticed: notices.add,
      observe: (drafts, ms) => noteWrite(metrics, drafts, ms),
    }),
    marker: createMarker(database.db, {
      clock,
      announce,
      noticed: notices.read,
      observe: (marks, ms) => noteBatch(metrics.batches.marker, marks, ms),
    }),
    rates: createRates({ here: openInMemory, shared }, settings.rateLimitScale),
    guesses: createGuesses(shared, settings.rateLimitScale),
    departing: new Map(),
    directSearches: new Map(),
  };
}

/** The same for work that nobody waits for, and that is not to hold messages up. */
export const inBackground = (chat: Chat): Chat => ({ ...chat, db: chat.background });

/** Whether the database answers, so that requests can be served. */
export const isReady = (chat: Chat): Promise<boolean> => databaseAnswers(chat.db);

/** Tells members, on this instance and the others. Serialized once, however many they are. */
export function announceTo(
  by: Pick<Chat, "connections" | "bus">,
  to: string[],
  frame: ServerFrame,
  audience?: Audience,
): void {
  if (to.length > 0) announceText(by, to, JSON.stringify(frame), audience);
}

/** The same for a frame that is serialized already. */
export function announceText(
  { connections, bus }: Pick<Chat, "connections" | "bus">,
  to: string[],
  text: string,
  audience: Audience = {},
): void {
  if (to.length === 0) return;
  connections.tell(to, text, audience);
  bus.publish({ to, text, ...audience });
}
