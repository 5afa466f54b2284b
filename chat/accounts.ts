/**
 * Who someone is: accounts of our own, and members of the platform by its tokens.
 *
 * @module
 */
import { isUniqueViolation } from "@/db/database.ts";
import { insertUser, selectAccount, updateUser, type UserRow } from "@/db/users.ts";
import { newId } from "@/utils/ids.ts";
import type { PlatformClaims, TokenSubject } from "@/utils/jwt.ts";
import { hashPassword } from "@/utils/password.ts";
import * as v from "valibot";
import type { Chat } from "./chat.ts";
import { readDevice } from "./devices.ts";
import { askToConfirm, newAccountEmail } from "./email_address.ts";
import { ChatError } from "./errors.ts";
import { isRightPassword } from "./guesses.ts";
import { Id, type LoginInput, type RegisterInput, type Self } from "./protocol.ts";
import { spend } from "./rates.ts";
import { selfView } from "./views.ts";

/**
 * Opens an account. Where mail is sent, its address is to be confirmed. The answer, and the work it
 * takes, are the same whether or not the address belongs to somebody.
 *
 * @param address where the request came from
 * @param locale the language to write to them in, if it is known
 * @throws {ChatError} `conflict` if the username is taken, `invalid_input`, `rate_limited`
 */
export async function register(
  chat: Chat,
  address: string,
  input: RegisterInput,
  locale: string | null,
): Promise<Self> {
  await spend(chat, "register", { address });
  const { password, email, ...fields } = input;
  const emailPending = await newAccountEmail(chat, email);
  const emailAskedId = emailPending && newId();
  const passwordHash = await hashPassword(password);
  const user = { ...fields, id: newId(), passwordHash, locale, emailPending, emailAskedId };
  try {
    return await chat.db.transaction(async (tx) => {
      const row = await insertUser(tx, user);
      if (emailAskedId !== null) await askToConfirm(chat, tx, row.id, emailAskedId);
      return selfView(row);
    });
  } catch (error) {
    if (!isUniqueViolation(error, "users_username")) throw error;
    const message = "This username is taken";
    throw new ChatError("conflict", message, { errors: [{ path: "username", message }] });
  }
}

/** Where a login comes from: its address, and what its browser was given at the one before. */
export interface LoginSource {
  address: string;
  deviceToken: string | undefined;
}

/**
 * Checks a login. The answer, the time it takes and how often it may be tried are the same whether
 * the account does not exist or the password is wrong.
 *
 * @throws {ChatError} `unauthenticated`, `rate_limited`, `unavailable`
 */
export async function login(chat: Chat, from: LoginSource, input: LoginInput): Promise<Self> {
  const { address } = from;
  const device = await readDevice(chat, from.deviceToken);
  if (!device) await spend(chat, "login", { address });
  const account = await selectAccount(chat.db, input.login);
  const isKnown = account !== undefined && device?.members.includes(account.id);
  // A browser that others log in from is nothing to this account.
  if (device && !isKnown) await spend(chat, "login", { address });
  const guess = { name: input.login, address, known: isKnown ? device?.id : undefined };
  const hash = account?.passwordHash ?? null;
  if (!await isRightPassword(chat, guess, input.password, hash) || !account) {
    throw new ChatError("unauthenticated", "The username or the password is wrong");
  }
  return selfView(account);
}

/**
 * The member a token speaks for. The first valid token of a platform's member creates them; later
 * ones carry over what the platform changed.
 *
 * @throws {ChatError} `unauthenticated` if there is no such member (any more)
 */
export async function identify(chat: Chat, subject: TokenSubject): Promise<Self> {
  const user = subject.kind === "own"
    ? v.is(Id, subject.userId) ? await chat.lookups.user(subject.userId) : undefined
    : await platformMember(chat, subject.claims);
  if (!user || user.deactivatedAt !== null) {
    throw new ChatError("unauthenticated", "The token's member does not exist");
  }
  return selfView(user);
}

async function platformMember(chat: Chat, claims: PlatformClaims): Promise<UserRow> {
  const known = await chat.lookups.platformUser(claims.sub);
  if (!known) return createPlatformMember(chat, claims);
  const said = {
    displayName: claims.name,
    avatarUrl: claims.picture,
    profileUrl: claims.profile,
    email: claims.email,
    locale: claims.locale,
  };
  const changed = Object.entries(said)
    .filter(([name, value]) => value !== undefined && value !== known[name as keyof typeof said]);
  return changed.length === 0 ? known : updateUser(chat.db, known.id, Object.fromEntries(changed));
}

async function createPlatformMember(chat: Chat, claims: PlatformClaims): Promise<UserRow> {
  const id = newId();
  const wanted = claims.username ?? claims.name ?? "member";
  const insert = (username: string) =>
    insertUser(chat.db, {
      id,
      externalId: claims.sub,
      username,
      displayName: claims.name ?? claims.username ?? "Member",
      avatarUrl: claims.picture ?? null,
      profileUrl: claims.profile ?? null,
      email: claims.email ?? null,
      locale: claims.locale ?? null,
    });
  try {
    return await insert(plainUsername(wanted) ?? usernameWith("member", id));
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    // Two requests with the member's first token at once, of which the other one was quicker; or a
    // username that somebody has.
    const existing = await chat.lookups.platformUser(claims.sub);
    return existing ?? insert(usernameWith(plainUsername(wanted) ?? "member", id));
  }
}

/** What the platform calls them, made to fit; undefined if too little of it does. */
function plainUsername(wanted: string): string | undefined {
  const plain = wanted.normalize("NFKD").replace(/[^A-Za-z0-9._-]+/g, "").slice(0, 20)
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "");
  return plain.length >= 3 ? plain : undefined;
}

/** The end of an id is random, so nobody has this one. */
const usernameWith = (plain: string, id: string) => `${plain}-${id.slice(-8)}`;
