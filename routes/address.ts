import type { Context } from "hono";

/**
 * Where a request came from. A peer in a private network is a proxy of the operator's, whose last
 * `X-Forwarded-For` entry says for whom it speaks; anyone else's header is their own invention.
 */
export function clientAddress(c: Context): string {
  const info = c.env as { remoteAddr?: Deno.NetAddr } | undefined;
  const peer = info?.remoteAddr?.hostname ?? "";
  const forwarded = c.req.header("x-forwarded-for")?.split(",").at(-1)?.trim();
  return forwarded && isPrivate(peer) ? forwarded : peer;
}

function isPrivate(address: string): boolean {
  const plain = address.replace(/^::ffff:/, "");
  return /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|::1$|f[cd])/i.test(plain);
}
