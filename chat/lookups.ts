import { selectContacts } from "@/db/conversations.ts";
import type { Database } from "@/db/database.ts";
import { selectUsers, selectUsersByExternalIds, type UserRow } from "@/db/users.ts";
import { gatherLookups } from "@/utils/gather.ts";

/** What every member is looked up by who connects: after a restart all of them do so at once. */
export interface Lookups {
  /** A member by their id. */
  user(id: string): Promise<UserRow | undefined>;
  /** A member by the platform's id for them, deactivated or not. */
  platformUser(externalId: string): Promise<UserRow | undefined>;
  /** Everyone who shares a conversation with a member. */
  contacts(userId: string): Promise<string[]>;
}

/**
 * Members in one query: none is to take long, though some have thousands of contacts, and for many
 * more the planner would rather read all members there are.
 */
const most = 50;

export function createLookups(db: Database): Lookups {
  const contacts = gatherLookups(
    (ids) => selectContacts(db, ids),
    ({ userId }) => userId,
    most,
  );
  return {
    user: gatherLookups((ids) => selectUsers(db, ids), ({ id }) => id, most),
    platformUser: gatherLookups(
      (ids) => selectUsersByExternalIds(db, ids),
      ({ externalId }) => externalId,
      most,
    ),
    contacts: async (userId) => (await contacts(userId))?.contactIds ?? [],
  };
}
