import { checkServerFrame, type Expected, expectFrame, mustAnswer } from "./expect.ts";

/** Text, or a binary frame. */
export type Input = string | Uint8Array<ArrayBuffer>;

type Answerable = Exclude<Expected, { close: number }> & { sent: string };
type ServerFrame = { type: string; code?: string; replyTo?: string; errors?: { path: string }[] };

/** How long an answer may take on a machine that is busy. Milliseconds. */
const patience = 60_000;

/**
 * A member's socket that holds the server to the contract: whatever is sent, what comes back must be
 * its answer. Throws with the input and what was wrong.
 */
export class FuzzSocket {
  /** Answers that must come, and those that may, by the id they reply to. */
  readonly #due = new Map<string | undefined, Answerable[]>();
  readonly #possible = new Map<string | undefined, Answerable[]>();
  /** Those without an id that would have been answered, but for an error that may be another's. */
  readonly #refused: { one: Answerable; by: ServerFrame }[] = [];
  readonly #opened = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<number>();
  #settled = Promise.withResolvers<void>();
  #dueCount = 0;
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
      const kept = { ...expected, sent: input as string };
      const into = mustAnswer(expected) ? this.#due : this.#possible;
      into.set(kept.replyTo, [...into.get(kept.replyTo) ?? [], kept]);
      if (into === this.#due) this.#dueCount++;
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
    if (this.#dueCount > 0) {
      const still = () => JSON.stringify([...this.#due.values()].flat().slice(0, 3)).slice(0, 600);
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
      else if (frame.type === "error" || "replyTo" in frame || isAnswer(frame)) this.#match(frame);
    } catch (error) {
      this.#failure ??= error as Error;
      this.#settled.resolve();
    }
  }

  /** Takes the frame for the answer of one that it can be the answer of. */
  #match(frame: ServerFrame): void {
    for (const waiting of [this.#due, this.#possible]) {
      const of = waiting.get(frame.replyTo) ?? [];
      // Those first that nothing else can answer.
      const certain = of.findIndex((one) => one.errors.length === 1 && fits(frame, one));
      const index = certain >= 0 ? certain : of.findIndex((one) => fits(frame, one));
      if (index < 0) continue;
      const [found] = of.splice(index, 1) as [Answerable];
      if (of.length === 0) waiting.delete(frame.replyTo);
      if (waiting === this.#due && --this.#dueCount === 0) this.#settled.resolve();
      const isDoubtful = frame.type === "error" && frame.replyTo === undefined;
      if (isDoubtful && found.answer !== null) this.#refused.push({ one: found, by: frame });
      return;
    }
    // Without an id an error may have been another's, which is answered after all.
    const taken = this.#refused.findIndex(({ one }) => fits(frame, one));
    if (frame.replyTo === undefined && taken >= 0) {
      const [mistaken] = this.#refused.splice(taken, 1);
      return mistaken && this.#match(mistaken.by);
    }
    const sent = [...this.#due.values(), ...this.#possible.values()].flat()
      .filter((one) => one.replyTo === frame.replyTo).map((one) => one.sent.slice(0, 300));
    throw new Error(`Answers nothing: ${JSON.stringify(frame)}; sent: ${JSON.stringify(sent)}`);
  }
}

/** Those that are never told unasked. */
const isAnswer = ({ type }: ServerFrame) =>
  ["pong", "authenticated", "message_sent", "conversation_history", "sync_result"].includes(type);

function fits(frame: ServerFrame, { answer, errors }: Answerable): boolean {
  if (frame.type !== "error") return frame.type === answer;
  // What is wrong with an input has its path; what is no object at all has none.
  return errors.includes(frame.code as never);
}

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
