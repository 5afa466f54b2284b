import { directKey } from "@/chat/conversations.ts";
import { insertConversation } from "@/db/conversations.ts";
import type { Database } from "@/db/database.ts";
import { insertUser } from "@/db/users.ts";
import { newId } from "@/utils/ids.ts";
import { createTokens } from "@/utils/jwt.ts";
import { systemClock } from "@/utils/clock.ts";
import type { Account, Pair } from "./load/plan.ts";

/** Shared with the servers that are measured, which stand on 127.0.0.1 for some seconds. */
export const secret = "a secret for measurements, long enough to be taken";

/** Tokens outlast the longest run. */
export const tokenSeconds = 7_200;

/** Members and the conversations of each two, inserted as registration and a first hello would. */
export async function insertPairs(db: Database, pairs: Pair[]): Promise<void> {
  for (const { conversationId, members: [one, other] } of pairs) {
    await insertMember(db, one.id);
    await insertMember(db, other.id);
    await insertDirect(db, conversationId, one.id, other.id);
  }
}

/** A member, who without an address gets no mail. */
export async function insertMember(db: Database, id: string, email?: string): Promise<void> {
  const username = `m${id.replaceAll("-", "").slice(-24)}`;
  await insertUser(db, { id, username, displayName: username, email });
}

/** The conversation of two members. */
export async function insertDirect(
  db: Database,
  id: string,
  one: string,
  other: string,
): Promise<void> {
  const now = new Date();
  await insertConversation(db, {
    id,
    kind: "direct",
    directKey: directKey(one, other, null, null),
    createdBy: one,
    createdAt: now,
    lastMessageAt: now,
  }, [one, other]);
}

/** Members with their tokens, nowhere stored yet. */
export async function makeAccounts(count: number): Promise<Account[]> {
  const tokens = createTokens({
    secret,
    jwksUrl: undefined,
    issuer: undefined,
    audience: undefined,
    localAccounts: true,
    ttlSeconds: tokenSeconds,
    clock: systemClock,
  });
  return await Promise.all(Array.from({ length: count }, async () => {
    const id = newId();
    return { id, token: (await tokens.sign(id)).token };
  }));
}

/** Each two of them with a conversation. */
export async function makePairs(members: number): Promise<Pair[]> {
  const accounts = await makeAccounts(members);
  return Array.from({ length: members / 2 }, (_, n): Pair => ({
    conversationId: newId(),
    members: [accounts[2 * n]!, accounts[2 * n + 1]!],
  }));
}
