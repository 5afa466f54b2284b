import { deepEqual, equal } from "node:assert/strict";
import { Mailbox } from "@/utils/mailbox.ts";

function mail(messageId: string) {
  const to = { name: "Jonas", address: "jonas@example.com" };
  return { to, subject: "Hello", text: "", html: "", messageId, references: [], headers: {} };
}

Deno.test("a mailbox keeps the last hundred mails, newest first, and each once", async () => {
  const mailbox = new Mailbox({ now: () => 1_000 });
  for (let number = 1; number <= 102; number++) await mailbox.send(mail(`${number}@x`));
  await mailbox.send(mail("102@x"));
  equal(mailbox.mails.length, 100);
  equal(mailbox.mails[0]?.messageId, "102@x");
  equal(mailbox.mails.at(-1)?.messageId, "3@x");
  deepEqual(mailbox.find("50@x")?.sentAt, new Date(1_000));
  equal(mailbox.find("2@x"), undefined);
});
