/**
 * What the page of a stranger's site tries with its visitor's browser, who is signed in here.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import type { TestServer } from "../support/server.ts";
import { journey } from "./journey.ts";
import { Person } from "./person.ts";

/** An empty site on a port of its own, as it is called by this name. */
function openSite(name: string) {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () =>
      new Response("<!doctype html><title>A site</title>", {
        headers: { "content-type": "text/html" },
      }),
  );
  return {
    origin: `http://${name}:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Somebody signed in, and a tab of theirs on a site that is not ours. */
async function lure(browser: Browser, { url }: TestServer, origin: string, who: string) {
  const ana = await Person.arrive(browser, url, who);
  await ana.register();
  const page = await ana.context.newPage();
  await page.goto(origin);
  return { ana, page };
}

/** A site to which our cookies go, on another port, and one to which they do not; who visits it. */
const neighbours = [["127.0.0.1", "Ana"], ["localhost", "Eva"]] as const;

/** What a page's script can do; the names of its world mean nothing here. */
interface World {
  WebSocket: new (url: string) => EventTarget;
  EventSource: new (url: string) => EventTarget & { close(): void };
}

const isSignedIn = async ({ page }: Person) => {
  await page.reload();
  await page.getByRole("heading", { name: "Messages" }).waitFor();
};

const reads = (page: Page, url: string, init: RequestInit) =>
  page.evaluate(
    ([url, init]) => fetch(url, init).then((answer) => answer.type).catch(() => "refused"),
    [url, init] as const,
  );

journey("a stranger's page reads nothing and changes nothing with its visitor's cookie", async (
  browser,
  server,
) => {
  const { url } = server;
  for (const [name, who] of neighbours) {
    await using site = await openSite(name);
    const { ana, page } = await lure(browser, server, site.origin, who);
    const asked: string[] = [];
    page.on(
      "response",
      (answer) => asked.push(`${answer.status()} ${new URL(answer.url()).pathname}`),
    );
    for (const path of ["refresh", "logout"]) {
      for (const mode of ["cors", "no-cors"] as const) {
        const init: RequestInit = { method: "POST", mode, credentials: "include" };
        const read = await reads(page, `${url}/api/auth/${path}`, init);
        assert.equal(read, "refused");
      }
    }
    for (const path of ["/api/auth/me", "/messages", "/api/messages/events"]) {
      assert.equal(await reads(page, url + path, { credentials: "include" }), "refused");
    }
    // Even if it came with the cookie, it was refused before it was looked at.
    assert.ok(asked.filter((one) => /refresh|logout/.test(one)).every((one) => /^403/.test(one)));
    await isSignedIn(ana);
    await ana.context.close();
  }
});

journey("a stranger's form neither signs its visitor out nor in as somebody else", async (
  browser,
  server,
) => {
  for (const [name, who] of neighbours) {
    await using site = await openSite(name);
    const { ana } = await lure(browser, server, site.origin, who);
    for (
      const [path, enctype] of [
        ["logout", "application/x-www-form-urlencoded"],
        ["refresh", "multipart/form-data"],
        ["login", "text/plain"],
      ]
    ) {
      const page = await ana.context.newPage();
      await page.goto(site.origin);
      const [answer] = await Promise.all([
        page.waitForResponse((answer) => answer.url().includes("/api/auth/")),
        page.setContent(
          `<form method="post" enctype="${enctype}" action="${server.url}/api/auth/${path}">
          <input name='{"login":"mallory","password":"' value='x"}'><button>Win</button></form>`,
        )
          .then(() => page.getByRole("button").click({ noWaitAfter: true })),
      ]);
      assert.equal(answer.status(), 403, path);
      assert.equal(await answer.headerValue("set-cookie"), null);
    }
    await isSignedIn(ana);
    await ana.context.close();
  }
});

journey("a stranger's page opens no socket, no stream and no frame", async (browser, server) => {
  const token = (await server.addUser("ben")).token;
  const { host } = new URL(server.url);
  for (const [name, who] of neighbours) {
    await using site = await openSite(name);
    const { ana, page } = await lure(browser, server, site.origin, who);
    const opened = await page.evaluate(async ([host, token]) => {
      const { WebSocket, EventSource } = globalThis as unknown as World;
      const first = (target: EventTarget) =>
        new Promise<string>((resolve) => {
          for (const name of ["open", "error"]) target.addEventListener(name, () => resolve(name));
        });
      return [
        await first(new WebSocket(`ws://${host}/api/messages/ws?token=${token}`)),
        await first(new EventSource(`http://${host}/api/messages/events?token=${token}`)),
      ];
    }, [host, token] as const);
    assert.deepEqual(opened, ["error", "error"]);

    for (const path of ["/messages", "/login", "/docs", "/unsubscribe?token=x", "/favicon.svg"]) {
      await page.setContent(`<iframe src="${server.url}${path}"></iframe>`);
      const frame = page.frames().at(-1);
      await frame?.waitForLoadState();
      // What Chromium shows in its place.
      assert.equal(frame?.url(), "chrome-error://chromewebdata/", path);
    }
    await ana.context.close();
  }
});

journey("an address that asks to sign in leads nowhere else", async (browser, { url }) => {
  const ana = await Person.arrive(browser, url, "Ana");
  await ana.register();
  const wanted = [
    "//evil.example/messages",
    "/\\evil.example",
    "https://evil.example/messages",
    "javascript:alert(1)",
    "/messages.evil.example",
    "/messages\\@evil.example",
    "/docs",
  ];
  for (const then of wanted) {
    await ana.page.goto(`/login?then=${encodeURIComponent(then)}`);
    await ana.page.waitForURL((now) => now.pathname !== "/login");
    assert.equal(new URL(ana.page.url()).origin, url, then);
    assert.ok(new URL(ana.page.url()).pathname.startsWith("/messages"), then);
  }
});
