/**
 * Reaching a member who looks elsewhere, as far as the page does it: the list, the settings, what
 * rings and what is shown on the desktop.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { findsNothingSerious } from "./axe.ts";
import { journey, twoTalking } from "./journey.ts";
import { Person } from "./person.ts";

/** What the spies of {@linkcode spyScript} saw. */
interface Seen {
  asked: number;
  notes: number;
  shown: { title: string; body: string; tag: string; closed: boolean }[];
}

/**
 * Watches what would be seen and heard outside the page, and lets a test hide the page: to a
 * browser without a screen, every page is in sight. A text, since the names of the page's world
 * mean nothing here.
 */
const spyScript = `
  globalThis.seen = { asked: 0, notes: 0, shown: [] };
  const ask = Notification.requestPermission;
  const Real = Notification;
  globalThis.Notification = class extends Real {
    static requestPermission() {
      seen.asked++;
      return ask.call(Real);
    }
    constructor(title, options) {
      super(title, options);
      this.entry = { title, body: options.body, tag: options.tag, closed: false };
      seen.shown.push(this.entry);
      globalThis.lastNotification = this;
    }
    close() {
      this.entry.closed = true;
      super.close();
    }
  };
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (when) {
    seen.notes++;
    return start.call(this, when);
  };
  let visibility = "visible";
  Object.defineProperty(document, "visibilityState", { get: () => visibility });
  globalThis.setVisibility = (next) => {
    visibility = next;
    dispatchEvent(new Event("visibilitychange"));
  };
`;

interface World {
  seen: Seen;
  setVisibility(next: "visible" | "hidden"): void;
  lastNotification: { onclick(): void };
}

const seen = (page: Page) => page.evaluate(() => (globalThis as unknown as World).seen);

/** Waits until what was seen is so. */
async function sees(page: Page, isSo: (seen: Seen) => boolean): Promise<Seen> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const now = await seen(page);
    if (isSo(now)) return now;
    await after(100);
  }
  assert.fail(`Still ${JSON.stringify(await seen(page))}`);
}

const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const turnTo = (page: Page, next: "visible" | "hidden") =>
  page.evaluate((next) => (globalThis as unknown as World).setVisibility(next), next);

/** Two people who talk; what reaches the second one is watched. */
async function twoWatched(browser: Browser, url: string): Promise<[Person, Person]> {
  const ana = await Person.arrive(browser, url, "Ana");
  const ben = await Person.arrive(browser, url, "Ben");
  await ben.context.addInitScript(spyScript);
  await ben.context.grantPermissions(["notifications"], { origin: url });
  await Promise.all([ana.register(), ben.register()]);
  await ana.find(ben);
  await ana.write("Hello Ben");
  await ben.openConversationWith(ana);
  await ben.sees(["Hello Ben"]);
  return [ana, ben];
}

/** Mutes a conversation as another program of the member's would. */
async function mute(page: Page, path: string, ms: number): Promise<void> {
  await page.evaluate(async ({ id, mutedUntil }) => {
    const { token } = await (await fetch("/api/auth/refresh", { method: "POST" })).json();
    await fetch(`/api/messages/conversations/${id}/settings`, {
      method: "PATCH",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify({ mutedUntil }),
    });
  }, { id: path.split("/").at(-1), mutedUntil: new Date(Date.now() + ms).toISOString() });
}

const settings = "/settings/notifications";
const toggle = (page: Page, name: string | RegExp) => page.getByRole("switch", { name });
const saved = (page: Page) => page.getByRole("status").getByText("Saved", { exact: true });

journey("settings are saved by themselves and kept, and nothing is asked for on load", async (
  browser,
  { url },
) => {
  const [, ben] = await twoWatched(browser, url);
  const { page } = ben;
  await page.getByRole("button", { name: "Your account" }).click();
  await page.getByRole("link", { name: "Notification settings" }).click();
  const sound = toggle(page, "Play a sound for a new message");
  assert.equal(await sound.isChecked(), true);
  await sound.focus();
  await page.keyboard.press("Space");
  await toggle(page, "Do not disturb me at certain hours").click();
  await page.getByLabel("From").fill("23:15");
  await page.getByLabel("Time zone").selectOption("Asia/Tokyo");
  await page.getByText("Quiet from 23:15 until 07:00 the next day.").waitFor();
  await saved(page).waitFor();

  await page.reload();
  await sound.waitFor();
  assert.equal(await sound.isChecked(), false);
  assert.equal(await page.getByLabel("From").inputValue(), "23:15");
  assert.equal(await page.getByLabel("Time zone").inputValue(), "Asia/Tokyo");
  assert.equal((await seen(page)).asked, 0);
  ben.hasNoComplaints();
});

journey("a change that cannot be saved says so, and can be tried again or undone", async (
  browser,
  { url },
) => {
  const [, ben] = await twoWatched(browser, url);
  const { page } = ben;
  await page.goto(settings);
  const sound = toggle(page, "Play a sound for a new message");
  await sound.waitFor();
  await page.route("**/api/notifications/preferences", (route) => route.abort());
  await sound.click();
  await page.getByRole("alert").getByText("Your change was not saved.").waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  assert.equal(await sound.isChecked(), true);
  await sound.click();
  await page.getByRole("alert").waitFor();
  await page.unrouteAll();
  await page.getByRole("button", { name: "Try again" }).click();
  await saved(page).waitFor();
  assert.equal(await sound.isChecked(), false);
});

journey("of changes that overtake each other the last one holds", async (browser, { url }) => {
  const [, ben] = await twoWatched(browser, url);
  const { page } = ben;
  await page.goto(settings);
  const sound = toggle(page, "Play a sound for a new message");
  await sound.waitFor();
  let saves = 0;
  await page.route("**/api/notifications/preferences", async (route) => {
    if (route.request().method() === "PUT" && saves++ === 0) await after(2_000);
    await route.continue();
  });
  const isSaved = page.waitForResponse((response) =>
    response.request().method() === "PUT" &&
    (response.request().postDataJSON() as { sound: boolean }).sound
  );
  const isBegun = page.waitForRequest((request) => request.method() === "PUT");
  await sound.click();
  await isBegun;
  await sound.click();
  await isSaved;
  await saved(page).waitFor();
  // Longer than the first one could be on its way.
  await after(2_500);
  await page.unrouteAll();
  await page.reload();
  await sound.waitFor();
  assert.equal(await sound.isChecked(), true);
});

journey("what a member missed is in the list, live, until it is read", async (
  browser,
  { url },
) => {
  const [ana, ben, cyd] = await Promise.all(
    ["Ana", "Ben", "Cyd"].map((name) => Person.arrive(browser, url, name)),
  ) as [Person, Person, Person];
  await ben.context.addInitScript(spyScript);
  await Promise.all([ana, ben, cyd].map((person) => person.register()));
  const { page } = ben;
  const bell = (count: number) =>
    page.getByRole("link", { name: `Notifications, ${count} unread`, exact: true });
  const entry = (from: Person) => page.locator(".notification", { hasText: from.name });
  await page.goto("/notifications");
  await page.getByText("Nothing has happened yet").waitFor();
  // Whoever was active a moment ago is given a minute, so that nobody writes before.
  await turnTo(page, "hidden");
  await ana.find(ben);
  await ana.write("one");
  await ana.write("two");
  await entry(ana).getByText("two").waitFor();
  await cyd.find(ben);
  await cyd.write("three");
  await bell(2).waitFor();
  await entry(cyd).getByText("sent you a message").waitFor();

  await page.goto("/messages");
  await bell(2).click();
  await entry(cyd).click();
  await ben.sees(["three"]);
  await bell(1).click();
  await entry(ana).getByRole("img", { name: "Unread" }).waitFor();
  assert.equal(await entry(cyd).getByRole("img", { name: "Unread" }).count(), 0);
  await findsNothingSerious(page, "notifications");
  await page.getByRole("button", { name: "Mark all as read" }).click();
  await entry(ana).getByRole("img", { name: "Unread" }).waitFor({ state: "detached" });
  await bell(1).waitFor({ state: "detached" });
  await page.reload();
  await entry(ana).waitFor();
  assert.equal(await entry(ana).getByRole("img", { name: "Unread" }).count(), 0);
  ben.hasNoComplaints();
}, { PUSH_DELAY_SECONDS: "1" });

journey("a hidden page shows what comes on the desktop, and opens it with a click", async (
  browser,
  { url },
) => {
  const [ana, ben] = await twoWatched(browser, url);
  const { page } = ben;
  await page.goto(settings);
  await toggle(page, /Show a notification when/).click();
  await saved(page).waitFor();
  await page.getByRole("link", { name: "Back", exact: true }).click();

  await turnTo(page, "hidden");
  await ana.write("are you there?");
  const { shown } = await sees(page, ({ shown }) => shown.length === 1);
  assert.deepEqual(shown, [{
    title: "Ana",
    body: "are you there?",
    tag: new URL(ana.page.url()).pathname.split("/").at(-1),
    closed: false,
  }]);
  await sees(page, ({ notes }) => notes === 2);
  await ben.hasTitle("(1) Parley");
  const icon = page.locator('link[rel="icon"]');
  assert.equal(await icon.getAttribute("href"), "/favicon-unread.svg");

  await turnTo(page, "visible");
  await page.evaluate(() => (globalThis as unknown as World).lastNotification.onclick());
  await ben.sees(["Hello Ben", "are you there?"]);
  await sees(page, ({ shown }) => shown[0]?.closed === true);
  await ben.hasTitle("Parley");
  assert.equal(await icon.getAttribute("href"), "/favicon.svg");
  // What one reads as it comes makes no sound.
  await ana.write("hello again");
  await ana.seesState("hello again", "Read");
  assert.equal((await seen(page)).notes, 2);

  // In sight, but with the member at work in another program beside it.
  await page.evaluate(() => {
    const { document } = globalThis as unknown as { document: { hasFocus(): boolean } };
    document.hasFocus = () => false;
  });
  await ana.write("over here");
  await sees(page, ({ shown }) => shown.length === 2);
  ben.hasNoComplaints();
});

journey("of several tabs one rings", async (browser, { url }) => {
  const [ana, ben] = await twoWatched(browser, url);
  // Anew, since a sound keeps the next one away for a while.
  await ben.page.goto("/messages");
  const tabs = [ben.page];
  for (let count = 0; count < 3; count++) tabs.push((await ben.openTab()).page);
  for (const tab of tabs) await tab.getByRole("searchbox").click();
  await Promise.all(tabs.map((tab) => turnTo(tab, "hidden")));
  await ana.write("one for all");
  const notes = async () => {
    let sum = 0;
    for (const tab of tabs) sum += (await seen(tab)).notes;
    return sum;
  };
  const until = Date.now() + 10_000;
  while (await notes() === 0 && Date.now() < until) await after(100);
  // Longer than any tab lets another go first.
  await after(1_500);
  assert.equal(await notes(), 2);
});

journey("a muted conversation is silent and counts in no title, until it is not", async (
  browser,
  { url },
) => {
  const [ana, ben] = await twoWatched(browser, url);
  const { page } = ben;
  const menu = page.getByRole("button", { name: /mute and mails/i });
  await menu.focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.locator(".thread-header").getByLabel("Muted: mute and mails").waitFor();
  await page.goto("/messages");
  await page.getByRole("searchbox").click();
  await ben.row(ana).getByRole("img", { name: "Muted" }).waitFor();
  await ana.write("psst");
  await ben.row(ana).getByLabel("1 unread").waitFor();
  await page.locator(".badge.is-silent").waitFor();
  await ben.hasTitle("Parley");
  assert.equal((await seen(page)).notes, 0);

  await ben.openConversationWith(ana);
  await menu.click();
  await page.getByText(/^Muted until /).waitFor();
  await findsNothingSerious(page, "mute");
  await page.getByRole("button", { name: /^Unmute/ }).click();
  await page.getByRole("button", { name: "Mute and mails", exact: true }).waitFor();
  await page.goto("/messages");
  // Before a page is used, browsers let it make no sound.
  await page.getByRole("searchbox").click();
  await ana.write("can you hear me?");
  await ben.hasTitle("(1) Parley");
  await sees(page, ({ notes }) => notes === 2);

  // Set elsewhere, for a moment only: it ends by itself.
  await mute(page, new URL(ana.page.url()).pathname, 4_000);
  await page.locator(".badge.is-silent").waitFor();
  await ben.hasTitle("Parley");
  await ben.hasTitle("(1) Parley");
  ben.hasNoComplaints();
});

journey("a page says that it is used, and that it is not looked at any more", async (
  browser,
  { url },
) => {
  const ben = await Person.arrive(browser, url, "Ben");
  await ben.context.addInitScript(spyScript);
  const told: boolean[] = [];
  ben.page.on("websocket", (socket) => {
    socket.on("framesent", ({ payload }) => {
      const frame = JSON.parse(String(payload));
      if (frame.type === "set_activity") told.push(frame.active);
    });
  });
  await ben.register();
  const hears = async (expected: boolean[]) => {
    for (let attempt = 0; told.length < expected.length && attempt < 100; attempt++) {
      await after(100);
    }
    assert.deepEqual(told, expected);
  };
  await hears([true]);
  await turnTo(ben.page, "hidden");
  await hears([true, false]);
  await turnTo(ben.page, "visible");
  await hears([true, false, true]);
});

journey("the settings and the list fit a phone, and axe finds nothing serious", async (
  browser,
  { url },
) => {
  const [ana, ben] = await twoTalking(browser, url);
  const { page } = ben;
  await page.goto(settings);
  await toggle(page, "Do not disturb me at certain hours").click();
  await saved(page).waitFor();
  await findsNothingSerious(page, "settings");
  for (const path of [settings, "/notifications"]) {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(path);
    await page.locator(".settings, .notice").first().waitFor();
    const isWide = await page.locator("body").evaluate((body) =>
      body.scrollWidth > body.clientWidth
    );
    assert.equal(isWide, false, path);
    await findsNothingSerious(page, path);
  }
  await page.getByRole("link", { name: "Back", exact: true }).click();
  await ben.row(ana).waitFor();
  ben.hasNoComplaints();
});
