/**
 * The address of an account of our own. It is in force once its member has confirmed it, by a link
 * in a mail to it; until then the one before is. Whether an address belongs to somebody shows in no
 * answer: it is looked up when the mail is written, which its owner alone reads.
 *
 * @module
 */
import { type Database, isUniqueViolation } from "@/db/database.ts";
import { confirmEmailPending, selectUser, updateEmailPending, type UserRow } from "@/db/users.ts";
import { newId } from "@/utils/ids.ts";
import type { Chat } from "./chat.ts";
import type { MailJob } from "./deliveries.ts";
import { ChatError, invalidInput } from "./errors.ts";
import type { EmailInput, Self } from "./protocol.ts";
import { isRightPassword } from "./guesses.ts";
import { spend } from "./rates.ts";
import { readLink, signLink } from "./signed_links.ts";
import { selfView } from "./views.ts";

/** How long a link works after its mail was written, in days. */
export const linkDays = 3;
const dayMs = 86_400_000;

/**
 * The address to be kept for a new account; null where no mail is sent, for what would use it?
 *
 * @throws {ChatError} `invalid_input` without one, `rate_limited`
 */
export async function newAccountEmail(
  chat: Chat,
  given: string | undefined,
): Promise<string | null> {
  if (!chat.mailer) return null;
  if (given === undefined) throw invalidInput("email", "Expected an email address");
  await spend(chat, "mail", { recipient: given.toLowerCase() });
  return given;
}

/** Has the mail sent that asks the member to confirm, in the transaction that it is handed. */
export async function askToConfirm(
  chat: Chat,
  db: Database,
  userId: string,
  askedId: string,
): Promise<void> {
  const data: MailJob = { type: "confirm", userId, askedId };
  await chat.queue?.add(db, "email", [{ id: newId(), data }]);
}

/**
 * Gives an account another address, which is to be confirmed; the one in force is told. To give
 * that one itself takes the change back.
 *
 * @param address where the request came from
 * @throws {ChatError} `forbidden` if the password is wrong, or to members whose address is not kept
 *   here; `rate_limited`
 */
export async function changeEmail(
  chat: Chat,
  address: string,
  userId: string,
  { email, password }: EmailInput,
): Promise<Self> {
  const account = await selectOwnAccount(chat, userId);
  await spend(chat, "login", { member: userId, address });
  const guess = { name: userId, address, known: userId };
  if (!await isRightPassword(chat, guess, password, account.passwordHash)) {
    const message = "The password is wrong";
    throw new ChatError("forbidden", message, { errors: [{ path: "password", message }] });
  }
  const isRefused = account.email === account.emailRefused;
  if (email.toLowerCase() === account.email?.toLowerCase() && !isRefused) {
    return selfView(await updateEmailPending(chat.db, userId, null) ?? account);
  }
  await spendMail(chat, userId, email);
  const askedId = newId();
  return await chat.db.transaction(async (tx) => {
    const changed = await updateEmailPending(tx, userId, { address: email, askedId });
    await askToConfirm(chat, tx, userId, askedId);
    if (account.email !== null && !isRefused) {
      const data: MailJob = { type: "changing", userId, address: account.email };
      await chat.queue?.add(tx, "email", [{ id: newId(), data }]);
    }
    return selfView(changed ?? account);
  });
}

/**
 * Sends the mail that asks to confirm once more.
 *
 * @throws {ChatError} `conflict` if nothing is to be confirmed, `forbidden`, `rate_limited`
 */
export async function resendConfirmation(chat: Chat, userId: string): Promise<void> {
  const { emailPending, emailAskedId } = await selectOwnAccount(chat, userId);
  if (emailPending === null || emailAskedId === null) {
    throw new ChatError("conflict", "There is no address to confirm");
  }
  await spendMail(chat, userId, emailPending);
  await askToConfirm(chat, chat.db, userId, emailAskedId);
}

/** @throws {ChatError} `forbidden` to members whose address is not kept here */
async function selectOwnAccount(chat: Chat, userId: string): Promise<UserRow> {
  if (!chat.mailer) throw new ChatError("forbidden", "This site sends no mail");
  const user = await selectUser(chat.db, userId);
  if (!user?.passwordHash) {
    throw new ChatError("forbidden", "The address is kept by the site you come from");
  }
  return user;
}

/** Nobody's mailbox is to be filled, neither by one member nor by many. */
async function spendMail(chat: Chat, userId: string, address: string): Promise<void> {
  await spend(chat, "mail", { member: userId, recipient: address.toLowerCase() });
}

/** The address of the page where an address is confirmed. */
export async function confirmationUrl(
  chat: Chat,
  userId: string,
  askedId: string,
): Promise<string> {
  const endsAt = chat.clock.now() + linkDays * dayMs;
  const token = await signLink(chat, "confirm", { sub: userId, asked: askedId }, endsAt);
  return `${chat.settings.publicUrl}/confirm?token=${token}`;
}

/** What a link to confirm an address stands for. */
export interface Confirmation {
  /** `ended`: another address was given since, or another account has this one by now. */
  state: "open" | "confirmed" | "ended";
  /** The one to be confirmed, or that is; "" once the link has ended. */
  address: string;
  username: string;
  locale: string | null;
}

/** Reads a link's token; undefined if it is none of ours, or has expired. Changes nothing. */
export async function readConfirmation(
  chat: Chat,
  token: string,
): Promise<Confirmation | undefined> {
  const link = await readLink<{ asked: string }>(chat, "confirm", token);
  const user = link && await selectUser(chat.db, link.sub);
  if (!user) return undefined;
  const { emailPending, emailAskedId, email, username, locale } = user;
  if (emailAskedId !== link.asked) return { state: "ended", address: "", username, locale };
  return emailPending === null
    ? { state: "confirmed", address: email ?? "", username, locale }
    : { state: "open", address: emailPending, username, locale };
}

/** Puts the address into force that a link is about. Once more, it changes nothing. */
export async function confirmEmail(chat: Chat, token: string): Promise<Confirmation | undefined> {
  const link = await readLink<{ asked: string }>(chat, "confirm", token);
  if (!link) return undefined;
  let isTaken = false;
  try {
    await confirmEmailPending(chat.db, link.sub, link.asked);
  } catch (error) {
    if (!isUniqueViolation(error, "users_local_email")) throw error;
    isTaken = true;
  }
  const found = await readConfirmation(chat, token);
  return found && isTaken ? { ...found, state: "ended", address: "" } : found;
}
