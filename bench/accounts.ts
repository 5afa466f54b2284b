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
  const now = new Date();
  for (const { conversationId, members } of pairs) {
    const [one, other] = members;
    for (const { id } of members) {
      const username = `m${id.replaceAll("-", "").slice(-24)}`;
      await insertUser(db, { id, username, displayName: username });
    }
    const direct = directKey(one.id, other.id, null, null);
    await insertConversation(db, {
      id: conversationId,
      kind: "direct",
      directKey: direct,
      createdBy: one.id,
      createdAt: now,
      lastMessageAt: now,
    }, [one.id, other.id]);
  }
}

/** Pairs of members with their tokens, nowhere stored yet. */
export async function makePairs(members: number): Promise<Pair[]> {
  const tokens = createTokens({
    secret,
    jwksUrl: undefined,
    issuer: undefined,
    audience: undefined,
    localAccounts: true,
    ttlSeconds: tokenSeconds,
    clock: systemClock,
  });
  const account = async (): Promise<Account> => {
    const id = newId();
    return { id, token: (await tokens.sign(id)).token };
  };
  return await Promise.all(Array.from({ length: members / 2 }, async (): Promise<Pair> => ({
    conversationId: newId(),
    members: [await account(), await account()],
  })));
}
