import type { Chat } from "@/chat/chat.ts";
import type { Connection } from "@/chat/connections.ts";
import { ChatError, toChatError } from "@/chat/errors.ts";
import { connect, depart } from "@/chat/online.ts";
import { closeCodes, limits, type ServerFrame } from "@/chat/protocol.ts";
import { spend } from "@/chat/rates.ts";
import { newId } from "@/utils/ids.ts";
import type { Context } from "hono";
import { clientAddress } from "./address.ts";
import type { Api } from "./api.ts";
import { errorFrame } from "./errors.ts";
import {
  connectedFrame,
  frameId,
  type FrameSource,
  handleFrame,
  parseFrame,
  validateFrame,
} from "./frames.ts";
import { noteEnd } from "./lives.ts";
import type { Origins } from "./origins.ts";
import { openTokenSession, type Session } from "./session.ts";
import type { SocketGuard } from "./socket_guard.ts";

const protocol = "parley.v1";
/** Unsent bytes beyond which a reader is too slow; what is droppable is dropped at a quarter. */
const slowBytes = 1024 * 1024;

/** Frames that may wait while the token is checked. */
const earlyFrames = 100;

export interface SocketOptions {
  heartbeatSeconds: number;
  silenceSeconds: number;
  origins: Origins;
  guard: SocketGuard;
}

/** The WebSocket: `GET /api/messages/ws`. */
export function socketRoutes(api: Api, options: SocketOptions): void {
  const { chat, tokens } = api;
  api.app.get("/api/messages/ws", async (c) => {
    if (!options.origins.isAllowed(c)) {
      throw new ChatError("forbidden", "This origin may not connect");
    }
    // An upgrade costs the most, so a flood of them is refused before it, and without a close code.
    const address = clientAddress(c);
    await spend(chat, "connect", { address });
    const offered = (c.req.header("sec-websocket-protocol") ?? "").split(/, */);
    const { socket, response } = upgrade(c, {
      // Only ever our own name is chosen: choosing the token would reflect it into a header.
      ...offered.includes(protocol) && { protocol },
      idleTimeout: options.silenceSeconds,
    });
    const bearer = offered.find((one) => one.startsWith("bearer."))?.slice("bearer.".length);
    const token = bearer ?? c.req.query("token");
    const requestId = c.get("requestId");
    serveSocket(
      api,
      options,
      socket,
      { address, requestId },
      openTokenSession(chat, tokens, token),
    );
    return response;
  });
}

/** @throws {ChatError} `invalid_input` if the request is no WebSocket handshake */
function upgrade(c: Context, options: Deno.UpgradeWebSocketOptions): Deno.WebSocketUpgrade {
  const request = c.req.raw;
  const version = c.req.header("sec-websocket-version");
  try {
    if (request.method === "GET" && version === "13") {
      return Deno.upgradeWebSocket(request, options);
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  throw new ChatError("invalid_input", "Expected a WebSocket handshake of version 13");
}

/**
 * Serves one socket. It is upgraded before its token is checked, because only an open socket can be
 * told by a close code what to do; frames that come meanwhile wait.
 */
function serveSocket(
  api: Api,
  options: SocketOptions,
  socket: WebSocket,
  { address, requestId }: { address: string; requestId: string },
  opening: Promise<Session>,
): void {
  const { chat } = api;
  const watched = options.guard.watch(socket);
  const openedAt = chat.clock.elapsed();
  let connection: SocketConnection | undefined;
  const opened = Promise.withResolvers<void>();
  socket.onopen = () => opened.resolve();

  const ready = Promise.all([opening, opened.promise]).then(async ([session]) => {
    await spend(chat, "open", { member: session.user.id });
    connection = await connect(chat, session.user.id, () => {
      if (socket.readyState !== WebSocket.OPEN) return;
      const made = new SocketConnection(chat, socket, session, address);
      made.tell(connectedFrame(chat, made.id, session, options.heartbeatSeconds));
      options.guard.connected(watched);
      return made;
    });
  }).catch(async (error) => {
    await opened.promise;
    // Never the error's own words: they may be the sender's, and longer than a reason may be.
    const { code } = toChatError(error, chat.log);
    if (code === "unauthenticated") socket.close(closeCodes.token, "The token was refused");
    else if (code === "rate_limited") socket.close(closeCodes.tooMany, "Too many connections");
    else socket.close(closeCodes.restart, "Not available right now");
  });

  let early = 0;
  socket.onmessage = async ({ data }) => {
    watched.owesAnswer = false;
    if (!connection) {
      if (++early > earlyFrames || typeof data !== "string" || isTooBig(data)) {
        return socket.close(closeCodes.policy, "Too much before `connected`");
      }
      await ready;
    }
    if (connection) await receive(api, connection, data);
  };
  socket.onclose = ({ code }) => {
    options.guard.forget(watched);
    opened.resolve();
    connection?.ended();
    noteEnd(chat, {
      requestId,
      transport: "websocket",
      connection,
      openedAt,
      // Deno says 0 where the other side went without a word.
      code: connection?.closeCode ?? (code || 1006),
    });
  };
  // An abnormal end: `close` follows and does all there is to do, unless it never opened.
  socket.onerror = () => {
    if (socket.readyState === WebSocket.CONNECTING) options.guard.forget(watched);
  };
}

class SocketConnection implements Connection {
  readonly id = newId();
  readonly userId: string;
  endsAt: number;
  heardAt: number;
  readonly joined = new Set<string>();
  framesIn = 0;
  framesOut = 0;
  /** By which it was closed from this side. */
  closeCode: number | undefined;
  #closing = false;
  readonly #closed = Promise.withResolvers<void>();

  constructor(
    private readonly chat: Chat,
    private readonly socket: WebSocket,
    session: Session,
    readonly address: string,
  ) {
    this.userId = session.user.id;
    this.endsAt = session.endsAt;
    this.heardAt = chat.clock.elapsed();
  }

  get open(): boolean {
    return !this.#closing && this.socket.readyState === WebSocket.OPEN;
  }

  hears(conversationId: string): boolean {
    return this.joined.has(conversationId);
  }

  leave(conversationId: string): void {
    this.joined.delete(conversationId);
  }

  send(text: string, droppable: boolean): void {
    if (!this.open) return;
    const unsent = this.socket.bufferedAmount;
    if (unsent > slowBytes) this.close(closeCodes.slow, "Frames are read too slowly");
    else if (!droppable || unsent <= slowBytes / 4) {
      this.framesOut++;
      this.socket.send(text);
    }
  }

  tell(frame: ServerFrame): void {
    this.chat.metrics.framesOut.add(frame.type);
    this.send(JSON.stringify(frame), false);
  }

  close(code: number, reason: string): Promise<void> {
    if (!this.open) return this.#closed.promise;
    this.#closing = true;
    this.closeCode = code;
    // At once: a peer that does not answer the close must not hear, or count, any longer.
    depart(this.chat, this);
    // A turn later: closed while frames wait to be read, Deno drops the connection instead, and the
    // other side never learns why.
    setTimeout(() => this.socket.close(code, reason), 0);
    return this.#closed.promise;
  }

  /** The socket is closed, by whichever side. */
  ended(): void {
    depart(this.chat, this);
    this.#closed.resolve();
  }
}

async function receive(api: Api, connection: SocketConnection, data: unknown): Promise<void> {
  const { chat } = api;
  if (!connection.open) return;
  connection.heardAt = chat.clock.elapsed();
  connection.framesIn++;
  const broken = await brokenRule(chat, connection, data);
  if (broken) {
    connection.close(...broken);
    return;
  }
  let replyTo: string | undefined;
  try {
    const input = parseFrame(chat, data as string);
    replyTo = frameId(input);
    const answer = await handleFrame(chat, source(api, connection), validateFrame(input));
    if (answer) connection.tell(answer);
  } catch (error) {
    connection.tell(errorFrame(toChatError(error, chat.log), replyTo));
  }
}

/** What ends a socket rather than being answered, with the close code that says so. */
async function brokenRule(
  chat: Chat,
  connection: SocketConnection,
  data: unknown,
): Promise<[code: number, reason: string] | undefined> {
  if (typeof data !== "string") return [closeCodes.policy, "Expected text frames"];
  if (isTooBig(data)) {
    return [closeCodes.tooBig, `At most ${limits.frameBytes} bytes a frame`];
  }
  if (await chat.rates.frame.connection?.take(connection.id)) {
    return [closeCodes.tooMany, "Too many frames"];
  }
}

function source(api: Api, connection: SocketConnection): FrameSource {
  return {
    userId: connection.userId,
    address: connection.address,
    connectionId: connection.id,
    acknowledge: (frame) => {
      api.chat.metrics.framesOut.add("message_sent");
      connection.send(frame, false);
    },
    join: (conversationId) => connection.joined.add(conversationId),
    leave: (conversationId) => connection.leave(conversationId),
    async renew(token) {
      const session = await openTokenSession(api.chat, api.tokens, token);
      if (session.user.id !== connection.userId) {
        throw new ChatError("forbidden", "The token is another member's");
      }
      connection.endsAt = session.endsAt;
      return session.expiresAt;
    },
  };
}

/** Counts bytes only where it can matter: a UTF-16 unit is at most three of them. */
function isTooBig(text: string): boolean {
  return text.length > limits.frameBytes ||
    text.length * 3 > limits.frameBytes &&
      new TextEncoder().encode(text).length > limits.frameBytes;
}
