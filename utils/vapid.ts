/**
 * The keys by which push services know this server (RFC 8292). Run as a program it prints a new
 * pair, ready for `.env`: `deno task vapid`.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { generateKeyPairSync } from "node:crypto";

/** A new pair of keys for P-256, in base64url: the point uncompressed, and the scalar. */
export function createVapidKeys(): { publicKey: string; privateKey: string } {
  const { x, y, d } = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey
    .export({ format: "jwk" }) as Record<"x" | "y" | "d", string>;
  const point = [Buffer.of(4), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")];
  return { publicKey: Buffer.concat(point).toString("base64url"), privateKey: d };
}

if (import.meta.main) {
  const { publicKey, privateKey } = createVapidKeys();
  console.log(`VAPID_PUBLIC_KEY=${publicKey}\nVAPID_PRIVATE_KEY=${privateKey}`);
}
