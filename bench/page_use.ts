import { openPostgres, select } from "@/db/database.ts";
import { launch, Person } from "@/tests/e2e/person.ts";
import type { TestPostgres } from "@/tests/support/postgres.ts";
import { sql } from "drizzle-orm";
import type { Browser, BrowserContext, Page } from "playwright-core";
import type { Comparison, PartResult } from "./comparison.ts";
import { insertHistory } from "./history_rows.ts";
import { percentile } from "./load/percentile.ts";
import type { Options } from "./options.ts";
import { freePort } from "./processes.ts";
import { startParley } from "./targets.ts";

const messages = 10_000;
const conversations = 50;
const slowdown = 4;
/** How far a turn of the wheel goes, and how many there are at most. */
const wheelPixels = 2_000;
const turns = 2_000;
const turnMs = 30;
const keys = 100;
const keyMs = 40;
/** Below this, a key's time is not told; times come in steps of half of it. */
const keyFloorMs = 16;
/** Below this, no task is told of. */
const taskFloorMs = 50;

/** Has the page tell when one could begin to write, and note its long tasks and how long keys take. */
const watching = `
  globalThis.measured = { tasks: [], keys: [] };
  new MutationObserver((_, observer) => {
    if (!document.querySelector("#composer:not(:disabled)")) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => console.debug("usable", performance.now())));
  }).observe(document, { subtree: true, childList: true, attributes: true });
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) measured.tasks.push(duration);
  }).observe({ type: "longtask" });
  new PerformanceObserver((list) => {
    for (const { name, duration } of list.getEntries()) {
      if (name === "keydown") measured.keys.push(duration);
    }
  }).observe({ type: "event", durationThreshold: ${keyFloorMs} });
`;

/** The page in a real browser: how soon it can be written in, how it scrolls and how it types. */
export async function measurePageUse(
  { rounds }: Options,
  postgres: TestPostgres,
  say: (what: string) => void,
): Promise<PartResult> {
  say("making a member with a long conversation");
  const databaseUrl = await postgres.createDatabase();
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = await startParley({ databaseUrl }, { PUBLIC_URL: url }, { port });
  const browser = await launch();
  try {
    const person = await Person.arrive(browser, url, "Reader");
    await person.register();
    const path = await insertLongConversation(databaseUrl, person.username, say);
    const session = await person.context.storageState();
    await person.context.close();

    const found = { usable: [] as number[], tasks: [] as number[], keys: [] as number[] };
    for (let round = 1; round <= rounds; round++) {
      say(`round ${round}: the page`);
      await visit(browser, url, session, async (page) => {
        found.usable.push(await timeToComposer(page, path));
      });
      await visit(browser, url, session, async (page) => {
        await page.goto(path);
        await page.locator("#composer").waitFor();
        found.keys.push(await timeKeys(page));
        found.tasks.push(await scrollToBeginning(page));
      });
    }
    return { comparisons: compare(found), faults: [] };
  } finally {
    await browser.close();
    await server.stop();
  }
}

async function insertLongConversation(
  databaseUrl: string,
  username: string,
  say: (what: string) => void,
): Promise<string> {
  const { db, close } = await openPostgres(databaseUrl, 1);
  const [reader] = await select<{ id: string }>(
    db,
    sql`select id from users where username = ${username}`,
  );
  await close();
  const size = { conversations, messages };
  return `/messages/${await insertHistory(databaseUrl, reader!.id, size, say)}`;
}

/** Each visit is a new browser to the page, with nothing cached, but signed in. */
async function visit(
  browser: Browser,
  baseURL: string,
  storageState: Awaited<ReturnType<BrowserContext["storageState"]>>,
  work: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext({ baseURL, storageState });
  await context.addInitScript({ content: watching });
  const page = await context.newPage();
  await work(page);
  // The session's next cookie is in this visit's answer.
  Object.assign(storageState, await context.storageState());
  await context.close();
}

/** @returns seconds from the navigation on, with a slowed processor */
async function timeToComposer(page: Page, path: string): Promise<number> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: slowdown });
  // To ask the page for it would have it run scripts of ours meanwhile.
  const told = page.waitForEvent("console", (line) => line.text().startsWith("usable "));
  await page.goto(path);
  return Number((await told).text().slice("usable ".length)) / 1000;
}

/** @returns milliseconds from a key to what it changed on the screen, 95th percentile */
async function timeKeys(page: Page): Promise<number> {
  await page.locator("#composer").focus();
  await page.keyboard.type("lorem ipsum ".repeat(keys / 10).slice(0, keys), { delay: keyMs });
  const slow = await page.evaluate<number[]>("measured.keys");
  await page.locator("#composer").fill("");
  const quick = Math.max(0, keys - slow.length);
  return percentile([...slow, ...Array<number>(quick).fill(keyFloorMs / 2)], 0.95);
}

/** @returns milliseconds of the longest task on the way, or the floor if none was longer */
async function scrollToBeginning(page: Page): Promise<number> {
  // The reader has read half of it, and so the page begins in the middle for the first time.
  const last = page.locator(`[data-seq="${messages}"]`);
  const toEnd = page.locator(".to-end");
  await last.or(toEnd).first().waitFor();
  if (await toEnd.isVisible()) await toEnd.click();
  await last.waitFor();
  const box = await page.locator(".timeline-scroller").boundingBox();
  await page.mouse.move(box!.x + box!.width / 2, box!.y + box!.height / 2);
  await page.evaluate("measured.tasks.length = 0");
  const beginning = page.locator(".row-beginning");
  for (let turn = 0; await beginning.count() === 0; turn++) {
    if (turn === turns) throw new Error("The beginning of the conversation did not come");
    await page.mouse.wheel(0, -wheelPixels);
    await page.waitForTimeout(turnMs);
  }
  const tasks = await page.evaluate<number[]>("measured.tasks");
  return Math.max(taskFloorMs, ...tasks);
}

function compare(found: Record<"usable" | "tasks" | "keys", number[]>): Comparison[] {
  return [{
    what: `from navigation to a composer, processor slowed ${slowdown} times`,
    unit: "s",
    values: found.usable,
    aim: { is: "at most", bound: 1.5 },
  }, {
    what: `longest task while scrolling ${messages.toLocaleString("en")} messages`,
    unit: "ms",
    values: found.tasks,
    aim: { is: "at most", bound: taskFloorMs },
  }, {
    what: "from a key to the screen, p95, in steps of 8",
    unit: "ms",
    values: found.keys,
    aim: { is: "at most", bound: 16 },
  }];
}
