import assert from "node:assert/strict";
import {
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  type GenerateKeyPairResult,
  type JWK,
  type JWTHeaderParameters,
  SignJWT,
} from "jose";
import { createTokens, KeysUnavailable, TokenError } from "@/utils/jwt.ts";

const issuer = "https://id.example";
const audience = "parley";
const minute = 60_000;

/** A key server whose keys change and which can fail, a clock to turn, and what checks by both. */
class Platform {
  now = Date.parse("2026-06-01T12:00:00Z");
  /** The paths that were asked for. */
  readonly asked: string[] = [];
  readonly #pairs = new Map<string, GenerateKeyPairResult>();
  #served: JWK[] = [];
  isDown = false;
  /** Answers wait for it. */
  gate: Promise<void> = Promise.resolve();
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      this.asked.push(new URL(request.url).pathname);
      await this.gate;
      return this.isDown
        ? new Response(null, { status: 503 })
        : Response.json({ keys: this.#served });
    },
  );
  readonly url = `http://127.0.0.1:${this.#server.addr.port}`;
  readonly tokens = createTokens({
    secret: undefined,
    jwksUrl: `${this.url}/jwks.json`,
    issuer,
    audience,
    localAccounts: false,
    ttlSeconds: 900,
    clock: { now: () => this.now },
  });

  /** Serves the keys of these names, new ones made, and no others. */
  async serve(...names: string[]): Promise<void> {
    this.#served = await Promise.all(names.map(async (kid) => {
      const pair = await this.pair(kid);
      return { ...await exportJWK(pair.publicKey), kid, alg: "ES256" };
    }));
  }

  async pair(kid: string): Promise<GenerateKeyPairResult> {
    const pair = this.#pairs.get(kid) ?? await generateKeyPair("ES256", { extractable: true });
    this.#pairs.set(kid, pair);
    return pair;
  }

  async sign(kid: string, header: Partial<JWTHeaderParameters> = {}): Promise<string> {
    const seconds = Math.floor(this.now / 1000);
    return await new SignJWT({ sub: "user-7" })
      .setProtectedHeader({ alg: "ES256", kid, ...header })
      .setIssuer(issuer).setAudience(audience).setExpirationTime(seconds + 300)
      .sign((await this.pair(kid)).privateKey);
  }

  verify = async (kid: string) => this.tokens.verify(await this.sign(kid));

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

Deno.test("keys are fetched once, for all that are checked meanwhile and later", async () => {
  await using platform = new Platform();
  await platform.serve("one");
  await Promise.all(Array.from({ length: 20 }, () => platform.verify("one")));
  platform.now += 9 * minute;
  await platform.verify("one");
  assert.deepEqual(platform.asked, ["/jwks.json"]);
});

Deno.test("a new key of the platform's is fetched when the first token names it", async () => {
  await using platform = new Platform();
  await platform.serve("one");
  await platform.verify("one");
  platform.now += minute;
  await platform.serve("one", "two");
  await Promise.all(Array.from({ length: 20 }, () => platform.verify("two")));
  await platform.verify("one");
  assert.equal(platform.asked.length, 2);
});

Deno.test("a key that the platform withdrew is known no longer once the keys are old", async () => {
  await using platform = new Platform();
  await platform.serve("one", "two");
  await platform.verify("one");
  await platform.serve("two");
  platform.now += 11 * minute;
  // By what is known; the next fetch goes on beside it.
  await platform.verify("one");
  await assert.rejects(async () => {
    for (let turn = 0; turn < 1_000; turn++) await platform.verify("one");
  }, TokenError);
  await platform.verify("two");
  assert.equal(platform.asked.length, 2);
});

Deno.test("a flood of tokens by unknown keys is no flood of fetches", async () => {
  await using platform = new Platform();
  await platform.serve("one");
  await platform.verify("one");
  const flood = async () => {
    const stranger = await generateKeyPair("ES256");
    for (let turn = 0; turn < 100; turn++) {
      const token = await new SignJWT({ sub: "x" })
        .setProtectedHeader({ alg: "ES256", kid: crypto.randomUUID() })
        .sign(stranger.privateKey);
      await assert.rejects(platform.tokens.verify(token), TokenError);
    }
  };
  await flood();
  assert.equal(platform.asked.length, 1, "Just fetched");
  platform.now += minute;
  await flood();
  assert.equal(platform.asked.length, 2);
});

Deno.test("while the key server fails, it is not asked for every token", async () => {
  await using platform = new Platform();
  platform.isDown = true;
  for (let turn = 0; turn < 50; turn++) {
    await assert.rejects(platform.verify("one"), KeysUnavailable);
  }
  assert.equal(platform.asked.length, 1);
  platform.isDown = false;
  await platform.serve("one");
  platform.now += 1_000;
  await platform.verify("one");
});

Deno.test("tokens by known keys are good while the key server is away, for a day", async () => {
  await using platform = new Platform();
  await platform.serve("one");
  await platform.verify("one");
  platform.isDown = true;
  for (const minutes of [11, 60, 1_300]) {
    platform.now += minutes * minute;
    await platform.verify("one");
    // Of a key that nobody knows nothing can be said meanwhile.
    await assert.rejects(platform.verify("two"), KeysUnavailable);
  }
  platform.now += 120 * minute;
  await assert.rejects(platform.verify("one"), KeysUnavailable);
});

Deno.test("nobody whose key is known waits for a key server that does not answer", async () => {
  await using platform = new Platform();
  await platform.serve("one");
  await platform.verify("one");
  const { promise, resolve } = Promise.withResolvers<void>();
  platform.gate = promise;
  platform.now += 11 * minute;
  for (let turn = 0; turn < 10; turn++) await platform.verify("one");
  resolve();
});

Deno.test("a key or an address that a token brings along is not looked at", async () => {
  await using platform = new Platform();
  await platform.serve("one");
  await platform.verify("one");
  platform.now += minute;
  const { publicKey } = await platform.pair("mine");
  const jwk = { ...await exportJWK(publicKey), kid: "mine", alg: "ES256" };
  // They would do, were they looked at.
  assert.ok(await createLocalJWKSet({ keys: [jwk] })({ alg: "ES256", kid: "mine" }));
  const headers: Partial<JWTHeaderParameters>[] = [
    { jwk },
    { jku: `${platform.url}/mine.json` },
    { x5u: `${platform.url}/mine.pem` },
    { x5c: ["MIIB"] },
    { kid: `${platform.url}/mine.json` },
    { kid: "../../mine.json" },
  ];
  for (const header of headers) {
    const token = await platform.sign("mine", header);
    await assert.rejects(platform.tokens.verify(token), TokenError, JSON.stringify(header));
  }
  assert.ok(platform.asked.every((path) => path === "/jwks.json"), `${platform.asked}`);
});
