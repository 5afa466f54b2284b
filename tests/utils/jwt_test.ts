import assert from "node:assert/strict";
import {
  type CryptoKey,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWTPayload,
  SignJWT,
  UnsecuredJWT,
} from "jose";
import {
  createTokens,
  KeysUnavailable,
  TokenError,
  type TokenOptions,
  type TokenSubject,
} from "@/utils/jwt.ts";

const secret = "a secret that is shared with the platform";
const now = Date.parse("2026-06-01T12:00:00Z");
const seconds = now / 1000;
const issuer = "https://id.example";
const audience = "parley";

const open = (options: Partial<TokenOptions> = {}) =>
  createTokens({
    secret,
    jwksUrl: undefined,
    issuer: undefined,
    audience: undefined,
    localAccounts: true,
    ttlSeconds: 900,
    clock: { now: () => now },
    ...options,
  });

interface TokenParts {
  claims?: JWTPayload;
  header?: { alg: string; kid?: string; typ?: string };
  key?: CryptoKey | Uint8Array;
}

const shared = new TextEncoder().encode(secret);

/** What a platform says of Ana; a claim of `undefined` is left out. */
const claimsOfAna = (claims: JWTPayload = {}): JWTPayload => ({
  iss: issuer,
  aud: audience,
  sub: "user-7",
  iat: seconds,
  exp: seconds + 300,
  ...claims,
});

const sign = ({ claims, header = { alg: "HS256" }, key = shared }: TokenParts = {}) =>
  new SignJWT(claimsOfAna(claims)).setProtectedHeader(header).sign(key);

/** Asserts that a token is refused as one, and not with an unexpected error. */
async function assertRefused(
  verify: (token: string) => Promise<TokenSubject>,
  token: string,
  message = /./,
): Promise<void> {
  await assert.rejects(verify(token), (error) => {
    assert.ok(error instanceof TokenError, String(error));
    assert.match(error.message, message);
    assert.ok(!error.message.includes(token) || token === "", "The token is not repeated");
    return true;
  });
}

/** A platform's key server, and what signs by its keys. */
async function startPlatform() {
  const [rsa, ec, stranger] = await Promise.all([
    generateKeyPair("RS256"),
    generateKeyPair("ES256"),
    generateKeyPair("RS256"),
  ]);
  const keys = [
    { ...await exportJWK(rsa.publicKey), kid: "rsa-1", alg: "RS256", use: "sig" },
    { ...await exportJWK(ec.publicKey), kid: "ec-1", alg: "ES256", use: "sig" },
  ];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => Response.json({ keys }),
  );
  return {
    rsa,
    ec,
    stranger,
    tokens: open({
      secret: undefined,
      jwksUrl: `http://127.0.0.1:${server.addr.port}/jwks.json`,
      issuer,
      audience,
      localAccounts: false,
    }),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("a token of ours speaks for its account until it ends", async () => {
  const tokens = open();
  const { token, expiresAt } = await tokens.sign("user-1");
  assert.equal(expiresAt, now + 900_000);
  assert.deepEqual(await tokens.verify(token), { kind: "own", userId: "user-1", expiresAt });

  const after = (ms: number) => open({ clock: { now: () => now + ms } }).verify;
  assert.equal((await after(899_000)(token)).expiresAt, expiresAt);
  await assertRefused(after(906_000), token, /^The token has ended$/);
});

Deno.test("a token of ours is refused by another secret, and where accounts are not ours", async () => {
  const { token } = await open().sign("user-1");
  await assertRefused(open({ secret: secret.toUpperCase() }).verify, token);
  await assertRefused(open({ localAccounts: false }).verify, token);
  await assertRefused(open({ localAccounts: false, issuer, audience }).verify, token);
  await assertRefused(open({ secret: undefined }).verify, token);
  await assert.rejects(open({ secret: undefined }).sign("user-1"), /no secret is configured/);
});

Deno.test("a token of ours has our type: no other kind of token is taken for it", async () => {
  const claims = { iss: "parley", aud: undefined, sub: "user-1" };
  for (const typ of [undefined, "JWT", "rt+jwt"]) {
    const header = { alg: "HS256", ...typ && { typ } };
    await assertRefused(open().verify, await sign({ claims, header }));
  }
  // The platform can say that it is us, but not without our secret.
  const header = { alg: "HS256", typ: "at+jwt" };
  await assertRefused(open().verify, await sign({ claims, header, key: new Uint8Array(32) }));
});

Deno.test("the platform's token by the shared secret speaks for its member", async () => {
  const tokens = open({ issuer, audience });
  const token = await sign({
    claims: {
      name: "Ana Ribeiro",
      preferred_username: "ana",
      email: "ana@example.com",
      picture: "https://cdn.example/ana.jpg",
      profile: "https://site.example/ana",
      locale: "pt-PT",
    },
  });
  assert.deepEqual(await tokens.verify(token), {
    kind: "platform",
    expiresAt: now + 300_000,
    claims: {
      sub: "user-7",
      name: "Ana Ribeiro",
      username: "ana",
      email: "ana@example.com",
      picture: "https://cdn.example/ana.jpg",
      profile: "https://site.example/ana",
      locale: "pt-PT",
    },
  });
  // Beside it, accounts of our own keep working.
  assert.equal((await tokens.verify((await tokens.sign("user-1")).token)).kind, "own");
});

Deno.test("claims that cannot be meant are left out", async () => {
  const token = await sign({
    claims: {
      name: 7,
      preferred_username: "",
      email: "e".repeat(255),
      picture: "javascript:alert(1)",
      profile: "not an address",
      locale: "nul\0",
    },
  });
  const subject = await open().verify(token);
  assert.ok(subject.kind === "platform");
  assert.deepEqual(Object.values(subject.claims).filter((value) => value !== undefined), [
    "user-7",
  ]);
});

Deno.test("a name that the platform gives in several lines is made one", async () => {
  const token = await sign({
    claims: { name: " Ana\r\nRibeiro\u2028\x1b ", preferred_username: "\n" },
  });
  const subject = await open().verify(token);
  assert.ok(subject.kind === "platform");
  assert.deepEqual([subject.claims.name, subject.claims.username], ["Ana Ribeiro", undefined]);
});

Deno.test("the platform's tokens by its keys speak for its members", async () => {
  await using platform = await startPlatform();
  const { rsa, ec, tokens } = platform;
  for (
    const [header, { privateKey }] of [
      [{ alg: "RS256", kid: "rsa-1" }, rsa],
      [{ alg: "ES256", kid: "ec-1" }, ec],
    ] as const
  ) {
    const subject = await tokens.verify(await sign({ header, key: privateKey }));
    assert.ok(subject.kind === "platform");
    assert.equal(subject.claims.sub, "user-7");
    assert.equal(subject.expiresAt, now + 300_000);
  }
});

Deno.test("tokens that are not by the platform's keys are refused", async () => {
  await using platform = await startPlatform();
  const { rsa, ec, stranger, tokens: { verify } } = platform;
  const good = { alg: "RS256", kid: "rsa-1" };
  const refused: Record<string, string> = {
    "an unknown key": await sign({
      header: { alg: "RS256", kid: "rsa-2" },
      key: stranger.privateKey,
    }),
    "another key under a known name": await sign({ header: good, key: stranger.privateKey }),
    "the name of a key of another kind": await sign({
      header: { alg: "ES256", kid: "rsa-1" },
      key: ec.privateKey,
    }),
    "the public key as a secret": await sign({
      header: { alg: "HS256", kid: "rsa-1" },
      key: new TextEncoder().encode(await exportSPKI(rsa.publicKey)),
    }),
    "no signature": new UnsecuredJWT(claimsOfAna()).encode(),
  };
  for (const [what, token] of Object.entries(refused)) {
    await assertRefused(verify, token).catch((error) => {
      throw new Error(`A token with ${what}`, { cause: error });
    });
  }
  // And the right key is still taken after all of them.
  assert.ok(await verify(await sign({ header: good, key: rsa.privateKey })));
});

Deno.test("while the platform's keys cannot be had, nothing is said of its tokens", async () => {
  const { privateKey } = await generateKeyPair("ES256");
  const token = await sign({ header: { alg: "ES256" }, key: privateKey });
  let answer = () => new Response("Down", { status: 500 });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => answer(),
  );
  let time = now;
  const { verify } = open({
    secret: undefined,
    jwksUrl: `http://127.0.0.1:${server.addr.port}/jwks.json`,
    localAccounts: false,
    clock: { now: () => time += 1_000 },
  });
  const isAway = async (reason: RegExp) => {
    await assert.rejects(verify(token), (error) => {
      assert.ok(error instanceof KeysUnavailable);
      assert.match(String(error.cause), reason);
      return true;
    });
  };
  await isAway(/answered 500/);
  answer = () => Response.json({ kays: [] });
  await isAway(/Key Set malformed/);
  answer = () => new Response("<html>");
  await isAway(/SyntaxError/);
  answer = () => new Response(" ".repeat(1024 * 1024 + 1));
  await isAway(/over 1048576 bytes/);
  // Wherever it leads, it is not the address that was configured.
  answer = () => Response.redirect(`http://127.0.0.1:${server.addr.port}/else.json`);
  await isAway(/redirect/);
  await server.shutdown();
  await isAway(/fetch failed/);
  // What is no token at all is refused without asking for keys.
  await assertRefused(verify, "garbage");
});

Deno.test("claims are held to what is configured, by secret and by keys alike", async () => {
  await using platform = await startPlatform();
  const byKeys = {
    verify: platform.tokens.verify,
    header: { alg: "ES256", kid: "ec-1" },
    key: platform.ec.privateKey,
  };
  const bySecret = {
    verify: open({ issuer, audience }).verify,
    header: { alg: "HS256" },
    key: shared,
  };
  for (const { verify, ...by } of [byKeys, bySecret]) {
    const refused: [JWTPayload, RegExp][] = [
      [{ aud: "another" }, /"aud"/],
      [{ aud: undefined }, /"aud"/],
      [{ iss: "https://evil.example" }, /"iss"/],
      [{ iss: undefined }, /"iss"/],
      [{ exp: seconds - 10 }, /^The token has ended$/],
      [{ exp: undefined }, /"exp"/],
      // In milliseconds, by mistake: it would never end.
      [{ exp: now + 300_000 }, /exp/],
      [{ nbf: seconds + 60 }, /"nbf"/],
      [{ sub: undefined }, /"sub"/],
      [{ sub: "" }, /sub/],
      [{ sub: "x".repeat(256) }, /sub/],
    ];
    for (const [claims, message] of refused) {
      await assertRefused(verify, await sign({ claims, ...by }), message);
    }
    // Clocks of two machines are never quite the same.
    for (const claims of [{ exp: seconds - 3 }, { nbf: seconds + 3 }, { aud: ["x", audience] }]) {
      assert.ok(await verify(await sign({ claims, ...by })));
    }
  }
});

Deno.test("what was altered, and what is no token at all, is refused", async () => {
  const { verify, sign: signOwn } = open();
  const { token } = await signOwn("user-1");
  const [header = "", , signature = ""] = token.split(".");
  const encode = (value: unknown) =>
    new TextEncoder().encode(JSON.stringify(value))
      .toBase64({ alphabet: "base64url", omitPadding: true });
  const payload = { iss: "parley", sub: "user-2", exp: seconds + 900 };
  const flipped = (signature.startsWith("A") ? "B" : "A") + signature.slice(1);
  for (
    const bad of [
      `${header}.${encode(payload)}.${signature}`,
      token.replace(signature, flipped),
      token.replace(signature, ""),
      `${encode({ alg: "none", typ: "at+jwt" })}.${encode(payload)}.`,
      `${encode({ alg: "HS384", typ: "at+jwt" })}.${token.split(".")[1]}.${signature}`,
      `${token}.${token}`,
      `${encode({ alg: "HS256" })}.${encode(["no", "object"])}.${signature}`,
      `${header}.${btoa("no json")}.${signature}`,
      ...["", ".", "..", "garbage", "a.b.c", "\0", "🙂.🙂.🙂", "x".repeat(100_000)],
    ]
  ) {
    await assertRefused(verify, bad);
  }
});
