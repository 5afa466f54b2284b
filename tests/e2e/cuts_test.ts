/**
 * The connection, a tab or the browser goes away at the worst moments of sending.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { chromiumPath, launchArgs } from "../support/chromium.ts";
import { steadyClock } from "../support/clock.ts";
import { startServer } from "../support/server.ts";
import { until } from "../support/until.ts";
import { Wire } from "../support/wire.ts";
import { journey, twoTalking } from "./journey.ts";
import { Person } from "./person.ts";

/** Two who talk, of whom Ana's side goes over a wire. */
async function overWire(browser: Browser, wire: Wire, url: string): Promise<[Person, Person]> {
  const ben = await Person.arrive(browser, url, "Ben");
  const ana = await Person.arrive(browser, wire.url, "Ana");
  await Promise.all([ana.register(), ben.register()]);
  await ana.find(ben);
  await ana.write("Hello Ben");
  await ben.openConversationWith(ana);
  await ana.seesState("Hello Ben", "Read");
  return [ana, ben];
}

journey("a connection cut before, within and after the frame loses and doubles nothing", async (
  browser,
  { url },
) => {
  await using wire = Wire.to(url);
  const [ana, ben] = await overWire(browser, wire, url);
  const texts = ["Hello Ben"];

  // Before: nothing of it gets through.
  wire.limit("up", 0);
  await ana.write("cut before");
  await ana.write("and what follows");
  await until(() => wire.held.up > 0);
  await ana.seesState("cut before", "Sending");
  wire.cut();
  texts.push("cut before", "and what follows");
  for (const text of texts) await ana.seesState(text, "Read");
  await ben.sees(texts);

  // Within: half a frame gets through.
  const long = "half of this, ".repeat(300).trim();
  await ana.composer.fill(long);
  wire.limit("up", 2_000);
  await ana.composer.press("Enter");
  await until(() => wire.held.up > 0);
  assert.deepEqual(await ben.texts(), texts);
  wire.cut();
  texts.push(long);
  await ana.seesState(long, "Read");
  await ben.sees(texts);

  // After: it is stored and told to others, and its answer is lost.
  wire.limit("down", 0);
  await ana.write("cut after");
  await ana.write("and the next");
  await ben.message("cut after").waitFor();
  await until(() => wire.held.down > 0);
  await ana.seesState("cut after", "Sending");
  await ana.seesState("and the next", "Sending");
  wire.cut();
  texts.push("cut after", "and the next");
  await ana.seesState("and the next", "Read");
  await ben.sees(texts);
  await ana.sees(texts);
  await ana.page.reload();
  await ana.sees(texts);
  ana.hasNoComplaints(true);
});

journey("a network that goes and comes ten times in a row of messages keeps their order", async (
  browser,
  { url },
) => {
  const [ana, ben] = await twoTalking(browser, url);
  const texts = ["Hello Ben"];
  for (let round = 0; round < 10; round++) {
    await ana.context.setOffline(round % 2 === 0);
    for (const part of ["a", "b"]) {
      texts.push(`${round}${part}`);
      await ana.write(`${round}${part}`);
    }
  }
  await ana.context.setOffline(false);
  await ana.seesState("9b", "Read");
  await ben.sees(texts);
  await ana.sees(texts);
});

/** What a page sends from now on, and whether its answers reach it. */
async function listen(page: Page, to: "nobody" | "the server, deaf" | "the server") {
  const sent: string[] = [];
  await page.routeWebSocket(/\/api\/messages\/ws/, (socket) => {
    const upstream = socket.connectToServer();
    let isDeaf = false;
    upstream.onMessage((text) => {
      if (!isDeaf) socket.send(text);
    });
    socket.onMessage((text) => {
      const { type, content } = JSON.parse(String(text));
      if (type !== "send_message") return upstream.send(text);
      sent.push(content);
      isDeaf = to === "the server, deaf";
      if (to !== "nobody") upstream.send(text);
    });
  });
  await page.reload();
  return sent;
}

for (const to of ["nobody", "the server, deaf"] as const) {
  const fate = to === "nobody" ? "on its way" : "stored and unanswered";
  journey(`a tab closed with a message ${fate} leaves the rest to the other`, async (
    browser,
    { url },
  ) => {
    const [ana, ben] = await twoTalking(browser, url);
    const tab = await ana.openTab();
    const sentHere = await listen(ana.page, to);
    const sentThere = await listen(tab.page, "the server");
    await tab.openConversationWith(ben);
    await ana.sees(["Hello Ben"]);
    for (const text of ["one", "two", "three"]) await ana.write(text);
    await until(() => sentHere.length > 0);
    await tab.message("three").waitFor();
    // What is written there waits for its turn as well.
    await tab.write("four");
    await ana.message("four").waitFor();
    await ben.write("an answer");
    await tab.message("an answer").waitFor();
    assert.deepEqual(sentHere, ["one"]);
    assert.deepEqual(sentThere, []);

    await ana.page.close();
    await tab.seesState("four", "Read");
    const own = (texts: string[]) => texts.filter((text) => text !== "an answer");
    const texts = ["Hello Ben", "one", "two", "three", "four"];
    assert.deepEqual(own(await tab.texts()), texts);
    assert.deepEqual(own(await ben.texts()), texts);
    const once = to === "nobody" ? ["one", "two", "three", "four"] : ["two", "three", "four"];
    assert.deepEqual(sentThere, once);
  });
}

/** Has all writing to the browser's storage wait, until the function that is returned is called. */
async function holdStorage({ context }: Person): Promise<() => Promise<void>> {
  const page = await context.newPage();
  await page.goto("/api/health");
  await page.evaluate(`new Promise((held) => {
    indexedDB.open("keyval-store").onsuccess = ({ target }) => {
      const store = target.result.transaction("keyval", "readwrite").objectStore("keyval");
      // A transaction lives for as long as it is asked for something.
      const ask = () => store.get("").onsuccess = ask;
      ask();
      held();
    };
  })`);
  return () => page.close();
}

journey("a line that another tab hears of after its message is stored is not sent again", async (
  browser,
  { url },
) => {
  const [ana, ben] = await twoTalking(browser, url);
  const tab = await ana.openTab();
  await listen(ana.page, "the server, deaf");
  const sentThere = await listen(tab.page, "the server");
  await tab.openConversationWith(ben);
  await ana.sees(["Hello Ben"]);
  const release = await holdStorage(ana);
  await ana.write("one");
  await tab.seesState("one", "Read");
  await ana.write("two");
  await release();
  await tab.message("two").waitFor();
  await ana.page.close();
  await tab.seesState("two", "Read");
  assert.deepEqual(sentThere, ["two"]);
  await ben.sees(["Hello Ben", "one", "two"]);
});

/** Ends a browser as a crash would. */
async function kill(context: BrowserContext): Promise<void> {
  const session = await context.browser()?.newBrowserCDPSession();
  const { processInfo } = await session?.send("SystemInfo.getProcessInfo") ?? { processInfo: [] };
  const main = processInfo.find(({ type }) => type === "browser");
  assert.ok(main);
  const gone = context.waitForEvent("close");
  Deno.kill(main.id, "SIGKILL");
  await gone;
}

journey("a browser that crashes in the midst of sending sends the rest when it is back", async (
  browser,
  { url },
) => {
  await using wire = Wire.to(url);
  const profile = await Deno.makeTempDir();
  const executablePath = await chromiumPath() as string;
  const open = () =>
    chromium.launchPersistentContext(profile, {
      executablePath,
      args: launchArgs,
      baseURL: wire.url,
      locale: "en-GB",
    });
  let context = await open();
  try {
    const inContext = () => ({ newContext: () => Promise.resolve(context) }) as unknown as Browser;
    const ben = await Person.arrive(browser, url, "Ben");
    let ana = await Person.arrive(inContext(), wire.url, "Ana");
    await Promise.all([ana.register(), ben.register()]);
    await ana.find(ben);
    await ana.write("Hello Ben");
    await ben.openConversationWith(ana);
    await ana.seesState("Hello Ben", "Read");
    const thread = ana.page.url();
    wire.limit("down", 0);
    const written = ["one", "two", "three"];
    for (const text of written) await ana.write(text);
    await ben.message("one").waitFor();
    await ana.seesState("three", "Sending");
    await kill(context);
    wire.cut();

    context = await open();
    ana = await Person.arrive(inContext(), wire.url, "Ana");
    await ana.page.goto(thread);
    // Its cookies may not have been on the disk yet.
    const form = ana.page.getByRole("heading", { name: "Welcome back" });
    await form.or(ana.composer).waitFor();
    if (await form.isVisible()) await ana.signIn();
    for (const text of written) await ana.seesState(text, "Read");
    await ben.sees(["Hello Ben", ...written]);
    await ana.sees(["Hello Ben", ...written]);
  } finally {
    await context.close();
    await Deno.remove(profile, { recursive: true });
  }
});

journey("a token that ended while the network was away is renewed, and what waited is sent", async (
  browser,
) => {
  let later = 0;
  await using server = await startServer({ clock: steadyClock(() => Date.now() + later) });
  const [ana, ben] = await twoTalking(browser, server.url);
  const renewed: number[] = [];
  ana.page.on("response", (answer) => {
    if (answer.url().endsWith("/api/auth/refresh")) renewed.push(answer.status());
  });
  await ana.context.setOffline(true);
  await ana.page.getByText("You are offline.").waitFor();
  await ana.write("written long ago");
  await ana.seesState("written long ago", "Waiting for the connection");
  // An hour goes by.
  later = 3_600_000;
  await ana.page.evaluate((later) => {
    const { now } = Date;
    Date.now = () => now() + later;
  }, later);
  await ana.context.setOffline(false);
  await ana.seesState("written long ago", "Read");
  await ben.sees(["Hello Ben", "written long ago"]);
  assert.deepEqual(renewed, [200]);
});
