import { SMTPServer } from "smtp-server";

/** An SMTP server that takes all mail at once and keeps nothing but to whom it was, and when. */
export class MailSink {
  /** How many mails each address got. */
  readonly #mails = new Map<string, number>();
  #first = 0;
  #last = 0;
  #port = 0;

  readonly #server = new SMTPServer({
    logger: false,
    authOptional: true,
    disabledCommands: ["AUTH", "STARTTLS"],
    disableReverseLookup: true,
    onData: (stream, { envelope }, answer) => {
      stream.resume();
      stream.on("end", () => {
        for (const { address } of envelope.rcptTo) this.#take(address);
        answer();
      });
    },
  });

  /** Listens on a free port. */
  static async start(): Promise<MailSink> {
    const sink = new MailSink();
    const server = sink.#server;
    // A server that is killed breaks its connections off.
    server.on("error", () => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    sink.#port = (server.server.address() as { port: number }).port;
    return sink;
  }

  /** For `SMTP_URL`. */
  get url(): string {
    return `smtp://127.0.0.1:${this.#port}`;
  }

  /** How many addresses got mail. */
  get addresses(): number {
    return this.#mails.size;
  }

  /** How many mails came to an address that had one. */
  get repeats(): number {
    return this.#mails.values().reduce((sum, mails) => sum + mails - 1, 0);
  }

  /** From the first mail to the last. */
  get perSecond(): number {
    return (this.#mails.size - 1) / (this.#last - this.#first) * 1000;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(resolve));
  }

  #take(address: string): void {
    this.#last = performance.now();
    if (this.#mails.size === 0) this.#first = this.#last;
    this.#mails.set(address, (this.#mails.get(address) ?? 0) + 1);
  }
}
