/**
 * The receiving half of web push, as a browser and its push service have it.
 *
 * @module
 */
import { jwtVerify } from "jose";
import { Buffer } from "node:buffer";

/** A browser's keys: the public half goes to the server, the private one stays. */
export interface ReceiverKeys {
  pair: CryptoKeyPair;
  /** The public key's point, uncompressed. */
  point: Uint8Array<ArrayBuffer>;
  auth: Uint8Array<ArrayBuffer>;
}

const curve = { name: "ECDH", namedCurve: "P-256" };

export async function makeReceiverKeys(): Promise<ReceiverKeys> {
  const pair = await crypto.subtle.generateKey(curve, false, ["deriveBits"]) as CryptoKeyPair;
  const point = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  return { pair, point, auth: crypto.getRandomValues(new Uint8Array(16)) };
}

/**
 * Decrypts a push message of one record (RFC 8291 over RFC 8188).
 *
 * @throws {Error} if it was not encrypted for these keys, or is not whole
 */
export async function decryptPush(
  body: Uint8Array<ArrayBuffer>,
  { pair, point, auth }: ReceiverKeys,
): Promise<string> {
  const salt = body.slice(0, 16);
  const recordSize = new DataView(body.buffer, body.byteOffset).getUint32(16);
  const senderEnd = 21 + body[20]!;
  const senderPoint = body.slice(21, senderEnd);
  const record = body.slice(senderEnd);
  if (record.length > recordSize) throw new Error("There is more than one record");

  const sender = await crypto.subtle.importKey("raw", senderPoint, curve, false, []);
  const shared = await crypto.subtle.deriveBits(
    { name: "ECDH", public: sender },
    pair.privateKey,
    256,
  );
  const secret = await expand(shared, auth, ["WebPush: info\0", point, senderPoint], 32);
  const key = await expand(secret, salt, ["Content-Encoding: aes128gcm\0"], 16);
  const iv = await expand(secret, salt, ["Content-Encoding: nonce\0"], 12);
  const aes = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["decrypt"]);
  const padded = Buffer.from(
    await crypto.subtle.decrypt({ name: "AES-GCM", iv }, aes, record),
  );
  // The last record's text ends with a 2, and zeros to hide how long it is.
  const end = padded.findLastIndex((byte) => byte !== 0);
  if (padded[end] !== 2) throw new Error("The last record is missing");
  return padded.subarray(0, end).toString();
}

/** HKDF with SHA-256. @param bytes how many to derive */
async function expand(
  secret: ArrayBuffer,
  salt: Uint8Array<ArrayBuffer>,
  infoParts: (string | Uint8Array)[],
  bytes: number,
): Promise<ArrayBuffer> {
  const key = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const info = Buffer.concat(infoParts.map((part) => Buffer.from(part as string)));
  return await crypto.subtle.deriveBits(
    { name: "HKDF", hash: "SHA-256", salt, info },
    key,
    bytes * 8,
  );
}

/** Who sent a push, as its VAPID header proves. */
export interface VapidClaims {
  /** The server's public key in base64url. */
  publicKey: string;
  subject: string;
  /** Seconds since 1970. */
  expiresAt: number;
}

/**
 * Checks the `Authorization` header of a push (RFC 8292).
 *
 * @throws {Error} if it is missing, not signed by its key, meant for another service, or has ended
 */
export async function checkVapid(header: string | null, audience: string): Promise<VapidClaims> {
  const [, token, publicKey] = /^vapid t=([^,\s]+), ?k=([\w-]+)$/.exec(header ?? "") ?? [];
  if (token === undefined || publicKey === undefined) throw new Error(`No VAPID in ${header}`);
  const key = await crypto.subtle.importKey(
    "raw",
    Buffer.from(publicKey, "base64url"),
    { name: "ECDSA", namedCurve: "P-256" },
    false,
    ["verify"],
  );
  const { payload } = await jwtVerify(token, key, {
    audience,
    algorithms: ["ES256"],
    requiredClaims: ["exp", "sub"],
  });
  return { publicKey, subject: payload.sub as string, expiresAt: payload.exp as number };
}
