/**
 * How a test of the page is run: in a real browser, on a server with a fresh database.
 *
 * @module
 */
import type { Browser } from "playwright-core";
import { chromiumPath } from "../support/chromium.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { launch, Person } from "./person.ts";

const ignore = await chromiumPath() === undefined;
let browser: Promise<Browser> | undefined;
Deno.test.afterAll(async () => (await browser)?.close());

/** Runs a test of the page; `env` are settings of its server. */
export function journey(
  name: string,
  run: (browser: Browser, server: TestServer) => Promise<void>,
  env?: Record<string, string>,
): void {
  Deno.test({
    name,
    ignore,
    async fn() {
      await using server = await startServer(env ? { env } : {});
      const opened = await (browser ??= launch());
      try {
        await run(opened, server);
      } finally {
        for (const context of opened.contexts()) await context.close();
      }
    },
  });
}

/** Two people who have registered, with the same conversation open on both sides. */
export async function twoTalking(browser: Browser, url: string): Promise<[Person, Person]> {
  const ana = await Person.arrive(browser, url, "Ana");
  const ben = await Person.arrive(browser, url, "Ben");
  await Promise.all([ana.register(), ben.register()]);
  await ana.find(ben);
  await ana.write("Hello Ben");
  await ben.openConversationWith(ana);
  await ben.sees(["Hello Ben"]);
  return [ana, ben];
}
