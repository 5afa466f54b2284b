/**
 * Tokens from the platform that this page is part of: from the address's fragment, or from the
 * page that holds this one in a frame.
 *
 * @module
 */
import type { TokenResult } from "@/chat/protocol.ts";
import { ApiError } from "../api.ts";
import { config } from "../config.ts";
import { claimsOf } from "../lib/claims.ts";

const question = "parley:token?";
const answerKey = "parley:token";
const answerMs = 5_000;
/** A token that does not say when it ends is asked for again after this. */
const unknownLifeMs = 600_000;

let fromAddress = takeFromAddress();

/**
 * The platform's token for the member.
 *
 * @throws {ApiError} `unauthenticated` when the platform gives none
 */
export async function tokenFromPlatform(): Promise<TokenResult> {
  const token = fromAddress ?? await askParent();
  fromAddress = null;
  if (token === null) throw new ApiError("unauthenticated", "The site gave no token");
  const { exp } = claimsOf(token);
  const endsAt = exp === undefined ? Date.now() + unknownLifeMs : exp * 1_000;
  return { token, expiresAt: new Date(endsAt).toISOString() };
}

/** Reads `#token=…` and takes it out of the address at once, before anything can pass it on. */
function takeFromAddress(): string | null {
  const hash = globalThis.location?.hash ?? "";
  const token = new URLSearchParams(hash.slice(1)).get("token");
  if (token !== null) history.replaceState(history.state, "", location.pathname + location.search);
  return token;
}

function askParent(): Promise<string | null> {
  if (parent === self) return Promise.resolve(null);
  return new Promise((resolve) => {
    const settle = (token: string | null) => {
      clearTimeout(timer);
      removeEventListener("message", hear);
      resolve(token);
    };
    const hear = ({ source, origin, data }: MessageEvent) => {
      if (source !== parent || !config.parentOrigins.includes(origin)) return;
      const token: unknown = data?.[answerKey];
      if (typeof token === "string") settle(token);
    };
    const timer = setTimeout(() => settle(null), answerMs);
    addEventListener("message", hear);
    for (const origin of config.parentOrigins) parent.postMessage(question, origin);
  });
}
