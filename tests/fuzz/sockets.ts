import { Answers, type ServerFrame } from "./answers.ts";
import { checkServerFrame, expectFrame } from "./expect.ts";

/** Text, or a binary frame. */
export type Input = string | Uint8Array<ArrayBuffer>;

/** How long an answer may take on a machine that is busy. Milliseconds. */
const patience = 60_000;

/**
 * A member's socket that holds the server to the contract: whatever is sent, what comes back must be
 * its answer. Throws with the input and what was wrong.
 */
export class FuzzSocket {
  readonly #answers = new Answers();
  readonly #opened = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<number>();
  #settled = Promise.withResolvers<void>();
  #failure: Error | undefined;
  #socket: WebSocket;

  private constructor(url: string, token: string) {
    this.#socket = new WebSocket(new URL("/api/messages/ws", url.replace("http", "ws")), [
      "parley.v1",
      `bearer.${token}`,
    ]);
    this.#socket.onmessage = ({ data }) => this.#receive(data);
    this.#socket.onclose = ({ code }) => {
      this.#closed.resolve(code);
      this.#opened.resolve();
      this.#settled.resolve();
    };
    this.#socket.onerror = () => {};
  }

  static async open(url: string, token: string): Promise<FuzzSocket> {
    const socket = new FuzzSocket(url, token);
    await within(socket.#opened.promise, "connected");
    return socket;
  }

  /**
   * Sends these and waits until everything that must be answered is.
   *
   * @returns how many were sent; the last of them may have `ended` the socket, as it must
   */
  async send(inputs: Input[]): Promise<{ sent: number; ended: boolean }> {
    this.#settled = Promise.withResolvers<void>();
    for (const [index, input] of inputs.entries()) {
      const expected = expectFrame(input);
      if ("close" in expected) {
        await this.#answered();
        this.#socket.send(input);
        const code = await within(this.#closed.promise, `the close code ${expected.close}`);
        if (code !== expected.close) throw new Error(`Closed with ${code}, not ${expected.close}`);
        return { sent: index + 1, ended: true };
      }
      this.#answers.expect({ ...expected, sent: input as string });
      this.#socket.send(input);
    }
    await this.#answered();
    return { sent: inputs.length, ended: false };
  }

  async close(): Promise<void> {
    this.#socket.close();
    await within(this.#closed.promise, "the close");
    if (this.#failure) throw this.#failure;
  }

  async #answered(): Promise<void> {
    if (this.#answers.due > 0) {
      const still = () => JSON.stringify(this.#answers.waiting());
      await within(this.#settled.promise, () => `answers to ${still()}`);
    }
    if (this.#failure) throw this.#failure;
    if (this.#socket.readyState !== WebSocket.OPEN) {
      throw new Error(`Closed with ${await this.#closed.promise} for no reason`);
    }
    this.#settled = Promise.withResolvers<void>();
  }

  #receive(text: string): void {
    try {
      const frame = JSON.parse(text);
      checkServerFrame(frame);
      if (frame.type === "connected") this.#opened.resolve();
      else if (frame.type === "ping") this.#socket.send('{"type":"pong"}');
      else if (frame.type === "error" || "replyTo" in frame || isAnswer(frame)) {
        this.#answers.take(frame);
        if (this.#answers.due === 0) this.#settled.resolve();
      }
    } catch (error) {
      this.#failure ??= error as Error;
      this.#settled.resolve();
    }
  }
}

/** Those that are never told unasked. */
const isAnswer = ({ type }: ServerFrame) =>
  ["pong", "authenticated", "message_sent", "conversation_history", "sync_result"].includes(type);

/** @throws {Error} if it takes longer than anything should */
export async function within<T>(promise: Promise<T>, what: string | (() => string)): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const name = typeof what === "string" ? what : what();
      reject(new Error(`Waited ${patience} ms for ${name}`));
    }, patience);
  });
  return await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
