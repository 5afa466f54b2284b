/**
 * As much of NATS' protocol as a load needs, over TCP: lines of text, each message a line that
 * announces it and a line that it is. The usual client does much more for each message, and would
 * be the first to reach its limit.
 *
 * @module
 */

/** The stream's name, and the beginning of its subjects. */
export const stream = "messages";

type Listener = (subject: string, payload: string) => void;

/** What is published through it must have no line end in it, and be ASCII. */
export class NatsConnection {
  readonly #opened = Promise.withResolvers<void>();
  readonly #listeners = new Map<string, Listener>();
  readonly #decoder = new TextDecoder();
  readonly #encoder = new TextEncoder();
  #connection: Deno.TcpConn | undefined;
  /** What gathers until the end of this turn, or of the write before. */
  #outgoing = "";
  #writing = false;
  #questions = 0;
  #closed = false;

  /** @param url `nats://host:port` */
  constructor(url: string, private readonly ended: (why: string) => void) {
    this.#run(new URL(url)).catch((error) => this.#end(String(error)));
  }

  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  publish(subject: string, payload: string, replyTo: string): void {
    this.#say(`PUB ${subject} ${replyTo} ${payload.length}\r\n${payload}\r\n`);
  }

  subscribe(subject: string, listener: Listener): void {
    const id = String(this.#listeners.size + 1);
    this.#listeners.set(id, listener);
    this.#say(`SUB ${subject} ${id}\r\n`);
  }

  /** Asks JetStream. @throws {Error} with what it refuses */
  async ask<Answer>(subject: string, question: unknown): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<string>();
    const inbox = `answer.${crypto.randomUUID()}.${++this.#questions}`;
    this.subscribe(inbox, (_, payload) => resolve(payload));
    this.publish(subject, question === "" ? "" : JSON.stringify(question), inbox);
    const answer = JSON.parse(await promise);
    if (answer.error) throw new Error(`${subject}: ${answer.error.description}`);
    return answer;
  }

  close(): void {
    this.#closed = true;
    this.#connection?.close();
  }

  async #run({ hostname, port }: URL): Promise<void> {
    this.#connection = await Deno.connect({ hostname, port: Number(port) });
    this.#connection.setNoDelay();
    this.#say('CONNECT {"verbose":false,"pedantic":false}\r\n');
    this.#opened.resolve();
    const buffer = new Uint8Array(65_536);
    let begun = "";
    for (;;) {
      const length = await this.#connection.read(buffer);
      if (length === null) return this.#end("The server ended it");
      begun = this.#hear(begun + this.#decoder.decode(buffer.subarray(0, length)));
    }
  }

  /** @returns what has begun and is not all there */
  #hear(text: string): string {
    let at = 0;
    for (;;) {
      const end = text.indexOf("\r\n", at);
      if (end === -1) return text.slice(at);
      const line = text.slice(at, end);
      let next = end + 2;
      if (line.startsWith("MSG ")) {
        const payloadEnd = text.indexOf("\r\n", next);
        if (payloadEnd === -1) return text.slice(at);
        const [, subject = "", id = ""] = line.split(" ");
        this.#listeners.get(id)?.(subject, text.slice(next, payloadEnd));
        next = payloadEnd + 2;
      } else if (line === "PING") this.#say("PONG\r\n");
      else if (line.startsWith("-ERR")) this.#end(line);
      at = next;
    }
  }

  #say(text: string): void {
    this.#outgoing += text;
    if (this.#writing) return;
    this.#writing = true;
    queueMicrotask(() => this.#write());
  }

  async #write(): Promise<void> {
    try {
      while (this.#outgoing !== "" && this.#connection) {
        let bytes = this.#encoder.encode(this.#outgoing);
        this.#outgoing = "";
        while (bytes.length > 0) bytes = bytes.subarray(await this.#connection.write(bytes));
      }
      this.#writing = false;
    } catch (error) {
      this.#end(String(error));
    }
  }

  #end(why: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#opened.reject(new Error(why));
    this.ended(why);
  }
}
