import { deepEqual, doesNotMatch, equal, match, ok } from "node:assert/strict";
import { composeMail } from "@/chat/email/compose.ts";
import type { Letter, LetterConversation } from "@/chat/email/letter.ts";
import { createSmtpMailer } from "@/utils/smtp_mailer.ts";
import { TestSmtp } from "../support/smtp.ts";

const publicUrl = "https://parley.example";

/** A conversation with Mara, in which she wrote these. */
function conversation(
  contents: string[],
  parts: Partial<LetterConversation> = {},
): LetterConversation {
  return {
    id: "conversation",
    title: "Mara Lindqvist",
    isGroup: false,
    subjectTitle: null,
    messages: contents.map((content, minute) => ({
      senderName: "Mara Lindqvist",
      content,
      type: "text",
      createdAt: new Date(Date.UTC(2026, 4, 3, 12, minute)).toISOString(),
    })),
    count: contents.length,
    ...parts,
  };
}

function letter(conversations: LetterConversation[], parts: Partial<Letter> = {}): Letter {
  return {
    id: "delivery",
    to: { name: "Jonas Weber", address: "jonas@example.com", locale: "en" },
    from: "Parley <messages@parley.example>",
    publicUrl,
    timeZone: "UTC",
    withContent: true,
    conversations,
    unsubscribe: {
      conversation: conversations.length === 1 ? `${publicUrl}/unsubscribe?token=one` : null,
      all: `${publicUrl}/unsubscribe?token=all`,
    },
    ...parts,
  };
}

const inLanguage = (locale: string | null): Partial<Letter> => ({
  to: { name: "Jonas Weber", address: "jonas@example.com", locale },
});

/** What a reader sees of the HTML: its text, without the parts that are not shown. */
function shown(html: string): string {
  return html
    .replace(/<(style|title)>.*?<\/\1>/gs, "")
    .replace(/<[^>]*>/g, "\n")
    .replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&");
}

Deno.test("a mail says who wrote what and when, and leads to the conversation", () => {
  const about = conversation(["Is the bicycle still there?"], { subjectTitle: "Road bike" });
  const { subject, html, text, to } = composeMail(letter([about]));
  deepEqual(to, { name: "Jonas Weber", address: "jonas@example.com" });
  equal(subject, "Mara Lindqvist sent you a message");
  for (const body of [text, shown(html)]) {
    match(body, /Mara Lindqvist/);
    match(body, /May 3, 2026, 12:00\sPM UTC/);
    match(body, /About Road bike/);
    match(body, /Is the bicycle still there\?/);
  }
  ok(html.includes(`href="${publicUrl}/messages/conversation"`));
  ok(text.includes(`${publicUrl}/messages/conversation\n`));
});

Deno.test("a time is the member's own where they said where they are", () => {
  const { text } = composeMail(
    letter([conversation(["Hello"])], { timeZone: "Asia/Kolkata", ...inLanguage("de-CH") }),
  );
  match(text, /3\. Mai 2026,? (um )?17:30\n/);
});

Deno.test("of twelve messages a mail shows five and counts seven", () => {
  const contents = ["one", "two", "three", "four", "five"].map((word) => `This is ${word}`);
  const { subject, html, text } = composeMail(letter([conversation(contents, { count: 12 })]));
  equal(subject, "12 new messages from Mara Lindqvist");
  for (const body of [text, shown(html)]) {
    for (const content of contents) ok(body.includes(content));
    match(body, /and 7 more/);
  }
});

Deno.test("several conversations are sections of one mail", () => {
  const group = conversation(["We arrive at six"], {
    id: "group",
    title: "Riverside Loft",
    isGroup: true,
    count: 3,
  });
  const mail = composeMail(letter([conversation(["Hello", "Hello?"]), group]));
  equal(mail.subject, "5 new messages in 2 conversations");
  for (const body of [mail.text, shown(mail.html)]) {
    match(body, /2 new messages from Mara Lindqvist/);
    match(body, /3 new messages in Riverside Loft/);
  }
  for (const id of ["conversation", "group"]) ok(mail.html.includes(`/messages/${id}"`));
  deepEqual(mail.references, []);
  equal(mail.headers["List-Unsubscribe"], `<${publicUrl}/unsubscribe?token=all>`);
  ok(!mail.html.includes("token=one"));
});

Deno.test("one message in a group says who wrote, and one without a title is named by its sender", () => {
  const group = (title: string) => conversation(["Hello"], { title, isGroup: true });
  equal(
    composeMail(letter([group("Riverside Loft")])).subject,
    "Mara Lindqvist sent a message in Riverside Loft",
  );
  equal(composeMail(letter([group("")])).subject, "Mara Lindqvist sent you a message");
});

Deno.test("a picture or file without words is named", () => {
  const sent = conversation(["", ""]);
  sent.messages[0]!.type = "image";
  sent.messages[1]!.type = "file";
  const { html, text } = composeMail(letter([sent]));
  match(shown(html), /Photo[^]*File/);
  match(text, /\[Photo\]\n[^]*\[File\]\n/);
});

Deno.test("without content no word of what was written is anywhere in the mail", () => {
  const secret = conversation(["Confidential words", "More confidential words"], {
    subjectTitle: "A confidential matter",
    count: 7,
  });
  for (const conversations of [[secret], [secret, { ...secret, id: "other" }]]) {
    const mail = composeMail(letter(conversations, { withContent: false }));
    doesNotMatch(JSON.stringify(mail), /confidential/i);
    match(shown(mail.html), /7 new messages from Mara Lindqvist/);
  }
});

Deno.test("what members write is text and nothing else", () => {
  const markup = '</td><script>alert(1)</script><img src="https://x.example/p.gif" onerror=a>&amp;';
  const hostile = conversation([markup], { title: markup, subjectTitle: markup });
  hostile.messages[0]!.senderName = markup;
  const { html } = composeMail(letter([hostile]));
  doesNotMatch(html, /<(script|img)/);
  ok(shown(html).includes(markup));
});

Deno.test("a mail loads nothing, and links nowhere but to us", () => {
  const { html } = composeMail(
    letter([conversation(["See https://x.example/a and www.x.example"])]),
  );
  doesNotMatch(html, /<(img|link|script|iframe|form|svg)|url\(|@import|\bsrc=/i);
  const links = [...html.matchAll(/href="([^"]*)"/g)].map(([, url]) => url);
  equal(links.length, 3);
  for (const url of links) ok(url?.startsWith(`${publicUrl}/`));
});

Deno.test("no line of a member's can pass for one of ours in plain text", () => {
  const ours = "Open the conversation:";
  for (const end of ["\n", "\r", "\r\n", "\v", "\f", "\x85", "\u2028", "\u2029"]) {
    const { text } = composeMail(
      letter([conversation([`Hello${end}${ours}${end}https://x.example`])]),
    );
    const lines = text.split(/\r\n|[\n\r\v\f\x85\u2028\u2029]/);
    equal(lines.filter((line) => line.startsWith(ours)).length, 1);
    equal(lines.filter((line) => line.startsWith("https://x.example")).length, 0);
    equal(lines.filter((line) => line === `> ${ours}`).length, 1);
  }
});

Deno.test("names and titles are one line each, and turn nothing around", () => {
  const name = "\u202eMara\r\nBcc: all@example.com\u2066\0\u200f";
  const hostile = conversation(["Hello"], { title: name, subjectTitle: name });
  hostile.messages[0]!.senderName = name;
  const mail = composeMail(
    letter([hostile], { to: { name, address: "jonas@example.com", locale: null } }),
  );
  equal(mail.to.name, "Mara Bcc: all@example.com");
  equal(mail.subject, "Mara Bcc: all@example.com sent you a message");
  doesNotMatch(mail.text + mail.html, /[\u202a-\u202e\u2066-\u2069\u200e\u200f\0\r]/);
});

Deno.test("a direction that a message sets ends with the message", () => {
  const { html, text } = composeMail(letter([conversation(["\u202eabc\u2067", "next"])]));
  match(html, /<td[^>]* dir="auto"[^>]*>\u202eabc\u2067<\/td>/);
  match(text, /^> \u202eabc\u2067$/m); // the end of a line ends it
});

Deno.test("long names, words and messages are cut, and never within a character", () => {
  const family = "👨‍👩‍👧‍👦";
  const long = conversation([family.repeat(700), "x".repeat(8_000)], { title: family.repeat(40) });
  const { subject, html, text } = composeMail(letter([long]));
  match(subject, new RegExp(`^2 new messages from (${family})+…$`, "u"));
  ok(subject.length < 110);
  match(text, new RegExp(`^> (${family})+…$`, "mu"));
  match(text, /^> x{499}…$/m);
  ok(html.length < 20_000);
});

Deno.test("a message keeps its lines and spaces", () => {
  const { html, text } = composeMail(letter([conversation(["  one\n    two\n\nthree"])]));
  ok(html.includes(">  one\n    two\n\nthree<"));
  match(html, /white-space:pre-wrap/);
  ok(text.includes(">   one\n>     two\n> \n> three\n"));
});

const subjects: [locale: string | null, one: string, several: string, both: string][] = [
  [
    "en-GB",
    "Mara sent you a message",
    "3 new messages from Mara",
    "6 new messages in 2 conversations",
  ],
  [
    "de_AT",
    "Mara hat dir eine Nachricht geschickt",
    "3 neue Nachrichten von Mara",
    "6 neue Nachrichten in 2 Unterhaltungen",
  ],
  [
    "fr",
    "Mara vous a envoyé un message",
    "3 nouveaux messages de Mara",
    "6 nouveaux messages dans 2 conversations",
  ],
  [
    "es-MX",
    "Mara te ha enviado un mensaje",
    "3 mensajes nuevos de Mara",
    "6 mensajes nuevos en 2 conversaciones",
  ],
  [
    "pt-BR",
    "Mara enviou uma mensagem para você",
    "3 novas mensagens de Mara",
    "6 novas mensagens em 2 conversas",
  ],
  [
    "sv",
    "Mara har skickat ett meddelande till dig",
    "3 nya meddelanden från Mara",
    "6 nya meddelanden i 2 konversationer",
  ],
  ["ar", "رسالة جديدة إليك من Mara", "3 رسائل جديدة من Mara", "6 رسائل جديدة في محادثتين"],
  [
    "ja",
    "Mara sent you a message",
    "3 new messages from Mara",
    "6 new messages in 2 conversations",
  ],
  [
    "constructor",
    "Mara sent you a message",
    "3 new messages from Mara",
    "6 new messages in 2 conversations",
  ],
  [
    "no locale!",
    "Mara sent you a message",
    "3 new messages from Mara",
    "6 new messages in 2 conversations",
  ],
  [
    null,
    "Mara sent you a message",
    "3 new messages from Mara",
    "6 new messages in 2 conversations",
  ],
];
for (const [locale, one, several, both] of subjects) {
  Deno.test(`a member whose locale is ${locale} is written to in their language`, () => {
    const of = (count: number) => conversation(["Hello"], { title: "Mara", count });
    const subject = (...conversations: LetterConversation[]) =>
      composeMail(letter(conversations, inLanguage(locale))).subject;
    equal(subject(of(1)), one);
    equal(subject(of(3)), several);
    equal(subject(of(3), of(3)), both);
  });
}

Deno.test("no language leaves a gap unfilled", () => {
  for (const locale of ["ar", "de", "en", "es", "fr", "pt", "sv"]) {
    for (const count of [1, 2, 5, 11, 100]) {
      const one = conversation(["Hello"], { count, subjectTitle: "Road bike" });
      for (const conversations of [[one], [one, { ...one, isGroup: true }]]) {
        const mail = composeMail(letter(conversations, inLanguage(locale)));
        doesNotMatch(mail.subject + mail.text + shown(mail.html), /[{}]|undefined/);
      }
    }
  }
});

Deno.test("a language that runs from right to left is laid out so", () => {
  match(
    composeMail(letter([conversation(["a"])], inLanguage("ar-EG"))).html,
    /<html lang="ar-EG" dir="rtl">/,
  );
  match(
    composeMail(letter([conversation(["a"])], inLanguage("sv"))).html,
    /<html lang="sv" dir="ltr">/,
  );
});

Deno.test("braces in a name stay as they are", () => {
  const { subject } = composeMail(
    letter([conversation(["a"], { title: "{name} {messages} $& $1" })]),
  );
  equal(subject, "{name} {messages} $& $1 sent you a message");
});

Deno.test("the letter calls the site by its sender's name, else by its host", () => {
  const footer = (from: string) =>
    composeMail(letter([conversation(["a"])], { from })).text.match(/unread messages on (.*)\.$/m)
      ?.[1];
  equal(footer("Roof & Co <a@b.example>"), "Roof & Co");
  equal(footer('"Roof, Inc." <a@b.example>'), "Roof, Inc.");
  equal(footer("Parley"), "Parley");
  equal(footer("<a@b.example>"), "parley.example");
  equal(footer("a@b.example"), "parley.example");
});

Deno.test("a mail is one thread with those about its conversation, and can be stopped in one click", async () => {
  await using smtp = await TestSmtp.start();
  const mailer = createSmtpMailer(smtp.url, "Parley <messages@parley.example>");
  await mailer.send(composeMail(letter([conversation(["Hello"])])));
  mailer.close();
  const { headers } = (await smtp.waitFor(1))[0]!.parsed;
  const value = (name: string) => headers.find(({ key }) => key === name)?.value;
  equal(value("message-id"), "<delivery@parley.example>");
  equal(value("references"), "<conversation-conversation@parley.example>");
  equal(value("in-reply-to"), "<conversation-conversation@parley.example>");
  equal(value("list-unsubscribe"), `<${publicUrl}/unsubscribe?token=one>`);
  equal(value("list-unsubscribe-post"), "List-Unsubscribe=One-Click");
  equal(value("list-id"), "<messages.parley.example>");
  equal(value("auto-submitted"), "auto-generated");
  equal(value("x-auto-response-suppress"), "All");
});
