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

/** A try at a password, which counts as a failure unless it is ended otherwise. */
export interface Attempt {
  succeeded(): Promise<void>;
  /** It could not be seen whether the password is right. */
  cameToNothing(): Promise<void>;
}

/**
 * Counts a try.
 *
 * @param name what they log in by
 * @param device the browser, if the account's member has logged in from it before
 * @throws {ChatError} `rate_limited`, with the seconds to wait
 */
export async function attempt(
  { guesses }: Chat,
  name: string,
  address: string,
  device: string | undefined,
): Promise<Attempt> {
  const account = name.trim().toLowerCase();
  const guesser = `${account} ${device ?? address}`;
  const counted: [RateLimit, key: string][] = [[guesses.guesser, guesser]];
  if (device === undefined) {
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
  return {
    cameToNothing: giveBack,
    async succeeded() {
      await giveBack();
      await guesses.guesser.clear(guesser);
    },
  };
}
