import { doesNotMatch, equal, match } from "node:assert/strict";
import { mailboxRoutes } from "@/routes/mailbox.tsx";
import { Mailbox } from "@/utils/mailbox.ts";
import { Hono } from "hono";

/** A mailbox with one mail, as it is shown. */
async function openMailbox() {
  const mailbox = new Mailbox({ now: () => Date.UTC(2026, 4, 3) });
  await mailbox.send({
    to: { name: "Jonas <b>", address: "jonas@example.com" },
    subject: "Mara sent you a message",
    text: "<i>Hello</i>",
    html:
      '<html><head></head><body style="margin:0"><a href="https://x.example">Hello</a></body></html>',
    messageId: "delivery-1@parley.example",
    references: ["conversation-1@parley.example"],
    headers: { "Auto-Submitted": "auto-generated" },
  });
  const app = new Hono();
  mailboxRoutes(app, mailbox);
  const get = async (path: string) => {
    const response = await app.request(path);
    const policy = response.headers.get("content-security-policy") ?? "";
    return { status: response.status, policy, text: await response.text() };
  };
  return { mailbox, get };
}

const path = "/dev/mailbox/delivery-1%40parley.example";

Deno.test("the mailbox lists its mails, and asks again by itself", async () => {
  const { get, mailbox } = await openMailbox();
  const { text } = await get("/dev/mailbox");
  match(text, /http-equiv="refresh"/);
  match(text, new RegExp(`<a href="${path}">Mara sent you a message</a>`));
  match(text, /Jonas &lt;b>/);
  mailbox.mails.length = 0;
  match((await get("/dev/mailbox")).text, /There is none yet/);
});

Deno.test("a mail is shown with its headers and its text, and its HTML in a closed frame", async () => {
  const { get } = await openMailbox();
  const { text, policy } = await get(path);
  match(text, /References: &lt;conversation-1@parley\.example>/);
  match(text, /Auto-Submitted: auto-generated/);
  match(text, /&lt;i>Hello&lt;\/i>/);
  match(text, new RegExp(`<iframe src="${path}/html" sandbox="allow-popups`));
  doesNotMatch(policy, /unsafe/);
});

Deno.test("a mail's HTML styles itself and does nothing else", async () => {
  const { get } = await openMailbox();
  const { text, policy } = await get(`${path}/html`);
  match(text, /<base target="_blank">/);
  match(policy, /default-src 'none'; style-src 'unsafe-inline'/);
  match(policy, /sandbox allow-popups/);
});

Deno.test("a mail that is not there is not found", async () => {
  const { get } = await openMailbox();
  equal((await get("/dev/mailbox/x")).status, 404);
  equal((await get("/dev/mailbox/x/html")).status, 404);
});
