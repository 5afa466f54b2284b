/**
 * Passwords, kept as scrypt hashes in the PHC string format. Parameters: OWASP's scrypt advice,
 * the variant of 32 MiB a hash.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

const cost = { ln: 15, r: 8, p: 3 };
const hashBytes = 32;

/**
 * Hashes a password with a salt of its own. About 0.2 s of one thread, off the main one.
 *
 * @throws {HashingBusy}
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, cost);
  const { ln, r, p } = cost;
  return `$scrypt$ln=${ln},r=${r},p=${p}$${encode(salt)}$${encode(hash)}`;
}

/**
 * Whether the password is the one that was hashed. Where there is no hash (no such member) it takes
 * as long all the same, so that the time tells nobody who has an account.
 *
 * @throws {HashingBusy}
 */
export async function verifyPassword(password: string, phc: string | null): Promise<boolean> {
  const parts = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/.exec(phc ?? "");
  if (!parts) {
    await derive(password, Buffer.alloc(16), cost);
    return false;
  }
  const [, ln, r, p, salt = "", hash = ""] = parts;
  const expected = Buffer.from(hash, "base64");
  const found = await derive(password, Buffer.from(salt, "base64"), {
    ln: Number(ln),
    r: Number(r),
    p: Number(p),
  });
  return timingSafeEqual(found, expected);
}

/** Too many passwords wait to be hashed: try again in `retryAfter` seconds. */
export class HashingBusy extends Error {
  override name = "HashingBusy";
  readonly retryAfter = 5;
}

/** Each hash takes 32 MiB while it is made: a crowd waits instead of filling the memory. */
const hashesAtOnce = 4;
/** About what is done in the time that people wait for; more would only wait to be given up. */
const waitingMost = 60;
let hashing = 0;
const waiting: (() => void)[] = [];

async function derive(...args: Parameters<typeof deriveNow>): Promise<Buffer> {
  // A place is handed on, so that nobody slips in between.
  if (hashing < hashesAtOnce) hashing++;
  else if (waiting.length >= waitingMost) throw new HashingBusy("Too many passwords to hash");
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await deriveNow(...args);
  } finally {
    const next = waiting.shift();
    if (next) next();
    else hashing--;
  }
}

function deriveNow(
  password: string,
  salt: Buffer,
  { ln, r, p }: { ln: number; r: number; p: number },
): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const N = 2 ** ln;
  scrypt(
    password.normalize("NFKC"),
    salt,
    hashBytes,
    { N, r, p, maxmem: 256 * N * r },
    (error, hash) => error ? reject(error) : resolve(hash),
  );
  return promise;
}

const encode = (bytes: Buffer) => bytes.toString("base64").replace(/=+$/, "");
