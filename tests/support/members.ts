import type { Database } from "@/db/database.ts";
import { insertUser } from "@/db/users.ts";
import { systemClock } from "@/utils/clock.ts";
import { newId } from "@/utils/ids.ts";
import { createTokens } from "@/utils/jwt.ts";
import { testSecret, type TestUser } from "./server.ts";

/** Members with tokens that outlast any run. */
export async function addMembers(db: Database, count: number): Promise<TestUser[]> {
  const tokens = signer(30 * 86_400);
  const members: TestUser[] = [];
  for (let n = 0; n < count; n++) {
    const username = `member-${n}`;
    const { id } = await insertUser(db, { id: newId(), username, displayName: `Member ${n}` });
    members.push({ id, username, token: (await tokens.sign(id)).token });
  }
  return members;
}

/** What signs tokens that are good for so long, as a test's server does. */
export function signer(ttlSeconds: number, secret = testSecret) {
  return createTokens({
    secret,
    jwksUrl: undefined,
    issuer: undefined,
    audience: undefined,
    localAccounts: true,
    ttlSeconds,
    clock: systemClock,
  });
}
