import assert from "node:assert/strict";
import { clientAddress, knowAddress } from "@/routes/address.ts";
import { Hono } from "hono";

/** Whom a request is counted for that comes from `peer`. */
async function addressOf(peer: string, forwarded?: string, trusted?: string[]): Promise<string> {
  const app = new Hono();
  app.use(knowAddress(trusted));
  app.get("/", (c) => c.text(clientAddress(c)));
  const headers = { ...forwarded !== undefined && { "x-forwarded-for": forwarded } };
  const response = await app.request("/", { headers }, { remoteAddr: { hostname: peer } });
  return await response.text();
}

Deno.test("who comes from a public address is counted for it, whatever they say", async () => {
  for (const peer of ["203.0.113.9", "::ffff:203.0.113.9", "::ffff:cb00:7109"]) {
    assert.equal(await addressOf(peer), "203.0.113.9");
    assert.equal(await addressOf(peer, "198.51.100.7"), "203.0.113.9");
  }
});

Deno.test("an IPv6 address counts by its first half", async () => {
  const one = await addressOf("2001:db8:1:2::1");
  assert.equal(one, "2001:db8:1:2::/64");
  assert.equal(await addressOf("2001:DB8:1:2:ffff:ffff:ffff:ffff"), one);
  assert.equal(await addressOf("2001:0db8:0001:0002::7%eth0"), one);
  assert.notEqual(await addressOf("2001:db8:1:3::1"), one);
});

Deno.test("a proxy with a private address is believed in its last word alone", async () => {
  for (const peer of ["127.0.0.1", "10.1.2.3", "172.31.0.1", "192.168.0.1", "::1", "fd00::1"]) {
    assert.equal(await addressOf(peer, "1.2.3.4, 198.51.100.7"), "198.51.100.7");
  }
  assert.equal(await addressOf("::ffff:10.1.2.3", "198.51.100.7"), "198.51.100.7");
  // On a private network the members' addresses are private too, and what is before was made up.
  assert.equal(await addressOf("10.1.2.3", "1.2.3.4, 10.9.9.9"), "10.9.9.9");
  for (const peer of ["172.32.0.1", "11.0.0.1", "100.64.0.1", "fe00::1"]) {
    assert.notEqual(await addressOf(peer, "198.51.100.7"), "198.51.100.7");
  }
});

Deno.test("what a proxy adds may have a port, brackets or blanks", async () => {
  for (const text of ["198.51.100.7:4711", " 198.51.100.7 ", "1.2.3.4,198.51.100.7"]) {
    assert.equal(await addressOf("10.0.0.1", text), "198.51.100.7");
  }
  for (const text of ["[2001:db8:1:2::1]:4711", "[2001:db8:1:2::1]", "2001:db8:1:2::1"]) {
    assert.equal(await addressOf("10.0.0.1", text), "2001:db8:1:2::/64");
  }
});

Deno.test("what is no address counts for the proxy that said it", async () => {
  for (
    const text of ["", ",", "unknown", "_hidden", "<script>", "1.2.3", "1.2.3.4.5", "[::1", "::g"]
  ) {
    assert.equal(await addressOf("10.0.0.1", text), "10.0.0.1", text);
  }
  assert.equal(await addressOf("10.0.0.1", `198.51.100.7, ${"x".repeat(9_000)}`), "10.0.0.1");
});

Deno.test("of several proxies that are named each is believed, and nobody else", async () => {
  const trusted = ["10.0.0.0/8", "203.0.113.0/24", "2001:db8:f::/48"];
  const client = "198.51.100.7";
  assert.equal(await addressOf("10.0.0.1", `1.2.3.4, ${client}, 203.0.113.5`, trusted), client);
  assert.equal(await addressOf("2001:db8:f::1", `${client}, 203.0.113.5`, trusted), client);
  assert.equal(await addressOf("10.0.0.1", client, trusted), client);
  assert.equal(await addressOf("192.168.0.1", client, trusted), "192.168.0.1");
  assert.equal(await addressOf("10.0.0.1", "10.0.0.2, 10.0.0.3", trusted), "10.0.0.2");
  assert.equal(await addressOf("10.0.0.1", undefined, trusted), "10.0.0.1");
});

Deno.test("with no proxy to be believed, nobody is", async () => {
  assert.equal(await addressOf("10.0.0.1", "198.51.100.7", []), "10.0.0.1");
});
