/**
 * Whose page a browser asks for. Programs say nothing of it, and nothing is kept from them: what is
 * told apart here is what a page makes its visitor's browser do.
 *
 * @module
 */
import { ChatError } from "@/chat/errors.ts";
import type { Context, MiddlewareHandler } from "hono";

export interface Origins {
  /** A program, or our own page. */
  isOwn(c: Context): boolean;
  /** A program, our own page, or a site that is configured. */
  isAllowed(c: Context): boolean;
}

/**
 * @param publicUrl the address members see
 * @param allowed the origins of further sites, as browsers write them
 */
export function createOrigins(publicUrl: string, allowed: string[]): Origins {
  const own = new URL(publicUrl);

  function isOwn(c: Context): boolean {
    const site = c.req.header("sec-fetch-site");
    // Browsers say it of themselves; no page can make them.
    if (site === "same-origin") return true;
    const origin = c.req.header("origin");
    if (origin === undefined) return site === undefined || site === "none";
    return origin === own.origin || isServed(c, origin);
  }

  /** Behind a proxy, and before PUBLIC_URL is set, the name a browser asked for says who we are. */
  function isServed(c: Context, origin: string): boolean {
    const scheme = own.protocol === "https:" ? /^https:\/\// : /^https?:\/\//;
    return scheme.test(origin) && origin.replace(scheme, "") === c.req.header("host");
  }

  return {
    isOwn,
    isAllowed: (c) => isOwn(c) || allowed.includes(c.req.header("origin") ?? ""),
  };
}

/** Refuses what changes something when it is another page that asks. */
export function refuseUnless(isRight: (c: Context) => boolean): MiddlewareHandler {
  return async (c, next) => {
    if (c.req.method !== "GET" && c.req.method !== "HEAD" && !isRight(c)) {
      throw new ChatError("forbidden", "This origin may not do that");
    }
    await next();
  };
}
