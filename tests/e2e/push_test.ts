/**
 * Pushes as they reach a browser: shown, replaced, taken back, and followed to their conversation.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import type { PushPayload, PushSubscriptionInput } from "@/chat/protocol.ts";
import { selectPushSubscriptions } from "@/db/push_subscriptions.ts";
import { createPusher } from "@/utils/push.ts";
import { createVapidKeys } from "@/utils/vapid.ts";
import { startPushService } from "../support/push_service.ts";
import { journey, twoTalking } from "./journey.ts";
import type { Person } from "./person.ts";

const vapid = { ...createVapidKeys(), subject: "mailto:operator@example.com" };
const env = {
  VAPID_PUBLIC_KEY: vapid.publicKey,
  VAPID_PRIVATE_KEY: vapid.privateKey,
  VAPID_SUBJECT: vapid.subject,
  PUSH_DELAY_SECONDS: "0",
};
/** How long what should happen may take before a test fails. Milliseconds. */
const patience = 30_000;
const againMs = 5_000;
/** A page of the site that is none of ours. */
const besidePath = "/beside";
const conversation = (digit: number) => `0197a3c0-0000-7000-8000-00000000000${digit}`;
const sentAt = "2026-01-02T03:04:05.000Z";

/** What the tests use of a page's or a worker's scope, whose library the server does not have. */
interface Scope {
  navigator: {
    serviceWorker: {
      register(path: string): Promise<unknown>;
      ready: Promise<Registration>;
    };
  };
  registration: Registration;
  clients: { matchAll(options: object): Promise<{ url: string }[]> };
  dispatchEvent(event: unknown): void;
  NotificationEvent: new (type: string, init: { notification: Shown }) => unknown;
  PushManager: { prototype: Record<string, unknown> };
}
interface Registration {
  getNotifications(): Promise<Shown[]>;
}
interface Shown {
  title: string;
  body: string;
  tag: string;
  silent: boolean;
  renotify: boolean;
  timestamp: number;
}

/** The service worker of a person's browser, as the browser and the system drive it. */
class Worker {
  #last: string | undefined;

  private constructor(
    readonly person: Person,
    /** A page of the site that is none of ours, and so keeps no member connected. */
    readonly page: Page,
    private readonly send: (data: string) => Promise<void>,
  ) {}

  /** Has the browser receive a push with this payload. */
  async deliver(data: string): Promise<void> {
    this.#last = data;
    await this.send(data);
  }

  static async start(person: Person): Promise<Worker> {
    const page = await person.context.newPage();
    // With no policy: none of ours lets a script it was not written with name a worker.
    await page.route(`**${besidePath}`, (route) => route.fulfill({ contentType: "text/html" }));
    await page.goto(besidePath);
    const { origin } = new URL(page.url());
    await person.context.grantPermissions(["notifications"], { origin });
    const browser = await person.context.newCDPSession(page);
    const registrationId = new Promise<string>((resolve) =>
      browser.on("ServiceWorker.workerRegistrationUpdated", ({ registrations: [one] }) => {
        if (one) resolve(one.registrationId);
      })
    );
    await browser.send("ServiceWorker.enable");
    await page.evaluate(async () => {
      const { serviceWorker } = (globalThis as unknown as Scope).navigator;
      await serviceWorker.register("/sw.js");
      await serviceWorker.ready;
    });
    const id = await registrationId;
    return new Worker(person, page, async (data) => {
      await browser.send("ServiceWorker.deliverPushMessage", { origin, registrationId: id, data });
    });
  }

  /** Closes the person's page, and waits until the worker no longer takes it for one in view. */
  async closePage(): Promise<void> {
    await this.person.page.close();
    const [worker] = this.person.context.serviceWorkers();
    assert.ok(worker);
    const end = Date.now() + patience;
    const countPages = () =>
      worker.evaluate(async () => {
        const { clients } = globalThis as unknown as Scope;
        const all = await clients.matchAll({ type: "window", includeUncontrolled: true });
        return all.filter(({ url }) => !url.endsWith("/beside")).length;
      });
    while (await countPages() > 0) {
      if (Date.now() > end) assert.fail("The page is still there");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  push(payload: PushPayload): Promise<void> {
    return this.deliver(JSON.stringify(payload));
  }

  /** All that the system shows, the oldest first. */
  shown(): Promise<Shown[]> {
    return this.page.evaluate(async () => {
      const { serviceWorker } = (globalThis as unknown as Scope).navigator;
      const shown = await (await serviceWorker.ready).getNotifications();
      return shown.map(({ title, body, tag, silent, renotify, timestamp }) => (
        { title, body, tag, silent, renotify, timestamp }
      ));
    });
  }

  /** Waits until the system shows notifications with exactly these bodies. */
  shows(bodies: string[]): Promise<Shown[]> {
    const expected = JSON.stringify(bodies.toSorted());
    return this.showsWhat((shown) =>
      JSON.stringify(shown.map(({ body }) => body).sort()) === expected
    );
  }

  /**
   * Looks again and again: nothing tells a page of what the system shows. A browser that is busy
   * now and then loses what DevTools delivers, without a word: it is then delivered once more.
   */
  async showsWhat(isRight: (shown: Shown[]) => boolean): Promise<Shown[]> {
    const end = Date.now() + patience;
    let again = Date.now() + againMs;
    while (true) {
      const shown = await this.shown();
      if (isRight(shown)) return shown;
      if (Date.now() > again) {
        again = Date.now() + againMs;
        if (this.#last !== undefined) await this.deliver(this.#last);
      }
      if (Date.now() > end) assert.fail(`Shown is ${JSON.stringify(shown)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Clicks on the notification with this tag, as far as a script can. */
  async click(tag: string): Promise<void> {
    const [worker] = this.person.context.serviceWorkers();
    assert.ok(worker);
    await worker.evaluate(async (tag) => {
      const scope = globalThis as unknown as Scope;
      const notification = (await scope.registration.getNotifications())
        .find((one) => one.tag === tag) as Shown;
      scope.dispatchEvent(new scope.NotificationEvent("notificationclick", { notification }));
    }, tag);
  }
}

const messages = (
  conversationId: string,
  body: string,
  more: Partial<PushPayload & { type: "messages" }> = {},
): PushPayload => ({
  type: "messages",
  conversationId,
  title: "Ben",
  body,
  count: 1,
  at: sentAt,
  silent: false,
  ...more,
});

journey("what is pushed is shown once for each conversation, until it is read", async (
  browser,
  { url },
) => {
  const [ana] = await twoTalking(browser, url);
  const worker = await Worker.start(ana);
  await worker.closePage();

  await worker.push(messages(conversation(1), "one"));
  const [first] = await worker.shows(["one"]);
  assert.deepEqual(first, {
    title: "Ben",
    body: "one",
    tag: conversation(1),
    silent: false,
    renotify: true,
    timestamp: Date.parse(sentAt),
  });
  await worker.push(messages(conversation(2), "other"));
  await worker.shows(["one", "other"]);
  await worker.push(messages(conversation(1), "two", { silent: true }));
  const both = await worker.shows(["two", "other"]);
  const second = both.find(({ tag }) => tag === conversation(1));
  assert.deepEqual([second?.silent, second?.renotify], [true, false]);

  await worker.push({ type: "read", conversationId: conversation(1) });
  await worker.shows(["other"]);
  await worker.push({ type: "read", conversationId: conversation(2) });
  await worker.shows([]);
}, env);

journey("a push that cannot be read still says that there is something", async (
  browser,
  { url },
) => {
  const [ana] = await twoTalking(browser, url);
  const worker = await Worker.start(ana);
  await worker.closePage();
  const unread = ["", "{", "null", "[]", '{"type":"poll","conversationId":"x"}', '{"type":"read"}'];
  let shownAt = 0;
  for (const data of unread) {
    await worker.deliver(data);
    const before = shownAt;
    const [shown, ...others] = await worker.showsWhat(([one]) => (one?.timestamp ?? 0) > before);
    assert.deepEqual([shown?.title, shown?.body, others], ["New message", "", []]);
    shownAt = shown?.timestamp as number;
  }
  // Longer than any system shows; cut between two characters, not within one.
  await worker.push(messages(conversation(1), "🙂".repeat(400), { title: "n".repeat(400) }));
  const shown = await worker.shows(["", `${"🙂".repeat(149)}…`]);
  const long = shown.find(({ tag }) => tag === conversation(1));
  assert.equal(long?.title, `${"n".repeat(99)}…`);
}, env);

journey("whoever looks at the page is not told beside it", async (browser, { url }) => {
  const [ana] = await twoTalking(browser, url);
  const worker = await Worker.start(ana);
  await ana.page.bringToFront();
  await worker.push(messages(conversation(1), "seen in the list"));
  // What cannot be read is shown all the same; by then the one before it has been dealt with.
  await worker.deliver("");
  await worker.shows([""]);
  await worker.closePage();
  await worker.push(messages(conversation(2), "not seen"));
  await worker.shows(["", "not seen"]);
}, env);

journey("a click on a notification opens its conversation in the tab there is", async (
  browser,
  { url },
) => {
  const [ana, ben] = await twoTalking(browser, url);
  const conversationId = ana.page.url().split("/").at(-1) as string;
  const worker = await Worker.start(ana);
  await worker.closePage();
  await worker.push(messages(conversationId, "Come back"));
  await worker.shows(["Come back"]);
  const tab = await ana.openTab();
  await tab.row(ben).waitFor();
  const loads: string[] = [];
  tab.page.on("load", () => loads.push(tab.page.url()));
  await worker.click(conversationId);
  await tab.page.waitForURL(`/messages/${conversationId}`);
  await tab.sees(["Hello Ben"]);
  assert.deepEqual(loads, []);
  await worker.shows([]);
}, env);

/**
 * Has the browser's subscription lead to a push service of the test's. Everything else of it is
 * real; but Chromium's own service is out of reach here, and refuses a private window.
 */
async function subscribeElsewhere(page: Page, input: PushSubscriptionInput): Promise<void> {
  await page.addInitScript((input) => {
    const { prototype } = (globalThis as unknown as Scope).PushManager;
    const subscription = { toJSON: () => input, unsubscribe: () => Promise.resolve(true) };
    prototype.subscribe = () => Promise.resolve(subscription);
    prototype.getSubscription = () => Promise.resolve(subscription);
  }, input);
}

journey("a member turns pushes on, is told while away, and no longer once they sign out", async (
  browser,
  { url, chat },
) => {
  await using service = startPushService();
  chat.pusher = createPusher({ vapid, services: [service.host], fetch: service.fetch });
  const [ana, ben] = await twoTalking(browser, url);
  const subscription = await service.subscribe();
  const worker = await Worker.start(ana);
  await subscribeElsewhere(ana.page, subscription.input);
  const address = ana.page.url();
  const memberId = (await chat.db.query.users.findMany())
    .find(({ username }) => username === "ana")?.id as string;
  const stored = () => selectPushSubscriptions(chat.db, [memberId]);

  await ana.page.goto("/settings/notifications");
  const toggle = ana.page.getByRole("switch", { name: "Notify me here" });
  await toggle.click();
  await toggle.and(ana.page.getByRole("switch", { checked: true })).waitFor();
  assert.deepEqual((await stored()).map(({ endpoint }) => endpoint), [subscription.input.endpoint]);

  await ana.page.goto("about:blank");
  await ben.write("Are you there?");
  const { payload, headers, vapid: sender } = await subscription.next();
  assert.equal(sender.publicKey, vapid.publicKey);
  assert.equal(headers.get("urgency"), "high");
  await worker.deliver(payload);
  const [shown] = await worker.shows(["Are you there?"]);
  assert.equal(shown?.title, "Ben");

  // Read in the page: gone, without waiting for the push that tells other devices so.
  await ana.page.goto(address);
  await ana.message("Are you there?").waitFor();
  await worker.shows([]);
  assert.equal(JSON.parse((await subscription.next()).payload).type, "read");

  await ana.page.getByRole("button", { name: "Your account" }).click();
  await ana.page.getByRole("button", { name: "Sign out" }).click();
  await ana.page.getByRole("heading", { name: "Welcome back" }).waitFor();
  assert.deepEqual(await stored(), []);
  ana.hasNoComplaints();
}, env);

journey("whoever signs out leaves nothing shown, nor a subscription being renewed", async (
  browser,
  { url, chat },
) => {
  await using service = startPushService();
  chat.pusher = createPusher({ vapid, services: [service.host], fetch: service.fetch });
  const [ana] = await twoTalking(browser, url);
  const { page } = ana;
  const subscription = await service.subscribe();
  const worker = await Worker.start(ana);
  await subscribeElsewhere(page, subscription.input);
  const memberId = (await chat.db.query.users.findMany())
    .find(({ username }) => username === "ana")?.id as string;
  await page.goto("/settings/notifications");
  await page.getByRole("switch", { name: "Notify me here" }).click();
  await page.getByRole("switch", { name: "Notify me here", checked: true }).waitFor();
  await page.goto("about:blank");
  await worker.push(messages(conversation(1), "for Ana alone"));
  await worker.shows(["for Ana alone"]);

  const path = "/api/notifications/subscriptions";
  await page.route(`**${path}`, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await route.continue();
  });
  const renewal = page.waitForRequest(`**${path}`);
  await page.goto("/messages");
  await renewal;
  await page.getByRole("button", { name: "Your account" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Welcome back" }).waitFor();
  await worker.shows([]);
  assert.deepEqual(await selectPushSubscriptions(chat.db, [memberId]), []);
}, env);
