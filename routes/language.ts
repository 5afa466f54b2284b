import type { Context } from "hono";

/** The language that the browser asks for first, as a BCP 47 tag; null if it asks for none. */
export function firstLanguage(c: Context): string | null {
  const languages = c.req.header("accept-language") ?? "";
  return /^\s*([a-z]{2,3}(?:-[a-z0-9]{2,8}){0,3})\b/i.exec(languages)?.[1] ?? null;
}
