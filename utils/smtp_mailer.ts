import { createTransport } from "nodemailer";
import { type Mailer, MailRefused } from "./mail.ts";

/** What an SMTP server's refusal looks like, as nodemailer tells it. */
interface SmtpError extends Error {
  code?: string;
  /** The step that failed: `MAIL FROM`, `RCPT TO`, `DATA`; `API`: before anything was sent. */
  command?: string;
  responseCode?: number;
  response?: string;
}

const connectMs = 10_000;
const silenceMs = 20_000;
/** For a mail as a whole, waiting for a connection included: a slow server is never just silent. */
const sendMs = 60_000;

/**
 * A mailer that hands mail to an SMTP server, encrypted where the server can.
 *
 * @param url `smtp://user:password@host:port`, or `smtps:` for TLS from the start
 * @param from the sender, such as `Parley <messages@example.com>`
 */
export function createSmtpMailer(url: string, from: string): Mailer {
  const transport = createTransport({
    url,
    pool: true,
    maxConnections: 3,
    // The caller knows better than the pool when to try again.
    maxRequeues: 0,
    connectionTimeout: connectMs,
    greetingTimeout: connectMs,
    dnsTimeout: connectMs,
    socketTimeout: silenceMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async send({ to, subject, text, html, messageId, references, headers }) {
      try {
        await transport.sendMail({
          from,
          to,
          subject,
          text,
          html,
          messageId: `<${messageId}>`,
          references: references.map((id) => `<${id}>`),
          ...references.length > 0 && { inReplyTo: `<${references.at(-1)}>` },
          headers,
          signal: AbortSignal.timeout(sendMs),
        });
      } catch (error) {
        throw asRefusal(error as SmtpError) ?? error;
      }
    },
    close: () => transport.close(),
  };
}

/**
 * The refusal in an error; undefined where another try may do better. What a server says against
 * the login, the sender or the connection is the operator's to mend, and says nothing of the mail.
 */
function asRefusal(error: SmtpError): MailRefused | undefined {
  const { code, command, responseCode = 0, response = error.message } = error;
  const refuse = (recipient: boolean) => new MailRefused(response, recipient, { cause: error });
  if (code === "EENVELOPE" && command === "API" && /recipient/i.test(error.message)) {
    return refuse(true);
  }
  if (code === "EMESSAGE" && command !== "DATA") return refuse(false); // larger than it takes
  const permanent = responseCode >= 500 && responseCode !== 503 && !loginCodes.has(responseCode);
  if (!permanent) return undefined;
  if (command === "RCPT TO") return refuse(isAddressRefused(responseCode, response));
  return command === "DATA" ? refuse(false) : undefined;
}

/** RFC 4954: what is wanting is a login, a stronger one, or encryption. */
const loginCodes = new Set([530, 534, 535, 538]);
const addressCodes = new Set([501, 550, 551, 553, 556]);

/**
 * Whether an answer to RCPT is about the address. Servers also say 550 to senders they block and
 * to relaying; an RFC 3463 status tells: 5.1 is about addresses (7 and 8 the sender's), 5.2.1 a
 * mailbox that takes none.
 */
function isAddressRefused(responseCode: number, response: string): boolean {
  const status = /^\d{3}[ -]5\.(\d{1,3}\.\d{1,3})\b/.exec(response)?.[1];
  if (status === undefined || status === "0.0") return addressCodes.has(responseCode);
  return /^1\./.test(status) && !/^1\.[78]$/.test(status) || status === "2.1";
}
