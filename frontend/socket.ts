/**
 * The page's connection: opens a link, keeps it alive, reopens it, and falls back from WebSocket
 * to server-sent events where the network lets no WebSocket through.
 *
 * @module
 */
import { signal } from "@preact/signals";
import { type ClientFrameInput, closeCodes, type ServerFrame } from "@/chat/protocol.ts";
import { ApiError } from "./api.ts";
import { openEvents } from "./transport/events.ts";
import { type Link, lostCode } from "./transport/link.ts";
import { openWebSocket } from "./transport/websocket.ts";

export type ConnectionStatus = "idle" | "connecting" | "open" | "waiting" | "refused";
export type Answer<T extends ServerFrame["type"]> = Extract<ServerFrame, { type: T }>;

export interface ConnectionOptions {
  /** A token that is good for a while. Rejects with `unauthenticated` when there is none to get. */
  token(): Promise<string>;
  /** Called when the server no longer takes the token, before the next is asked for. */
  tokenRefused(): void;
  frame(frame: ServerFrame): void;
  opened(): void;
  heartbeatSeconds: number;
}

const retryMs = { first: 500, most: 30_000, tooMany: 20_000 };
const pongMs = 10_000;
const answerMs = 15_000;
/** How long until a page on events tries a WebSocket: soon, as a server that was away looks the same. */
const webSocketProbeMs = { first: 5_000, again: 180_000 };
/** So many WebSockets that never said `connected`, and the other way is tried. */
const webSocketTries = 2;

export class Connection {
  readonly status = signal<ConnectionStatus>("idle");
  readonly usesEvents = signal(false);
  #link: Link | null = null;
  #isRunning = false;
  /** Counts attempts to connect: a token that was asked for in an earlier one comes too late. */
  #attempt = 0;
  #failures = 0;
  #webSocketFailures = 0;
  #refusedTokens = 0;
  #nextId = 1;
  #waiting = new Map<string, (answer: ServerFrame | ApiError) => void>();
  #timers: Record<"retry" | "heartbeat" | "handshake" | "probe", number | undefined> = {
    retry: undefined,
    heartbeat: undefined,
    handshake: undefined,
    probe: undefined,
  };

  constructor(private readonly options: ConnectionOptions) {
    addEventListener("online", () => {
      // What failed while offline says nothing, and another network may let WebSockets through.
      this.usesEvents.value = false;
      this.#webSocketFailures = 0;
      this.#wake();
    });
    addEventListener("offline", () => this.#drop(lostCode));
    addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.#wake();
    });
  }

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#connect();
  }

  stop(): void {
    this.#isRunning = false;
    this.#attempt++;
    this.#link?.close();
    this.#settle("idle");
  }

  /** Sends a frame that needs no answer. Without a connection it is lost: false. */
  send(frame: ClientFrameInput): boolean {
    if (this.status.value !== "open" || this.#link === null) return false;
    this.#link.send(frame);
    return true;
  }

  /**
   * Sends a frame and waits for its answer.
   *
   * @throws {ApiError} when the server answers with an error, or not at all
   */
  async request<T extends ServerFrame["type"]>(
    frame: ClientFrameInput,
    waitMs = answerMs,
  ): Promise<Answer<T>> {
    const id = String(this.#nextId++);
    if (!this.send({ ...frame, id })) throw new ApiError("no_connection", "Not connected");
    const answer = await new Promise<ServerFrame | ApiError>((resolve) => {
      const timer = setTimeout(
        () => resolve(new ApiError("no_connection", "No answer")),
        waitMs,
      );
      this.#waiting.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
    });
    this.#waiting.delete(id);
    if (answer instanceof ApiError) throw answer;
    if (answer.type === "error") {
      const { code, message, errors, retryAfter } = answer;
      throw new ApiError(code, message, { errors, retryAfter });
    }
    return answer as Answer<T>;
  }

  async #connect(): Promise<void> {
    if (!this.#isRunning || this.#link !== null || this.status.value === "connecting") return;
    clearTimeout(this.#timers.retry);
    this.status.value = "connecting";
    const attempt = ++this.#attempt;
    let token: string;
    try {
      token = await this.options.token();
    } catch (error) {
      if (attempt !== this.#attempt) return;
      const isOut = error instanceof ApiError && error.code === "unauthenticated";
      if (isOut) this.stop();
      else this.#retry(lostCode);
      return;
    }
    if (attempt !== this.#attempt) return;
    this.#timers.handshake = setTimeout(() => this.#drop(lostCode), answerMs);
    this.#link = this.#open(this.usesEvents.value, token);
  }

  #open(byEvents: boolean, token: string): Link {
    const listener = {
      frame: (frame: ServerFrame) => this.#link === link && this.#receive(frame),
      closed: (code: number) => this.#link === link && this.#lost(code),
    };
    const silenceMs = this.options.heartbeatSeconds * 2_500;
    const link: Link = byEvents
      ? openEvents(this.options.token, listener, silenceMs)
      : openWebSocket(token, listener);
    return link;
  }

  #receive(frame: ServerFrame): void {
    if (frame.type === "connected") {
      clearTimeout(this.#timers.handshake);
      this.#failures = this.#webSocketFailures = this.#refusedTokens = 0;
      this.status.value = "open";
      this.#scheduleHeartbeat();
      if (this.usesEvents.value) this.#scheduleProbe(webSocketProbeMs.first);
      this.options.frame(frame);
      this.options.opened();
      return;
    }
    if (frame.type === "ping") return void this.send({ type: "pong" });
    this.options.frame(frame);
    if ("replyTo" in frame && frame.replyTo !== undefined) {
      this.#waiting.get(frame.replyTo)?.(frame);
    }
  }

  #drop(code: number): void {
    if (this.#link === null) return;
    this.#link.close();
    this.#lost(code);
  }

  #lost(code: number): void {
    const wasOpen = this.status.value === "open";
    // Codes of our own are the server's word: a WebSocket did get through.
    const neverSpoke = !wasOpen && code < 4000 && code !== closeCodes.policy;
    if (neverSpoke && this.usesEvents.value) this.usesEvents.value = false;
    else if (neverSpoke && ++this.#webSocketFailures >= webSocketTries) {
      this.#webSocketFailures = 0;
      this.usesEvents.value = true;
    }
    this.#settle("waiting");
    if (!this.#isRunning) return;
    if (code === closeCodes.policy) {
      this.#isRunning = false;
      this.status.value = "refused";
      return;
    }
    if (code === closeCodes.token) {
      this.options.tokenRefused();
      if (this.#refusedTokens++ === 0) return void this.#connect();
    }
    this.#retry(code);
  }

  #retry(code: number): void {
    const most = Math.min(retryMs.most, retryMs.first * 2 ** this.#failures++);
    const extra = code === closeCodes.tooMany ? retryMs.tooMany : 0;
    this.status.value = "waiting";
    this.#timers.retry = setTimeout(() => this.#connect(), extra + Math.random() * most);
  }

  #wake(): void {
    if (!this.#isRunning) return;
    if (this.#link === null) this.#connect();
    else if (this.status.value === "open") this.#beat();
  }

  #settle(status: ConnectionStatus): void {
    this.#link = null;
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.status.value = status;
    const lost = new ApiError("no_connection", "The connection was lost");
    for (const settle of this.#waiting.values()) settle(lost);
    this.#waiting.clear();
  }

  #scheduleHeartbeat(): void {
    clearTimeout(this.#timers.heartbeat);
    this.#timers.heartbeat = setTimeout(
      () => this.#beat(),
      this.options.heartbeatSeconds * 1_000,
    );
  }

  async #beat(): Promise<void> {
    const link = this.#link;
    clearTimeout(this.#timers.heartbeat);
    try {
      await this.request<"pong">({ type: "ping" }, pongMs);
    } catch {
      if (this.#link === link) this.#drop(closeCodes.silent);
      return;
    }
    if (this.#link === link) this.#scheduleHeartbeat();
  }

  /** Now and then sees whether a WebSocket gets through after all, and moves over to it. */
  #scheduleProbe(waitMs: number): void {
    clearTimeout(this.#timers.probe);
    this.#timers.probe = setTimeout(async () => {
      const token = await this.options.token().catch(() => null);
      if (token === null || !this.usesEvents.value || this.status.value !== "open") return;
      const probe: Link = openWebSocket(token, {
        frame: (frame) => {
          probe.close();
          if (frame.type !== "connected" || !this.usesEvents.value || !this.#isRunning) return;
          this.usesEvents.value = false;
          this.#link?.close();
          this.#settle("waiting");
          this.#connect();
        },
        closed: () => this.status.value === "open" && this.#scheduleProbe(webSocketProbeMs.again),
      });
    }, waitMs);
  }
}
