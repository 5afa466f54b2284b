import type { Job, Outcome } from "@/db/queue.ts";
import { dropEmailPending, selectAccountByEmail, selectUser, type UserRow } from "@/db/users.ts";
import type { Chat } from "./chat.ts";
import type { AccountMailJob } from "./deliveries.ts";
import { type AccountNews, composeAccountMail } from "./email/account_mail.tsx";
import { confirmationUrl, linkDays } from "./email_address.ts";
import { noteRefused, sendMail, tellRefused } from "./mail_delivery.ts";

/**
 * Sends a mail about an account's address.
 *
 * @throws while the mail server cannot take it
 */
export async function deliverAccountMail(
  chat: Chat,
  { id, data }: Job<AccountMailJob>,
): Promise<Outcome> {
  const user = await selectUser(chat.db, data.userId);
  if (!user) return { done: true, note: "no member" };
  if (data.type === "changing") {
    const { displayName: name, locale, username } = user;
    const to = { name, address: data.address, locale };
    const refusal = await send(chat, id, to, { type: "changing", username });
    if (refusal?.recipient) await noteRefused(chat, user.id, data.address);
    return refusal ? { done: false, reason: refusal.message } : { done: true };
  }
  if (user.emailPending === null || user.emailAskedId !== data.askedId) {
    return { done: true, note: "not asked for any more" };
  }
  const address = user.emailPending;
  const { to, says } = await askOrTell(chat, user, address, data.askedId);
  const refusal = await send(chat, id, { ...to, address }, says);
  if (refusal?.recipient && await dropEmailPending(chat.db, user.id, data.askedId)) {
    await tellRefused(chat, user.id, address);
  }
  return refusal ? { done: false, reason: refusal.message } : { done: true };
}

/** Whoever has the address already is told so; anybody else may confirm it. */
async function askOrTell(
  chat: Chat,
  { id, locale }: UserRow,
  address: string,
  askedId: string,
): Promise<{ to: { name: string; locale: string | null }; says: AccountNews }> {
  const owner = await selectAccountByEmail(chat.db, address);
  if (owner && owner.id !== id) {
    const { displayName: name, locale, username } = owner;
    return { to: { name, locale }, says: { type: "known", username } };
  }
  const url = await confirmationUrl(chat, id, askedId);
  return { to: { name: "", locale }, says: { type: "confirm", url, days: linkDays } };
}

function send(
  chat: Chat,
  id: string,
  to: { name: string; address: string; locale: string | null },
  says: AccountNews,
) {
  const { publicUrl, mail } = chat.settings;
  return sendMail(
    chat,
    composeAccountMail({ id, to, from: mail?.from ?? "Parley", publicUrl, says }),
  );
}
