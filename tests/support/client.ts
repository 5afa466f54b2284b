/**
 * What tests speak with: a socket that remembers every frame, and HTTP with a token.
 *
 * @module
 */
import type { ClientFrameInput, Message, ServerFrame, ServerFrameType } from "@/chat/protocol.ts";
import { Ear } from "./ear.ts";
import type { TestUser } from "./server.ts";

type Frame<T extends ServerFrameType> = Extract<ServerFrame, { type: T }>;

/** A socket of a member, as a device would hold it. */
export class TestSocket extends Ear {
  /** Resolves with the close code and reason. */
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #taken = new Set<ServerFrame>();
  #requests = 0;

  private constructor(readonly socket: WebSocket) {
    super();
    const closed = Promise.withResolvers<{ code: number; reason: string }>();
    this.closed = closed.promise;
    socket.onmessage = ({ data }) => {
      const frame: ServerFrame = JSON.parse(data);
      if (frame.type === "ping") return this.send({ type: "pong" });
      this.hear(frame);
    };
    socket.onclose = ({ code, reason }) => {
      closed.resolve({ code, reason });
      this.end();
    };
  }

  /** Opens a socket; `connected` has not necessarily come yet. */
  static open(
    server: { url: string },
    token: string | undefined,
    options: { inUrl?: boolean; headers?: Record<string, string> } = {},
  ): TestSocket {
    const url = new URL("/api/messages/ws", server.url.replace("http", "ws"));
    if (options.inUrl && token) url.searchParams.set("token", token);
    const protocols = options.inUrl || !token ? [] : ["parley.v1", `bearer.${token}`];
    return new TestSocket(
      options.headers
        ? new WebSocket(url, { protocols, headers: options.headers })
        : new WebSocket(url, protocols),
    );
  }

  /** Opens a socket of this member and waits for its `connected`. */
  static async connect(server: { url: string }, user: TestUser): Promise<TestSocket> {
    const socket = TestSocket.open(server, user.token);
    await socket.next("connected");
    return socket;
  }

  send(frame: ClientFrameInput): void {
    this.socket.send(JSON.stringify(frame));
  }

  /** The next frame of this type that was not taken yet, and that is as `test` says. */
  async next<T extends ServerFrameType>(
    type: T,
    test: (frame: Frame<T>) => boolean = () => true,
  ): Promise<Frame<T>> {
    const fits = (frame: ServerFrame): frame is Frame<T> =>
      frame.type === type && !this.#taken.has(frame) && test(frame as Frame<T>);
    const frame = await this.until(() => this.frames.find(fits), `a frame ${type}`);
    this.#taken.add(frame);
    return frame;
  }

  /** Sends a frame with an id and gives its answer or its error. */
  async request(frame: ClientFrameInput): Promise<ServerFrame> {
    const id = `r${++this.#requests}`;
    this.send({ ...frame, id });
    const isAnswer = (one: ServerFrame) => "replyTo" in one && one.replyTo === id;
    return await this.until(() => this.frames.find(isAnswer), `an answer to ${frame.type}`);
  }

  /** Sends a text to a conversation and gives the stored message. */
  async say(conversationId: string, content: string): Promise<Message> {
    const answer = await this.request({
      type: "send_message",
      clientId: crypto.randomUUID(),
      conversationId,
      content,
    });
    if (answer.type !== "message_sent") throw new Error(`Not sent: ${JSON.stringify(answer)}`);
    return answer.message;
  }

  /**
   * Everything the server sent before this moment has arrived when it resolves: frames of one
   * socket come in order. What other frames of ours caused may still be under way.
   */
  async settled(): Promise<void> {
    await this.request({ type: "ping" });
  }

  /** Closes it and waits until it is. */
  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }
}

/** An HTTP answer with its body read. */
export interface Answer<Body> {
  status: number;
  headers: Headers;
  body: Body;
}

/** Calls the API; `as` gives the token. The body of the answer is parsed if it is JSON. */
export async function call<Body = Record<string, unknown>>(
  server: { url: string },
  method: string,
  path: string,
  options: { as?: TestUser; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer<Body>> {
  const headers = new Headers(options.headers);
  if (options.as) headers.set("authorization", `Bearer ${options.as.token}`);
  if (options.body !== undefined) headers.set("content-type", "application/json");
  const response = await fetch(new URL(path, server.url), {
    method,
    headers,
    redirect: "manual",
    ...options.body !== undefined && { body: JSON.stringify(options.body) },
  });
  const text = await response.text();
  const isJson = text !== "" && /json/.test(response.headers.get("content-type") ?? "");
  return {
    status: response.status,
    headers: response.headers,
    body: (isJson ? JSON.parse(text) : text) as Body,
  };
}

/** A direct conversation of two members, made over HTTP. @returns its id */
export async function converse(
  server: { url: string },
  one: TestUser,
  other: TestUser,
): Promise<string> {
  const { body } = await call<{ id: string }>(server, "POST", "/api/messages/conversations", {
    as: one,
    body: { participantIds: [other.id] },
  });
  return body.id;
}
