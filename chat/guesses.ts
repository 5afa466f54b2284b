/**
 * Guessing passwords: it costs the guesser, not the member.
 *
 * A try is counted for whoever makes it at an account, for all that their address makes, and for all
 * that are made at the account. A browser that its member has logged in from before is known
 * (`chat/devices.ts`) and counted alone, so that strangers cannot lock the member out of it. Nothing
 * here tells whether there is such an account.
 *
 * @module
 */
import {
  createFailureLimit,
  createRateLimit,
  type FailureLimit,
  type OpenLimiter,
  type RateLimit,
} from "@/utils/rate_limit.ts";
import { verifyPassword } from "@/utils/password.ts";
import type { Chat } from "./chat.ts";
import { tooMany } from "./rates.ts";

const minute = 60;
const hour = 60 * minute;

export interface Guesses {
  /** Of one account, from one address or browser. */
  guesser: FailureLimit;
  /** Of any account, from one address. */
  address: RateLimit;
  /** Of one account, from anywhere. */
  account: RateLimit;
}

/** @param scale multiplies what may fail */
export function createGuesses(open: OpenLimiter, scale: number): Guesses {
  const waits = { first: minute, longest: hour, forgotten: 24 * hour };
  return {
    guesser: createFailureLimit(open, "guess.guesser", Math.ceil(5 * scale), waits),
    address: createRateLimit(open, "guess.address", 100 * scale, 15 * minute),
    account: createRateLimit(open, "guess.account", 100 * scale, hour),
  };
}

/** Whose password is tried, and by whom. */
export interface Guess {
  /** What they log in by, or their id. */
  name: string;
  address: string;
  /** A browser, or a session, that the account's member has logged in by before. */
  known: string | undefined;
}

/**
 * Whether a password is right. A try counts as a failure until it is seen to be none, so that many
 * at once gain nothing.
 *
 * @param hash what the account's password is checked by; null: there is no such account
 * @throws {ChatError} `rate_limited`, with the seconds to wait
 */
export async function isRightPassword(
  { guesses }: Chat,
  { name, address, known }: Guess,
  password: string,
  hash: string | null,
): Promise<boolean> {
  const account = name.trim().toLowerCase();
  const guesser = `${account} ${known ?? address}`;
  const counted: [RateLimit, key: string][] = [[guesses.guesser, guesser]];
  if (known === undefined) {
    counted.push([guesses.address, address], [guesses.account, account]);
  }
  const taken: typeof counted = [];
  const giveBack = async () => {
    for (const [limit, key] of taken) await limit.giveBack(key);
  };
  for (const [limit, key] of counted) {
    const wait = await limit.take(key);
    if (wait > 0) {
      await giveBack();
      throw tooMany(wait);
    }
    taken.push([limit, key]);
  }
  let isRight;
  try {
    isRight = await verifyPassword(password, hash);
  } catch (error) {
    await giveBack();
    throw error;
  }
  if (isRight) {
    await giveBack();
    await guesses.guesser.clear(guesser);
  }
  return isRight;
}
