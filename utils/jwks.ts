/**
 * The platform's public keys: fetched from one address, and from nowhere that a token names.
 *
 * @module
 */
import { createLocalJWKSet, errors, type JWTVerifyGetKey } from "jose";
import type { Clock } from "./clock.ts";

/** Keys are asked for again when they are this old, while those there are go on being used. */
const freshMs = 10 * 60_000;
/** At most one fetch in so long, however many tokens name keys that nobody knows. */
const cooldownMs = 30_000;
/** After a fetch that failed. */
const retryMs = 1_000;
/** Without an answer for so long, the keys there are may have been withdrawn. */
const staleMs = 24 * 60 * 60_000;
const answerMs = 5_000;
const answerBytes = 1024 * 1024;

/** The platform's keys cannot be had right now: it says nothing about the token. */
export class KeysUnavailable extends Error {
  override name = "KeysUnavailable";
}

/**
 * Finds the key that a token was signed by. jose has the like, but it lets known keys go when the
 * key server fails, and asks one that fails for every token.
 *
 * @throws {KeysUnavailable} if there are no keys to look in
 */
export function createRemoteKeys(url: string, clock: Pick<Clock, "now">): JWTVerifyGetKey {
  let known: { find: JWTVerifyGetKey; at: number } | undefined;
  let pending: Promise<void> | undefined;
  let tried: { at: number; error: unknown } | undefined;
  /** Also when the clock was put back. */
  const isPast = (at: number, ms: number) => Math.abs(clock.now() - at) >= ms;

  /** @throws {KeysUnavailable} */
  function refresh(): Promise<void> {
    if (!pending && tried && !isPast(tried.at, retryMs)) return Promise.reject(tried.error);
    return pending ??= fetchKeys(url).then((find) => {
      known = { find, at: clock.now() };
      tried = undefined;
    }).catch((cause) => {
      const error = new KeysUnavailable("Cannot get the keys of JWKS_URL", { cause });
      tried = { at: clock.now(), error };
      throw error;
    }).finally(() => pending = undefined);
  }

  return async (header, token) => {
    if (!known || isPast(known.at, staleMs)) await refresh();
    // Nobody waits for it: should it fail, it is tried again with the next token.
    else if (isPast(known.at, freshMs)) refresh().catch(() => {});
    const { find, at } = known as NonNullable<typeof known>;
    try {
      return await find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !isPast(at, cooldownMs)) throw error;
      // The platform may have a new one.
      await refresh();
      return known!.find(header, token);
    }
  };
}

async function fetchKeys(url: string): Promise<JWTVerifyGetKey> {
  const response = await fetch(url, {
    headers: { accept: "application/json, application/jwk-set+json" },
    // It is this address that is trusted.
    redirect: "error",
    signal: AbortSignal.timeout(answerMs),
  });
  const text = await readAll(response);
  if (response.status !== 200) throw new Error(`The key server answered ${response.status}`);
  return createLocalJWKSet(JSON.parse(text));
}

/** @throws {Error} if the body is longer than any set of keys */
async function readAll(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > answerBytes) {
      throw new Error(`The key server answered with over ${answerBytes} bytes`);
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}
