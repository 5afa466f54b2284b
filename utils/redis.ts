/**
 * Redis or Valkey, one server or a cluster. It is never waited for: while it is away, everything
 * that is asked of it fails at once.
 *
 * @module
 */
import { createClient, createCluster, type RedisClientOptions } from "@redis/client";
import type { Log } from "./log.ts";

/** Where Redis is. */
export interface RedisAddress {
  /** Of a cluster, some nodes that tell of the others. */
  urls: string[];
  cluster: boolean;
}

/** An open connection that restores itself, and its subscriptions with it. */
export interface Redis {
  /** Whether it answers, as far as is known. */
  readonly isReady: boolean;
  /** Sends a command to where its key lives. */
  send(key: string, ...command: string[]): Promise<unknown>;
  /** Hears what is said by SPUBLISH; again at once if it is heard already. */
  subscribe(channel: string, heard: (text: string, channel: string) => void): Promise<void>;
  unsubscribe(channel: string, heard: (text: string, channel: string) => void): Promise<void>;
  /** Calls back when it is there at first, and each time it is back: what was said meanwhile is lost. */
  onReady(listener: () => void): void;
  close(): void;
}

/** How often it is seen whether a server still answers. */
const pulseMs = 4_000;
const retryMsMax = 2_000;

/** Soon again at first; many come back at once. */
const retryMs = (retries: number) =>
  Math.min(100 * 2 ** retries, retryMsMax) * (0.5 + Math.random() / 2);

const options = {
  RESP: 3,
  disableOfflineQueue: true,
  maintNotifications: "disabled",
  // A timer for each command would cost as much as the command.
  commandOptions: { timeout: undefined },
} satisfies RedisClientOptions;

/** What the two kinds tell of themselves. */
interface Events {
  away(error: unknown): void;
  back(): void;
}

type Driver = Pick<Redis, "send" | "subscribe" | "unsubscribe" | "close"> & { isReady(): boolean };

/** Begins to connect, and goes on trying for as long as it takes. */
export function openRedis(address: RedisAddress, log: Log): Redis {
  const listeners: (() => void)[] = [];
  let isAway = false;
  const open = address.cluster ? openCluster : openServer;
  const { close, ...redis } = open(address.urls, {
    away(error) {
      if (!isAway) {
        log.warn("Redis is away: other instances hear nothing until it is back", { error });
      }
      isAway = true;
    },
    back() {
      if (isAway) log.info("Redis is back");
      isAway = false;
      for (const listener of listeners) listener();
    },
  });
  return {
    get isReady() {
      return redis.isReady();
    },
    send: redis.send,
    subscribe: redis.subscribe,
    unsubscribe: redis.unsubscribe,
    onReady: (listener) => void listeners.push(listener),
    close,
  };
}

/** By one connection for everything, so that what is lost with it is known to be lost. */
function openServer([url]: string[], events: Events): Driver {
  const client = createClient({ ...options, url, socket: { reconnectStrategy: retryMs } });
  client.on("error", events.away).on("ready", events.back);
  // It tries again by itself, and ends only with `close`.
  const connect = () => client.connect().catch(() => {});
  connect();
  let owesAnswer = false;
  const pulse = setInterval(() => {
    if (!client.isReady) return;
    if (owesAnswer) {
      owesAnswer = false;
      events.away(new Error("It does not answer"));
      client.destroy();
      connect();
      return;
    }
    owesAnswer = true;
    client.sendCommand(["PING"]).catch(() => {}).finally(() => owesAnswer = false);
  }, pulseMs);
  return {
    isReady: () => client.isReady,
    send: (_, ...command) => client.sendCommand(command),
    subscribe: (channel, heard) => client.sSubscribe(channel, heard),
    unsubscribe: (channel, heard) => client.sUnsubscribe(channel, heard),
    close() {
      clearInterval(pulse);
      client.destroy();
    },
  };
}

function openCluster(urls: string[], events: Events): Driver {
  const { protocol, username, password } = new URL(urls[0] as string);
  const cluster = createCluster({
    ...options,
    rootNodes: urls.map((url) => ({ url })),
    // Of the nodes that it finds by itself.
    defaults: {
      ...options,
      ...username && { username: decodeURIComponent(username) },
      ...password && { password: decodeURIComponent(password) },
      socket: { reconnectStrategy: retryMs, ...protocol === "rediss:" && { tls: true } },
    },
  });
  const failing = new Set<string>();
  let soon: ReturnType<typeof setTimeout> | undefined;
  // Each node has two connections, the second of which may take another try.
  const backSoon = () => {
    clearTimeout(soon);
    if (failing.size === 0) soon = setTimeout(events.back, retryMsMax);
  };
  const settle = ({ host, port }: { host: string; port: number }) => {
    if (failing.delete(`${host}:${port}`)) backSoon();
  };
  const refuse = (error: unknown) => {
    events.away(error);
    if (cluster.isReady) backSoon();
  };
  cluster.on("error", refuse).on("sharded-channel-moved-error", refuse);
  cluster.on("node-ready", settle).on("node-disconnect", settle);
  cluster.on("node-error", (error, { host, port }) => {
    failing.add(`${host}:${port}`);
    events.away(error);
  });
  let closed = false;
  (async () => {
    for (let tries = 0; !closed; tries++) {
      try {
        await cluster.connect();
        return events.back();
      } catch (error) {
        events.away(error);
        await new Promise((resolve) => setTimeout(resolve, retryMs(tries)));
      }
    }
  })();
  return {
    isReady: () => cluster.isReady,
    send: (key, ...command) => cluster.sendCommand(key, false, command),
    subscribe: (channel, heard) => cluster.sSubscribe(channel, heard),
    unsubscribe: (channel, heard) => cluster.sUnsubscribe(channel, heard),
    close() {
      closed = true;
      clearTimeout(soon);
      if (cluster.isOpen) cluster.destroy();
    },
  };
}
