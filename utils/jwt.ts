/**
 * Access tokens: ours, and the platform's.
 *
 * Ours are HS256 with `iss: "parley"`. The platform's are checked by its keys (`JWKS_URL`) or by
 * the shared secret, and by issuer and audience as configured.
 *
 * @module
 */
import {
  decodeJwt,
  errors,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  SignJWT,
} from "jose";
import type { Clock } from "./clock.ts";
import { createRemoteKeys, KeysUnavailable } from "./jwks.ts";
import { plainLine } from "./plain_line.ts";

export { KeysUnavailable } from "./jwks.ts";

const ownIssuer = "parley";
const ownType = "at+jwt";
const secretAlgorithms = ["HS256", "HS384", "HS512"];
const keyAlgorithms = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];
/** The end of the year 9999: what lies beyond is most likely given in milliseconds. */
const lastSecond = 253_402_300_799;
/** Clocks of two machines are never quite the same. Seconds. */
const clockTolerance = 5;

/** Why a token was refused. */
export class TokenError extends Error {
  override name = "TokenError";
}

/** Who a valid token speaks for: one of our accounts by its id, or a member of the platform. */
export type TokenSubject =
  | { kind: "own"; userId: string; expiresAt: number }
  | { kind: "platform"; claims: PlatformClaims; expiresAt: number };

/** What a platform's token says about its member; all but `sub` may be missing. */
export interface PlatformClaims {
  sub: string;
  name?: string;
  username?: string;
  email?: string;
  picture?: string;
  profile?: string;
  locale?: string;
}

export interface TokenOptions {
  /** HS256 secret, ours and perhaps the platform's too; undefined: JWKS alone. */
  secret: string | undefined;
  jwksUrl: string | undefined;
  issuer: string | undefined;
  audience: string | undefined;
  /** Whether tokens are made, and accepted, for accounts of our own. */
  localAccounts: boolean;
  ttlSeconds: number;
  clock: Pick<Clock, "now">;
}

/** Makes and checks tokens. Times in milliseconds since 1970. */
export interface Tokens {
  /** A token for one of our accounts. */
  sign(userId: string): Promise<{ token: string; expiresAt: number }>;
  /**
   * @throws {TokenError} if it is malformed, altered, ended, not yet valid, or not meant for us
   * @throws {KeysUnavailable} if the platform's keys cannot be had
   */
  verify(token: string): Promise<TokenSubject>;
}

export function createTokens(options: TokenOptions): Tokens {
  const { clock, issuer, audience } = options;
  const secret = options.secret === undefined
    ? undefined
    : new TextEncoder().encode(options.secret);
  const platformKeys = options.jwksUrl === undefined
    ? undefined
    : createRemoteKeys(options.jwksUrl, clock);

  async function check(
    token: string,
    key: JWTVerifyGetKey | Uint8Array | undefined,
    rules: JWTVerifyOptions,
  ): Promise<JWTPayload> {
    if (key === undefined) throw new TokenError("No key is configured for this token");
    const full = {
      ...rules,
      clockTolerance,
      requiredClaims: ["sub", "exp"],
      currentDate: new Date(clock.now()),
    };
    // jose has an overload for each kind of key.
    const { payload } = typeof key === "function"
      ? await jwtVerify(token, key, full)
      : await jwtVerify(token, key, full);
    return payload;
  }

  return {
    async sign(userId) {
      if (secret === undefined) throw new Error("Cannot sign a token: no secret is configured");
      const seconds = Math.floor(clock.now() / 1000);
      const expires = seconds + options.ttlSeconds;
      const token = await new SignJWT()
        .setProtectedHeader({ alg: "HS256", typ: ownType })
        .setIssuer(ownIssuer)
        .setSubject(userId)
        .setIssuedAt(seconds)
        .setExpirationTime(expires)
        .sign(secret);
      return { token, expiresAt: expires * 1000 };
    },

    async verify(token) {
      try {
        if (decodeJwt(token).iss === ownIssuer) {
          // Nor may it pass for the platform's, which may sign by the same secret.
          if (!options.localAccounts) throw new TokenError("There are no accounts of our own");
          const payload = await check(token, secret, {
            algorithms: ["HS256"],
            issuer: ownIssuer,
            typ: ownType,
          });
          return { kind: "own", userId: String(payload.sub), expiresAt: expiryOf(payload) };
        }
        const payload = await check(token, platformKeys ?? secret, {
          algorithms: platformKeys ? keyAlgorithms : secretAlgorithms,
          ...issuer === undefined ? {} : { issuer },
          ...audience === undefined ? {} : { audience },
        });
        return {
          kind: "platform",
          claims: platformClaims(payload),
          expiresAt: expiryOf(payload),
        };
      } catch (error) {
        if (error instanceof errors.JWTExpired) throw new TokenError("The token has ended");
        if (error instanceof TypeError && platformKeys) {
          throw new KeysUnavailable("A key of JWKS_URL is of no use", { cause: error });
        }
        // Only these messages are all our own: others may quote what the sender wrote.
        if (error instanceof errors.JWTClaimValidationFailed) throw new TokenError(error.message);
        if (error instanceof errors.JOSEError) throw new TokenError("The token is not valid");
        throw error;
      }
    },
  };
}

/** @returns milliseconds since 1970 */
function expiryOf({ exp = 0 }: JWTPayload): number {
  if (exp > lastSecond) throw new TokenError("The token's exp is no time in seconds");
  return exp * 1000;
}

/** OpenID Connect's standard claims; what is no string, or too long to be true, is left out. */
function platformClaims(payload: JWTPayload): PlatformClaims {
  const text = (name: string, max: number) => {
    const value = payload[name];
    const fits = typeof value === "string" && value !== "" && value.length <= max &&
      value.isWellFormed() && !value.includes("\0");
    return fits ? value : undefined;
  };
  const line = (name: string, max: number) => plainLine(text(name, max) ?? "", max) || undefined;
  const webAddress = (name: string) => {
    const value = text(name, 2_000);
    return value !== undefined && /^https?:\/\//i.test(value) && URL.canParse(value)
      ? value
      : undefined;
  };
  const sub = text("sub", 255);
  if (sub === undefined) throw new TokenError("The token's sub is missing or too long");
  return {
    sub,
    name: line("name", 200),
    username: line("preferred_username", 100),
    email: text("email", 254),
    picture: webAddress("picture"),
    profile: webAddress("profile"),
    locale: text("locale", 35),
  };
}
