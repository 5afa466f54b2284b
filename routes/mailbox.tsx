import type { KeptMail, Mailbox } from "@/utils/mailbox.ts";
import type { Context, Hono } from "hono";
import { smallPage } from "./small_page.tsx";

const english = { language: "en", direction: "ltr", wide: true } as const;
const refreshSeconds = 5;

/** For development: the mails that went nowhere, to look at. */
export function mailboxRoutes(app: Hono, mailbox: Mailbox): void {
  app.get("/dev/mailbox", (c) => {
    const children = (
      <>
        <h1>Mailbox</h1>
        {mailbox.mails.length === 0 && (
          <p>Mail that Parley sends appears here. There is none yet.</p>
        )}
        <ul>
          {mailbox.mails.map((mail) => (
            <li key={mail.messageId}>
              <a href={address(mail)}>{mail.subject}</a>
              <small>{mail.to.name} &lt;{mail.to.address}&gt;, {mail.sentAt.toISOString()}</small>
            </li>
          ))}
        </ul>
      </>
    );
    return smallPage(c, { ...english, title: "Mailbox", refresh: refreshSeconds, children });
  });

  app.get("/dev/mailbox/:id", (c) => {
    const mail = mailbox.find(c.req.param("id"));
    if (!mail) return c.notFound();
    const children = (
      <>
        <p>
          <a href="/dev/mailbox">Mailbox</a>
        </p>
        <h1>{mail.subject}</h1>
        <pre>{headerLines(mail).join("\n")}</pre>
        <iframe
          src={`${address(mail)}/html`}
          sandbox="allow-popups allow-popups-to-escape-sandbox"
          title="The mail as HTML"
        />
        <pre>{mail.text}</pre>
      </>
    );
    return smallPage(c, { ...english, title: mail.subject, frames: true, children });
  });

  app.get("/dev/mailbox/:id/html", (c) => html(c, mailbox.find(c.req.param("id"))));
}

function html(c: Context, mail: KeptMail | undefined): Response | Promise<Response> {
  if (!mail) return c.notFound();
  c.header("cache-control", "no-store");
  c.header(
    "content-security-policy",
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; " +
      "sandbox allow-popups allow-popups-to-escape-sandbox",
  );
  // Links are for a tab of their own: the page cannot be used inside of the frame.
  return c.html(mail.html.replace("<head>", '<head><base target="_blank">'));
}

const address = ({ messageId }: KeptMail) => `/dev/mailbox/${encodeURIComponent(messageId)}`;

function headerLines({ to, messageId, references, headers, sentAt }: KeptMail): string[] {
  return [
    `To: ${to.name} <${to.address}>`,
    `Date: ${sentAt.toUTCString()}`,
    `Message-ID: <${messageId}>`,
    `References: ${references.map((id) => `<${id}>`).join(" ")}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
}
