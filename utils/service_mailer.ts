import { type Mail, type Mailer, MailRefused } from "./mail.ts";

const timeoutMs = 15_000;
/** Of an answer that tells of an error. */
const answerBytes = 4_096;

/**
 * A mailer that hands mail to a service by HTTP, in Resend's format.
 *
 * @param from the sender, such as `Parley <messages@example.com>`
 */
export function createServiceMailer(
  serviceUrl: string,
  serviceKey: string,
  from: string,
): Mailer {
  const closed = new AbortController();
  return {
    async send(mail) {
      closed.signal.throwIfAborted();
      const response = await fetch(`${serviceUrl}/emails`, {
        method: "POST",
        headers: {
          "authorization": `Bearer ${serviceKey}`,
          "content-type": "application/json",
          "idempotency-key": mail.messageId,
        },
        body: JSON.stringify({
          from,
          to: [mailbox(mail.to)],
          subject: mail.subject,
          html: mail.html,
          text: mail.text,
          headers: { ...mail.headers, ...threadHeaders(mail) },
        }),
        // The key is for this address alone.
        redirect: "error",
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (response.ok) return await response.body?.cancel();
      const { status } = response;
      const answer = await readStart(response);
      // The first one was taken; this one was only composed anew.
      if (status === 409 && answer.includes("invalid_idempotent_request")) return;
      const message = `The mail service answered ${status}: ${answer}`;
      if (status === 400 || status === 422) throw new MailRefused(message, false);
      throw new Error(message);
    },
    close: () => closed.abort(new Error("The mailer is closed")),
  };
}

/** @throws {MailRefused} if the address could be taken for anything but one address */
function mailbox({ name, address }: Mail["to"]): string {
  if (!/^[^\s<>()[\]\\,;:"@]+@[^\s<>()[\]\\,;:"@]+$/.test(address)) {
    throw new MailRefused(`${JSON.stringify(address)} is not an address`, true);
  }
  return name === "" ? address : `"${name.replace(/["\\]/g, "\\$&")}" <${address}>`;
}

function threadHeaders({ messageId, references }: Mail): Record<string, string> {
  const ids = references.map((id) => `<${id}>`);
  return {
    "Message-ID": `<${messageId}>`,
    ...ids.length > 0 && { "References": ids.join(" "), "In-Reply-To": ids.at(-1) as string },
  };
}

/** How the body begins, as one line; a service may say much, or never stop. */
async function readStart(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk.subarray(0, answerBytes), { stream: true });
    if (text.length >= answerBytes) break;
  }
  return text.slice(0, answerBytes).replace(/\s+/g, " ").trim();
}
