/**
 * What must be so when all is calm.
 *
 * @module
 */
import { checkConversations } from "./check_conversations.ts";
import { checkPages } from "./check_pages.ts";
import { checkStored } from "./check_stored.ts";
import type { Mess } from "./mess.ts";

export interface Violation {
  /** What must be so. */
  invariant: string;
  /** What is instead. */
  found: string;
  /** The message that it is about, for its story. */
  clientId?: string;
}

/** Looks for everything that is not as it must be. */
export async function check(mess: Mess): Promise<Violation[]> {
  const { cluster, journal } = mess;
  const violations: Violation[] = [
    ...await checkStored(mess),
    ...await checkConversations(cluster.sql),
    ...await checkPages(mess),
    ...mess.errors.map((found) => ({
      invariant: "no page has an error that it does not catch",
      found,
    })),
    ...cluster.complaints().map((found) => ({
      invariant: "no server has an error that it does not expect",
      found,
    })),
  ];
  return violations.map((one) =>
    one.clientId === undefined
      ? one
      : { ...one, found: `${one.found}\n${journal.story(one.clientId)}` }
  );
}
