/**
 * A real SMTP server in the test's process, that keeps what it takes.
 *
 * @module
 */
import type { Email } from "postal-mime";
import PostalMime from "postal-mime";
import { SMTPServer } from "smtp-server";

/** A mail that was taken. */
export interface ReceivedMail {
  /** The envelope's addresses. */
  from: string;
  to: string[];
  /** Who logged in, if anyone did. */
  user: string | undefined;
  /** Whether it came encrypted. */
  secure: boolean;
  /** The bytes as text. */
  raw: string;
  parsed: Email;
}

/** A step of the SMTP session that can be answered otherwise than by yes. */
export type SmtpStep = "connect" | "from" | "recipient" | "data";

export interface SmtpOptions {
  /** Who may log in, and must; without it there is no login. */
  login?: { user: string; password: string };
  /** Whether to offer STARTTLS, with a certificate that nobody has signed. */
  tls?: boolean;
}

/** `await using smtp = await TestSmtp.start()`. */
export class TestSmtp {
  /** What was taken, oldest first; kept over a restart. */
  readonly mails: ReceivedMail[] = [];
  /**
   * Answers other than yes: `smtp.answers.recipient = "550 5.1.1 No such user"`. Or a function of
   * the address (of nothing, for `connect` and `data`) that gives one, undefined for yes.
   */
  answers: Partial<Record<SmtpStep, string | ((address: string) => string | undefined)>> = {};
  /** While it is set, mails are taken, but nobody is told so. */
  hanging = false;

  #server: SMTPServer | undefined;
  #port = 0;
  #waiting: (() => void)[] = [];
  #hangs = Promise.withResolvers<void>();

  private constructor(private readonly options: SmtpOptions) {}

  /** Listens on a free port. */
  static async start(options: SmtpOptions = {}): Promise<TestSmtp> {
    const smtp = new TestSmtp(options);
    await smtp.restart();
    return smtp;
  }

  /** For `SMTP_URL`. */
  get url(): string {
    const { login } = this.options;
    const user = login
      ? `${encodeURIComponent(login.user)}:${encodeURIComponent(login.password)}@`
      : "";
    return `smtp://${user}127.0.0.1:${this.#port}`;
  }

  /** Waits until so many mails have been taken in all, and returns them. */
  async waitFor(count: number): Promise<ReceivedMail[]> {
    while (this.mails.length < count) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return this.mails;
  }

  /** Waits until a mail has come that hangs. */
  untilHanging(): Promise<void> {
    return this.#hangs.promise;
  }

  /** Ends all connections; new ones are refused until {@linkcode restart}. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server) await new Promise<void>((resolve) => server.close(resolve));
  }

  /** Comes back on the same port. */
  async restart(): Promise<void> {
    await this.stop();
    const server = this.#create();
    // What a client breaks off is no failure of the test.
    server.on("error", () => {});
    await new Promise<void>((resolve) => server.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (server.server.address() as { port: number }).port;
    this.#server = server;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #create(): SMTPServer {
    const { login, tls } = this.options;
    return new SMTPServer({
      logger: false,
      closeTimeout: 1,
      disableReverseLookup: true,
      authOptional: !login,
      allowInsecureAuth: true,
      disabledCommands: [...login ? [] : ["AUTH"], ...tls ? [] : ["STARTTLS"]],
      onAuth(auth, _session, answer) {
        const right = auth.username === login?.user && auth.password === login?.password;
        answer(right ? null : new Error("Wrong user or password"), { user: auth.username });
      },
      onConnect: (_session, answer) => answer(this.#answer("connect", "")),
      onMailFrom: ({ address }, _session, answer) => answer(this.#answer("from", address)),
      onRcptTo: ({ address }, _session, answer) => answer(this.#answer("recipient", address)),
      onData: async (stream, session, answer) => {
        const chunks: Uint8Array[] = [];
        for await (const chunk of stream) chunks.push(chunk);
        const refusal = this.#answer("data", "");
        if (refusal) return answer(refusal);
        const raw = await new Blob(chunks as Uint8Array<ArrayBuffer>[]).text();
        this.mails.push({
          from: session.envelope.mailFrom ? session.envelope.mailFrom.address : "",
          to: session.envelope.rcptTo.map(({ address }) => address),
          user: session.user,
          secure: session.secure,
          raw,
          parsed: await PostalMime.parse(raw),
        });
        for (const wake of this.#waiting.splice(0)) wake();
        if (this.hanging) this.#hangs.resolve();
        else answer();
      },
    });
  }

  #answer(step: SmtpStep, address: string): Error | null {
    const given = this.answers[step];
    const line = typeof given === "function" ? given(address) : given;
    if (line === undefined) return null;
    return Object.assign(new Error(line.slice(4)), { responseCode: Number(line.slice(0, 3)) });
  }
}
