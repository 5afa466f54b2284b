import assert from "node:assert/strict";
import { hashPassword, verifyPassword } from "@/utils/password.ts";

Deno.test("a password is verified by its hash, and no other one is", async () => {
  const phc = await hashPassword("correct horse battery");
  assert.match(phc, /^\$scrypt\$ln=15,r=8,p=3\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  assert.equal(await verifyPassword("correct horse battery", phc), true);
  for (const wrong of ["correct horse batterY", "correct horse battery ", ""]) {
    assert.equal(await verifyPassword(wrong, phc), false);
  }
});

Deno.test("the same password has another hash each time", async () => {
  const [one, other] = await Promise.all([hashPassword("same"), hashPassword("same")]);
  assert.notEqual(one, other);
});

Deno.test("a password is the same however its accents were typed", async () => {
  const phc = await hashPassword("caf\u00e9 au lait");
  assert.equal(await verifyPassword("cafe\u0301 au lait", phc), true);
});

Deno.test("a hash of other parameters is verified by its own", async () => {
  // RFC 7914's third test vector, cut to 32 bytes: N = 16384, r = 8, p = 1, salt "SodiumChloride".
  const hash = Uint8Array.fromHex(
    "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2",
  ).toBase64({ omitPadding: true });
  const phc = `$scrypt$ln=14,r=8,p=1$${btoa("SodiumChloride").replace("==", "")}$${hash}`;
  assert.equal(await verifyPassword("pleaseletmein", phc), true);
  assert.equal(await verifyPassword("pleaseletmeout", phc), false);
});

Deno.test("without a hash no password is right, and the answer is as much work", async () => {
  const phc = await hashPassword("a password");
  const time = async (hash: string | null) => {
    const start = performance.now();
    assert.equal(await verifyPassword("not the password", hash), false);
    return performance.now() - start;
  };
  // The quickest of a few: other programs can make one slower, and none faster.
  const quickest = async (hash: string | null) =>
    Math.min(await time(hash), await time(hash), await time(hash));
  const [known, unknown] = [await quickest(phc), await quickest(null)];
  assert.ok(unknown > known / 3, `${unknown} ms without a hash, ${known} ms with one`);
  assert.equal(await verifyPassword("not the password", "garbage"), false);
});
