/**
 * The page within a platform's own site, on the platform's logins.
 *
 * @module
 */
import { SignJWT } from "jose";
import assert from "node:assert/strict";
import type { FrameLocator } from "playwright-core";
import { journey } from "./journey.ts";
import { Person } from "./person.ts";

const secret = "the platform's secret, shared with us";

/** A token as the platform makes them. */
function tokenOf(name: string): Promise<string> {
  return new SignJWT({ sub: name.toLowerCase(), name, preferred_username: name.toLowerCase() })
    .setProtectedHeader({ alg: "HS256" })
    .setIssuer("https://site.example")
    .setAudience("parley")
    .setIssuedAt()
    .setExpirationTime("5 minutes")
    .sign(new TextEncoder().encode(secret));
}

/** A site of one page, on a free port, which runs `script`. */
class Site {
  #script = "";
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () =>
      new Response(`<!doctype html><title>A site</title><body><script>${this.#script}</script>`, {
        headers: { "content-type": "text/html; charset=utf-8" },
      }),
  );
  readonly origin = `http://127.0.0.1:${this.#server.addr.port}`;

  runs(script: string): void {
    this.#script = script;
  }

  async close(): Promise<void> {
    await this.#server.shutdown();
  }
}

const frame = (name: string, address: string) =>
  `{
  const frame = document.createElement("iframe");
  frame.name = ${JSON.stringify(name)};
  frame.src = ${JSON.stringify(address)};
  frame.width = 1000;
  frame.height = 600;
  document.body.append(frame);
}`;

/** Who is signed in, as the account menu says. */
async function usernameIn(page: FrameLocator): Promise<string | null> {
  await page.getByRole("button", { name: "Your account" }).click();
  return await page.locator(".menu-head span").textContent();
}

const platform = new Site();
const stranger = new Site();
Deno.test.afterAll(async () => {
  await platform.close();
  await stranger.close();
});

const env = {
  JWT_SECRET: secret,
  JWT_ISSUER: "https://site.example",
  JWT_AUDIENCE: "parley",
  LOCAL_ACCOUNTS: "false",
  ALLOWED_ORIGINS: platform.origin,
};

journey("a token in the address signs in and leaves the address at once", async (
  browser,
  { url },
) => {
  const ana = await Person.arrive(browser, url, "Ana");
  await ana.page.goto(`/messages#token=${await tokenOf("Ana")}`);
  await ana.page.getByRole("heading", { name: "Messages" }).waitFor();
  assert.equal(ana.page.url(), `${url}/messages`);
  assert.equal(await ana.page.getByRole("button", { name: "Sign out" }).count(), 0);
  ana.hasNoComplaints();

  // The token was kept nowhere: without it, the page sends the member to the site.
  await ana.page.reload();
  await ana.page.getByRole("heading", { name: "Sign in at the site" }).waitFor();
}, env);

journey("a page in a frame takes its token from the site that it belongs to", async (
  browser,
  { url },
) => {
  // A stranger's frame on the same site is the first to offer one.
  stranger.runs(`
    onmessage = ({ data }) => {
      if (data !== "offer yours") return;
      parent.frames.parley.postMessage({ "parley:token": "${await tokenOf("Mallory")}" }, "*");
      parent.postMessage("offered", "*");
    };
  `);
  platform.runs(`
    let asked;
    onmessage = ({ data, origin, source }) => {
      if (origin === "${url}" && data === "parley:token?") {
        asked = source;
        frames.stranger.postMessage("offer yours", "*");
      }
      if (data === "offered") {
        asked.postMessage({ "parley:token": "${await tokenOf("Ana")}" }, "${url}");
      }
    };
    ${frame("stranger", stranger.origin)}
    document.querySelector("iframe").onload = () => ${frame("parley", `${url}/messages`)};
  `);
  const ana = await Person.arrive(browser, url, "Ana");
  await ana.page.goto(platform.origin);
  assert.equal(await usernameIn(ana.page.frameLocator("[name=parley]")), "@ana");
}, env);

journey("a site that is not allowed cannot hold the page in a frame", async (browser, { url }) => {
  stranger.runs(`
    onmessage = ({ source }) => source.postMessage({ "parley:token": "anything" }, "*");
    ${frame("parley", `${url}/messages`)}
  `);
  const ana = await Person.arrive(browser, url, "Ana");
  await Promise.all([
    ana.page.waitForEvent("console", (line) => /frame-ancestors/.test(line.text())),
    ana.page.goto(stranger.origin),
  ]);
  assert.equal(await ana.page.frameLocator("[name=parley]").locator("#app").count(), 0);
}, env);
