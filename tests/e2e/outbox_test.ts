/**
 * What is written while the server, the network or the browser goes away.
 *
 * @module
 */
import assert from "node:assert/strict";
import { openEmbedded } from "@/db/database.ts";
import { type Browser, chromium } from "playwright-core";
import { chromiumPath, launchArgs } from "../support/chromium.ts";
import { openTestEmbedded, startServer } from "../support/server.ts";
import { journey, twoTalking } from "./journey.ts";
import { Person } from "./person.ts";

journey("what is written while the server is away outlives the browser, and goes out once", async (
  browser,
) => {
  const original = await openTestEmbedded();
  const first = await startServer({ database: original });
  const { port } = new URL(first.url);
  const profile = await Deno.makeTempDir();
  const executablePath = await chromiumPath() as string;
  const open = () =>
    chromium.launchPersistentContext(profile, {
      executablePath,
      args: launchArgs,
      baseURL: first.url,
      locale: "en-GB",
    });
  const written = ["one", "two", "three"];
  let second: Awaited<ReturnType<typeof startServer>> | undefined;
  try {
    const ben = await Person.arrive(browser, first.url, "Ben");
    await ben.register();
    let context = await open();
    const inContext = () => ({ newContext: () => Promise.resolve(context) }) as unknown as Browser;
    let ana = await Person.arrive(inContext(), first.url, "Ana");
    await ana.register();
    await ana.find(ben);
    await ana.write("Hello Ben");
    await ben.openConversationWith(ana);
    await ana.seesState("Hello Ben", "Read");
    const thread = ana.page.url();
    const tab = await ana.openTab();
    await tab.openConversationWith(ben);

    const data = await original.dump();
    await first.close();
    await ana.page.getByText("Connecting…").waitFor();
    for (const text of written) await ana.write(text);
    await ana.composer.fill("half a thought");
    await ana.seesState("three", "Waiting for the connection");
    // The other tab shows that they wait, too.
    await tab.seesState("three", "Waiting for the connection");
    await context.close();

    second = await startServer({
      database: await openEmbedded(undefined, data),
      env: { PORT: port },
    });
    context = await open();
    ana = await Person.arrive(inContext(), first.url, "Ana");
    // Two tabs at once, of which one sends.
    const again = await context.newPage();
    await Promise.all([ana.page.goto(thread), again.goto(thread)]);
    for (const text of written) await ana.seesState(text, "Read");
    await ana.hasDraft("half a thought");
    await ben.sees(["Hello Ben", ...written]);
    await ana.sees(["Hello Ben", ...written]);
    assert.deepEqual(
      await again.locator("li.row .words").allTextContents(),
      ["Hello Ben", ...written],
    );
    await context.close();
  } finally {
    await second?.close();
    await Deno.remove(profile, { recursive: true });
  }
});

journey("a message whose answer is lost is stored once and shown once", async (browser, server) => {
  const [ana, ben] = await twoTalking(browser, server.url);
  let lost = 0;
  await ana.page.routeWebSocket(/\/api\/messages\/ws/, (socket) => {
    const upstream = socket.connectToServer();
    upstream.onMessage((text) => {
      if (JSON.parse(String(text)).type !== "message_sent" || lost >= 2) return socket.send(text);
      // Stored, and the line is cut before its answer comes through.
      lost++;
      upstream.close();
      socket.close({ code: 1012 });
    });
  });
  await ana.page.reload();
  await ana.sees(["Hello Ben"]);
  await ana.write("said once");
  await ana.write("and then this");
  await ana.seesState("and then this", "Read");
  assert.equal(lost, 2);
  const texts = ["Hello Ben", "said once", "and then this"];
  await ana.sees(texts);
  await ben.sees(texts);
});

journey("what can be tried again waits, and nothing of its conversation overtakes it", async (
  browser,
  { url },
) => {
  const [ana, ben] = await twoTalking(browser, url);
  const seen: string[] = [];
  let refusals = 0;
  await ana.page.routeWebSocket(/\/api\/messages\/ws/, (socket) => {
    const upstream = socket.connectToServer();
    socket.onMessage((text) => {
      const { type, id, content } = JSON.parse(String(text));
      if (type !== "send_message") return upstream.send(text);
      seen.push(content);
      if (refusals++ >= 2) return upstream.send(text);
      const code = refusals === 1 ? "unavailable" : "rate_limited";
      socket.send(JSON.stringify({
        type: "error",
        code,
        message: "Later",
        retryAfter: 1,
        replyTo: id,
      }));
    });
  });
  await ana.page.reload();
  await ana.sees(["Hello Ben"]);
  for (const text of ["one", "two", "three"]) await ana.write(text);
  await ana.seesState("one", "Sending");
  await ana.seesState("three", "Read");
  await ben.sees(["Hello Ben", "one", "two", "three"]);
  assert.deepEqual(seen, ["one", "one", "one", "two", "three"]);
});

journey("who signs out without a network is signed out as soon as there is one", async (
  browser,
  { url },
) => {
  const ana = await Person.arrive(browser, url, "Ana");
  await ana.register();
  const cookie = async () =>
    (await ana.context.cookies(`${url}/api/auth/refresh`)).find((one) => /refresh/.test(one.name));
  const refresh = await cookie();
  assert.ok(refresh);
  await ana.context.setOffline(true);
  await ana.page.getByRole("button", { name: "Your account" }).click();
  await ana.page.getByRole("button", { name: "Sign out" }).click();
  await ana.page.getByRole("heading", { name: "Welcome back" }).waitFor();
  assert.ok(await cookie());
  await ana.page.close();

  await ana.context.setOffline(false);
  const page = await ana.context.newPage();
  const told = page.waitForResponse((answer) => answer.url().endsWith("/api/auth/logout"));
  await page.goto("/messages");
  await told;
  await page.getByRole("heading", { name: "Welcome back" }).waitFor();
  assert.equal(await cookie(), undefined);
  // Nor is it of use to whoever kept a copy.
  const { status, body } = await fetch(`${url}/api/auth/refresh`, {
    method: "POST",
    headers: { cookie: `${refresh.name}=${refresh.value}` },
  });
  await body?.cancel();
  assert.equal(status, 401);
});
