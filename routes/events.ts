import type { Chat } from "@/chat/chat.ts";
import type { Connection } from "@/chat/connections.ts";
import { ChatError } from "@/chat/errors.ts";
import { connect, depart } from "@/chat/online.ts";
import { clientFrames, closeCodes, serverFrames } from "@/chat/protocol.ts";
import { spend } from "@/chat/rates.ts";
import { newId } from "@/utils/ids.ts";
import * as v from "valibot";
import { clientAddress } from "./address.ts";
import type { Api } from "./api.ts";
import { connectedFrame, handleFrame, validateFrame } from "./frames.ts";
import { noteEnd } from "./lives.ts";
import type { Session } from "./session.ts";

const path = "/api/messages/events";
/** Unread bytes beyond which a reader is too slow, as for sockets. */
const slowBytes = 1024 * 1024;

/**
 * The same frames without WebSocket: down as server-sent events, up as the body of a POST each.
 */
export function eventRoutes(api: Api, options: { heartbeatSeconds: number }): void {
  const { chat } = api;

  // Before the token is looked at, as for sockets.
  api.app.on("GET", path, async (c, next) => {
    await spend(chat, "connect", { address: clientAddress(c) });
    await next();
  });

  api.on({
    method: "GET",
    path,
    summary: "Server-sent events: each event's data is one server frame",
    rate: "open",
    answers: { 200: "text/event-stream" },
  }, async ({ c, session }) => {
    // Hono would run this for a HEAD as well, and nobody would ever read the stream.
    if (c.req.raw.method !== "GET") throw new ChatError("invalid_input", "Expected GET");
    const { heartbeatSeconds } = options;
    const requestId = c.get("requestId");
    const stream = await connect(chat, session.user.id, () => {
      const made = new EventStream(chat, session, requestId, heartbeatSeconds * 1000);
      made.send(JSON.stringify(connectedFrame(chat, made.id, session, heartbeatSeconds)));
      chat.metrics.framesOut.add("connected");
      return made;
    });
    return new Response(stream.body, {
      headers: {
        "content-type": "text/event-stream",
        "cache-control": "no-store",
        // Proxies such as nginx would gather the events otherwise.
        "x-accel-buffering": "no",
      },
    });
  });

  api.on({
    method: "POST",
    path,
    summary: "One client frame; answered with the frame a socket would get, 204 if there is none",
    rate: null,
    body: v.looseObject({ type: v.picklist(Object.keys(clientFrames)) }),
    answers: { 200: v.union(Object.values(serverFrames)), 204: null },
  }, async ({ c, session, body }) => {
    // All that a member posts counts as from one connection.
    await spend(chat, "frame", { connection: session.user.id });
    chat.metrics.framesIn.add(body.type);
    const answer = await handleFrame(chat, {
      userId: session.user.id,
      address: clientAddress(c),
      renew() {
        throw new ChatError("invalid_input", "A stream cannot be renewed: open the next one");
      },
    }, validateFrame(body));
    return answer ? c.json(answer) : c.body(null, 204);
  });
}

/** A stream of server-sent events. It lives as long as its token; the client opens the next. */
class EventStream implements Connection {
  readonly id = newId();
  readonly userId: string;
  readonly endsAt: number;
  /** It cannot speak, so it cannot be silent: a reader that is gone fails the next write. */
  readonly heardAt = Infinity;
  readonly body: ReadableStream<Uint8Array>;
  readonly #encoder = new TextEncoder();
  /** What it speaks comes by POST, and is no part of it. */
  readonly framesIn = 0;
  framesOut = 0;
  readonly #openedAt: number;
  readonly #heartbeat: ReturnType<typeof setInterval>;
  /** Not kept by the stream, which holds on to it for as long as a reader who stalls is there. */
  #unread: Uint8Array[] = [];
  #unreadBytes = 0;
  #isAwaited = false;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #open = true;

  constructor(
    private readonly chat: Chat,
    session: Session,
    private readonly requestId: string,
    heartbeatMs: number,
  ) {
    this.#openedAt = chat.clock.elapsed();
    this.userId = session.user.id;
    this.endsAt = session.endsAt;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => this.#controller = controller,
        pull: () => this.#pull(),
        cancel: () => this.#end(closeCodes.goingAway),
      },
      { highWaterMark: 0 },
    );
    this.#heartbeat = setInterval(() => this.#write(":\n\n"), heartbeatMs);
  }

  /** It joins nothing, so it hears of all typing. */
  hears(): boolean {
    return true;
  }

  leave(): void {}

  send(text: string, droppable = false): void {
    if (droppable && this.#unreadBytes >= slowBytes / 4) return;
    this.framesOut++;
    this.#write(`data: ${text}\n\n`);
  }

  /** What is unread goes with it: whoever comes back syncs. */
  close(code: number): Promise<void> {
    if (this.#open) {
      this.#end(code);
      this.#controller.close();
    }
    return Promise.resolve();
  }

  #write(text: string): void {
    if (!this.#open) return;
    if (this.#unreadBytes >= slowBytes) return void this.close(closeCodes.slow);
    const event = this.#encoder.encode(text);
    this.#unread.push(event);
    this.#unreadBytes += event.length;
    if (this.#isAwaited) this.#pull();
  }

  #pull(): void {
    const event = this.#unread.shift();
    this.#isAwaited = event === undefined;
    if (event === undefined) return;
    this.#unreadBytes -= event.length;
    this.#controller.enqueue(event);
  }

  #end(code: number): void {
    this.#open = false;
    this.#unread = [];
    clearInterval(this.#heartbeat);
    depart(this.chat, this);
    noteEnd(this.chat, {
      requestId: this.requestId,
      transport: "events",
      connection: this,
      openedAt: this.#openedAt,
      code,
    });
  }
}
