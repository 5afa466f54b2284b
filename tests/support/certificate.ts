/**
 * A TLS certificate for `localhost`, made anew by each run: X.509 (RFC 5280) in DER, just enough.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { generateKeyPairSync, sign } from "node:crypto";

/** Tags of ASN.1 that a certificate is made of. */
const tag = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectId: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
  version: 0xa0,
  extensions: 0xa3,
  dnsName: 0x82,
};

const objectId = {
  ecdsaWithSha256: "2a8648ce3d040302",
  commonName: "550403",
  subjectAltName: "551d11",
};

/** A self-signed certificate and its key, both in PEM. */
export function makeCertificate(): { cert: string; key: string } {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = "localhost";
  const algorithm = sequence(id(objectId.ecdsaWithSha256));
  const party = sequence(
    element(tag.set, sequence(id(objectId.commonName), text(tag.utf8String, name))),
  );
  const altNames = sequence(text(tag.dnsName, name));
  const body = sequence(
    element(tag.version, element(tag.integer, Buffer.of(2))),
    element(tag.integer, Buffer.of(1)),
    algorithm,
    party,
    sequence(text(tag.utcTime, "200101000000Z"), text(tag.utcTime, "491231235959Z")),
    party,
    publicKey.export({ format: "der", type: "spki" }),
    element(
      tag.extensions,
      sequence(sequence(id(objectId.subjectAltName), element(tag.octetString, altNames))),
    ),
  );
  const signature = sign("sha256", body, privateKey);
  const noUnusedBits = Buffer.of(0);
  const der = sequence(body, algorithm, element(tag.bitString, noUnusedBits, signature));
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${der.toString("base64")}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
  };
}

function element(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80
    ? [length]
    : length < 0x100
    ? [0x81, length]
    : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

const sequence = (...parts: Uint8Array[]) => element(tag.sequence, ...parts);
const id = (hex: string) => element(tag.objectId, Buffer.from(hex, "hex"));
const text = (tag: number, value: string) => element(tag, Buffer.from(value));
