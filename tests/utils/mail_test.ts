import { deepEqual, equal, ok } from "node:assert/strict";
import { type Mail, MailRefused } from "@/utils/mail.ts";
import { createSmtpMailer } from "@/utils/smtp_mailer.ts";
import { TestSmtp } from "../support/smtp.ts";

const from = "Parley <messages@parley.example>";

/** A mail with some parts of its own. */
function mail(parts: Partial<Mail> = {}): Mail {
  return {
    to: { name: "Jonas Weber", address: "jonas@example.com" },
    subject: "Mara Lindqvist sent you a message",
    text: "Is the bicycle still there?",
    html: "<p>Is the bicycle still there?</p>",
    messageId: "delivery-1@parley.example",
    references: [],
    headers: {},
    ...parts,
  };
}

/** An SMTP server and a mailer to it, and how sending ends. */
async function openSmtp(options: Parameters<typeof TestSmtp.start>[0] = {}, query = "") {
  const smtp = await TestSmtp.start(options);
  const mailer = createSmtpMailer(smtp.url + query, from);
  return {
    smtp,
    mailer,
    async [Symbol.asyncDispose]() {
      mailer.close();
      await smtp.stop();
    },
  };
}

/** `refused`, `address refused` or `later`. */
async function outcome(sending: Promise<void>): Promise<string> {
  try {
    await sending;
    return "taken";
  } catch (error) {
    if (!(error instanceof MailRefused)) return "later";
    return error.recipient ? "address refused" : "refused";
  }
}

Deno.test("a mail arrives with its parts, its thread and its headers", async () => {
  await using server = await openSmtp();
  const { smtp, mailer } = server;
  await mailer.send(mail({
    references: ["conversation-1@parley.example"],
    headers: { "List-Unsubscribe": "<https://parley.example/unsubscribe?token=abc>" },
  }));
  const [received] = await smtp.waitFor(1);
  equal(received?.from, "messages@parley.example");
  deepEqual(received?.to, ["jonas@example.com"]);
  const { parsed } = received!;
  deepEqual(parsed.from, { name: "Parley", address: "messages@parley.example" });
  deepEqual(parsed.to, [{ name: "Jonas Weber", address: "jonas@example.com" }]);
  equal(parsed.subject, "Mara Lindqvist sent you a message");
  equal(parsed.text?.trim(), "Is the bicycle still there?");
  equal(parsed.html?.trim(), "<p>Is the bicycle still there?</p>");
  equal(parsed.messageId, "<delivery-1@parley.example>");
  equal(parsed.references, "<conversation-1@parley.example>");
  equal(parsed.inReplyTo, "<conversation-1@parley.example>");
  const header = parsed.headers.find(({ key }) => key === "list-unsubscribe");
  equal(header?.value, "<https://parley.example/unsubscribe?token=abc>");
});

const hostile = [
  "Mara\r\nBcc: everyone@example.com\r\n\r\nA body",
  "Mara\nX-Injected: yes",
  'Mara" <other@example.com>, "',
  "Mara <other@example.com>,",
  "=?utf-8?B?DQpCY2M6IGV2ZXJ5b25lQGV4YW1wbGUuY29t?=",
  "Mara\0\x0b\x0c\x85\u2028Bcc: everyone@example.com",
];
for (const name of hostile) {
  Deno.test(`the name and subject ${JSON.stringify(name)} begin no header and add no address`, async () => {
    await using server = await openSmtp();
    const { smtp, mailer } = server;
    await mailer.send(mail({ to: { name, address: "jonas@example.com" }, subject: name }));
    const [received] = await smtp.waitFor(1);
    deepEqual(received?.to, ["jonas@example.com"]);
    const { parsed } = received!;
    deepEqual(parsed.to?.map(({ address }) => address), ["jonas@example.com"]);
    deepEqual(parsed.headers.filter(({ key }) => /^(bcc|x-injected)$/.test(key)), []);
    equal(parsed.text?.trim(), "Is the bicycle still there?");
  });
}

const answers: [step: "connect" | "from" | "recipient" | "data", line: string, ends: string][] = [
  ["recipient", "550 No such user", "address refused"],
  ["recipient", "550 5.1.1 No such user", "address refused"],
  ["recipient", "550 5.2.1 The account is disabled", "address refused"],
  ["recipient", "553 5.1.3 Not an address", "address refused"],
  ["recipient", "556 5.1.10 The domain takes no mail", "address refused"],
  ["recipient", "550 5.7.1 Relaying denied", "refused"],
  ["recipient", "550 5.1.8 The sender's domain is not known", "refused"],
  ["recipient", "552 5.2.2 The mailbox is full", "refused"],
  ["recipient", "451 4.7.1 Greylisted, come back later", "later"],
  ["recipient", "530 5.7.0 Log in first", "later"],
  ["data", "554 5.7.1 Looks like spam", "refused"],
  ["data", "550 5.1.1 No such user", "refused"],
  ["data", "452 4.3.1 Out of space", "later"],
  ["from", "553 5.7.1 Not your sender", "later"],
  ["connect", "421 4.3.2 Going down", "later"],
  ["connect", "554 5.7.1 Your address is blocked", "later"],
];
for (const [step, line, ends] of answers) {
  Deno.test(`a server that answers ${line} to ${step}: ${ends}`, async () => {
    await using server = await openSmtp();
    server.smtp.answers[step] = line;
    equal(await outcome(server.mailer.send(mail())), ends);
    deepEqual(server.smtp.mails, []);
  });
}

for (
  const address of [
    "",
    "jonas@exa mple.com",
    "jonas@example.com, mara@example.com",
    "jonas@example.com\r\nRCPT TO:<mara@example.com>",
    "jonas@example.com> <mara@example.com",
  ]
) {
  Deno.test(`the address ${JSON.stringify(address)} is refused, and reaches nobody`, async () => {
    await using server = await openSmtp();
    const to = { name: "Jonas", address };
    equal(await outcome(server.mailer.send(mail({ to }))), "address refused");
    deepEqual(server.smtp.mails, []);
  });
}

Deno.test("a server that is away takes the mail once it is back", async () => {
  await using server = await openSmtp();
  await server.mailer.send(mail());
  await server.smtp.stop();
  equal(await outcome(server.mailer.send(mail())), "later");
  await server.smtp.restart();
  equal(await outcome(server.mailer.send(mail())), "taken");
  equal(server.smtp.mails.length, 2);
});

Deno.test("a connection that ends while a mail is on its way is no refusal", async () => {
  await using server = await openSmtp();
  server.smtp.hanging = true;
  const sending = outcome(server.mailer.send(mail()));
  await server.smtp.untilHanging();
  await server.smtp.stop();
  equal(await sending, "later");
});

Deno.test("a mailer logs in with the user and password of its URL", async () => {
  await using server = await openSmtp({ login: { user: "parley@x", password: "p/a:s@s" } });
  await server.mailer.send(mail());
  equal(server.smtp.mails[0]?.user, "parley@x");
});

Deno.test("a wrong password is the operator's to mend", async () => {
  await using smtp = await TestSmtp.start({ login: { user: "parley", password: "right" } });
  const mailer = createSmtpMailer(smtp.url.replace("right", "wrong"), from);
  equal(await outcome(mailer.send(mail())), "later");
  mailer.close();
});

Deno.test("what a server offers to encrypt is encrypted, with a certificate that is right", async () => {
  await using unsigned = await openSmtp({ tls: true });
  equal(await outcome(unsigned.mailer.send(mail())), "later");
  await using trusted = await openSmtp({ tls: true }, "?tls.rejectUnauthorized=false");
  await trusted.mailer.send(mail());
  ok(trusted.smtp.mails[0]?.secure);
});
