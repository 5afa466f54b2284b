import { and, eq, isNotNull, isNull, sql } from "drizzle-orm";
import { arrayLiteral, type Database } from "./database.ts";
import { users, userWords } from "./schema.ts";

export type UserRow = typeof users.$inferSelect;
export type NewUser = typeof users.$inferInsert;

const active = isNull(users.deactivatedAt);
const isLocal = isNotNull(users.passwordHash);

/** The member of this id, or undefined if there is none (any more). */
export async function selectUser(db: Database, id: string): Promise<UserRow | undefined> {
  const [row] = await selectUsers(db, [id]);
  return row;
}

/** Members by their ids, in no promised order. */
export function selectUsers(db: Database, ids: string[]): Promise<UserRow[]> {
  return db.select().from(users).where(and(sql`${users.id} = any(${uuids(ids)})`, active));
}

/** The member of this username, in whatever case it is written. */
export async function selectUserByUsername(
  db: Database,
  username: string,
): Promise<UserRow | undefined> {
  const [row] = await db.select().from(users)
    .where(and(eq(sql`lower(${users.username})`, username.toLowerCase()), active));
  return row;
}

/** The local account of this username, or of this email, which its member has confirmed. */
export async function selectAccount(db: Database, login: string): Promise<UserRow | undefined> {
  if (!login.includes("@")) {
    const row = await selectUserByUsername(db, login);
    return row?.passwordHash ? row : undefined;
  }
  const row = await selectAccountByEmail(db, login);
  return row?.deactivatedAt === null ? row : undefined;
}

/** The local account whose confirmed address this is, deactivated or not: there is one at most. */
export async function selectAccountByEmail(
  db: Database,
  email: string,
): Promise<UserRow | undefined> {
  const [row] = await db.select().from(users).where(
    and(eq(sql`lower(${users.email})`, email.toLowerCase()), isLocal),
  );
  return row;
}

/** The platform's members, deactivated or not, in no promised order. */
export function selectUsersByExternalIds(
  db: Database,
  externalIds: string[],
): Promise<UserRow[]> {
  return db.select().from(users)
    .where(sql`${users.externalId} = any(${arrayLiteral(externalIds)}::text[])`);
}

/** @throws a unique violation if the username, a confirmed email or the external id is taken */
export async function insertUser(db: Database, user: NewUser): Promise<UserRow> {
  const [row] = await db.insert(users).values(user).returning();
  return row as UserRow;
}

/** What a platform says of its member now; undefined fields stay as they are. */
export async function updateUser(
  db: Database,
  id: string,
  changes: Partial<Pick<NewUser, "displayName" | "avatarUrl" | "profileUrl" | "email" | "locale">>,
): Promise<UserRow> {
  const [row] = await db.update(users).set(changes).where(eq(users.id, id)).returning();
  return row as UserRow;
}

/**
 * Notes that a mail server does not take mail for this address, nor will.
 *
 * @returns whether that is news
 */
export async function updateEmailRefused(
  db: Database,
  id: string,
  address: string,
): Promise<boolean> {
  const rows = await db.update(users).set({ emailRefused: address })
    .where(and(eq(users.id, id), sql`${users.emailRefused} is distinct from ${address}`))
    .returning({ id: users.id });
  return rows.length > 0;
}

/**
 * Notes an address that a local account's member has yet to confirm, in place of an earlier one;
 * null: there is nothing to confirm.
 */
export async function updateEmailPending(
  db: Database,
  id: string,
  pending: { address: string; askedId: string } | null,
): Promise<UserRow | undefined> {
  const [row] = await db.update(users)
    .set({ emailPending: pending?.address ?? null, emailAskedId: pending?.askedId ?? null })
    .where(and(eq(users.id, id), isLocal, active))
    .returning();
  return row;
}

/**
 * Puts the address into force that was given then.
 *
 * @returns undefined if it is not the one to be confirmed any more
 * @throws a unique violation if another account has it by now
 */
export async function confirmEmailPending(
  db: Database,
  id: string,
  askedId: string,
): Promise<UserRow | undefined> {
  const [row] = await db.update(users)
    .set({ email: sql`${users.emailPending}`, emailPending: null, emailRefused: null })
    .where(and(isAsked(id, askedId), active))
    .returning();
  return row;
}

/** Gives up the address that was given then. @returns whether it was the one to be confirmed */
export async function dropEmailPending(
  db: Database,
  id: string,
  askedId: string,
): Promise<boolean> {
  const rows = await db.update(users).set({ emailPending: null, emailAskedId: null })
    .where(isAsked(id, askedId))
    .returning({ id: users.id });
  return rows.length > 0;
}

const isAsked = (id: string, askedId: string) =>
  and(eq(users.id, id), eq(users.emailAskedId, askedId), isNotNull(users.emailPending));

/** @param seenAt milliseconds since 1970 */
export async function updateLastSeen(db: Database, ids: string[], seenAt: number): Promise<void> {
  if (ids.length === 0) return;
  await db.update(users).set({ lastSeenAt: new Date(seenAt) })
    .where(sql`${users.id} = any(${uuids(ids)})`);
}

/**
 * Members whose name or username has words that begin with each of the words asked for.
 *
 * @param not the asking member, who is not found
 */
export function selectUsersByQuery(
  db: Database,
  query: string,
  not: string,
  limit: number,
): Promise<UserRow[]> {
  // Letters, digits and marks only: what is left has no meaning to to_tsquery.
  const words = query.normalize("NFC").match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
  if (words.length === 0) return Promise.resolve([]);
  const prefixes = words.map((word) => `${word}:*`).join(" & ");
  const found = sql`${userWords(users)} @@ to_tsquery('simple', ${prefixes})`;
  return db.select().from(users)
    .where(and(found, active, sql`${users.id} <> ${not}`))
    .orderBy(users.displayName, users.id)
    .limit(limit);
}

/** Which of these ids are active members. */
export async function selectExistingUserIds(db: Database, ids: string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const rows = await db.select({ id: users.id }).from(users)
    .where(and(sql`${users.id} = any(${uuids(ids)})`, active));
  return rows.map((row) => row.id);
}

/** A list of ids as one parameter, the same statement for any number of them. */
export function uuids(ids: string[]) {
  return sql`${`{${ids.join(",")}}`}::uuid[]`;
}
