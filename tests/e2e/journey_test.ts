import assert from "node:assert/strict";
import { closeCodes } from "@/chat/protocol.ts";
import { findsNothingSerious } from "./axe.ts";
import { until } from "../support/until.ts";
import { journey, twoTalking } from "./journey.ts";
import { Person } from "./person.ts";

journey("two people register, find each other, and talk", async (browser, { url }) => {
  const ana = await Person.arrive(browser, url, "Ana");
  const ben = await Person.arrive(browser, url, "Ben");
  await Promise.all([ana.register(), ben.register()]);

  await ana.find(ben);
  await ana.write("Hello Ben");
  await ana.page.waitForURL(/\/messages\/[0-9a-f-]{36}$/);
  await ana.sees(["Hello Ben"]);

  // Ben's page is open, the conversation is not: delivered, unread, told in the title.
  await ana.seesState("Hello Ben", "Delivered");
  await ben.row(ana).getByLabel("1 unread").waitFor();
  await ben.hasTitle("(1) Parley");

  await ben.openConversationWith(ana);
  await ben.sees(["Hello Ben"]);
  await ana.seesState("Hello Ben", "Read");
  await ben.hasTitle("Parley");

  await ben.composer.pressSequentially("Hi");
  await ana.page.locator(".typing").getByText("Ben is typing…").waitFor();
  await ana.page.locator(".typing.is-shown").waitFor({ state: "detached" });
  await ben.composer.press("Enter");
  await ana.sees(["Hello Ben", "Hi"]);
  await ben.sees(["Hello Ben", "Hi"]);
  await ben.seesState("Hi", "Read");

  await ben.page.locator(".thread-title").getByText("Online").waitFor();
  await ana.context.close();
  await ben.page.locator(".thread-title").getByText("Last seen").waitFor();
  ben.hasNoComplaints();
  ana.hasNoComplaints();
});

journey("what is written offline is sent once, in order, on return", async (browser, server) => {
  const [ana, ben] = await twoTalking(browser, server.url);
  await ana.context.setOffline(true);
  await ana.page.getByText("You are offline. Messages will be sent when you are back.").waitFor();
  const written = ["one", "two", "three"];
  for (const text of written) await ana.write(text);
  await ana.seesState("three", "Waiting for the connection");
  await ben.write("are you there?");
  await ben.sees(["Hello Ben", "are you there?"]);

  await ana.context.setOffline(false);
  for (const text of written) await ana.seesState(text, "Read");
  await ben.sees(["Hello Ben", "are you there?", ...written]);
  await ana.sees(["Hello Ben", "are you there?", ...written]);

  // The server goes away under both, in the middle of a conversation.
  server.chat.connections.closeAll(closeCodes.restart, "The server restarts");
  await Promise.all([ana.write("four"), ben.write("five")]);
  await ana.seesState("four", "Read");
  await ben.seesState("five", "Read");
  const texts = await ana.texts();
  assert.deepEqual(
    texts.slice().sort(),
    ["Hello Ben", "are you there?", "five", "four", ...written].sort(),
  );
  assert.deepEqual(await ben.texts(), texts);
  ana.hasNoComplaints(true);
});

journey("what waits to be sent outlives a reload", async (browser, { url }) => {
  const [ana, ben] = await twoTalking(browser, url);
  // The page and its answers come through; only what sends messages does not.
  await ana.page.routeWebSocket(/\/api\/messages\/ws/, (socket) => socket.close());
  await ana.page.route("**/api/messages/events", (route) => route.abort());
  await ana.page.reload();
  await ana.sees(["Hello Ben"]);
  await ana.write("kept");
  await ana.seesState("kept", "Waiting for the connection");
  await ana.page.reload();
  await ana.seesState("kept", "Waiting for the connection");
  await ana.page.unrouteAll();

  // Another tab of hers, with its network whole, sends it; here it is shown once.
  const tab = await ana.context.newPage();
  await tab.goto("/messages");
  await ben.sees(["Hello Ben", "kept"]);
  await tab.locator(".conversation").click();
  await tab.locator(".words").getByText("kept").waitFor();
  assert.deepEqual(await tab.locator("li.row .words").allTextContents(), ["Hello Ben", "kept"]);
});

journey("where WebSocket is blocked, frames come as events", async (browser, { url }) => {
  const ana = await Person.arrive(browser, url, "Ana");
  const ben = await Person.arrive(browser, url, "Ben");
  let isBlocked = true;
  const bySocket: string[] = [];
  await ana.page.routeWebSocket(/\/api\/messages\/ws/, (socket) => {
    if (isBlocked) return void socket.close();
    const server = socket.connectToServer();
    socket.onMessage((frame) => {
      bySocket.push(String(frame));
      server.send(frame);
    });
  });
  const stream = ana.page.waitForRequest((request) =>
    request.method() === "GET" && request.url().endsWith("/api/messages/events")
  );
  await Promise.all([ana.register(), ben.register()]);
  await ana.find(ben);
  await ana.write("by post");
  await stream;
  await ben.openConversationWith(ana);
  await ana.seesState("by post", "Read");
  await ben.composer.pressSequentially("an answer");
  await ana.page.locator(".typing").getByText("Ben is typing…").waitFor();
  await ben.composer.press("Enter");
  await ana.sees(["by post", "an answer"]);
  await ben.seesState("an answer", "Read");

  // Another network may let WebSockets through.
  isBlocked = false;
  await ana.context.setOffline(true);
  await ana.page.getByText("You are offline.").waitFor();
  await ana.context.setOffline(false);
  await until(() => bySocket.length > 0);
  await ana.write("by socket");
  await ana.seesState("by socket", "Read");
  assert.ok(bySocket.some((frame) => frame.includes("by socket")));
  await ben.sees(["by post", "an answer", "by socket"]);
});

journey("where only two WebSockets failed, a third soon takes over", async (browser, { url }) => {
  const ana = await Person.arrive(browser, url, "Ana");
  let tries = 0;
  const bySocket: string[] = [];
  await ana.page.routeWebSocket(/\/api\/messages\/ws/, (socket) => {
    if (++tries <= 2) return void socket.close();
    const server = socket.connectToServer();
    socket.onMessage((frame) => {
      bySocket.push(String(frame));
      server.send(frame);
    });
  });
  const stream = ana.page.waitForRequest("**/api/messages/events");
  await ana.register();
  await stream;
  await until(() => bySocket.some((frame) => frame.includes('"sync"')));
});

journey("what a member writes is never markup", async (browser, { url }) => {
  const [ana, ben] = await twoTalking(browser, url);
  const hostile = `<img src=x onerror="document.title='owned'"><script>alert(1)</script>`;
  await ana.write(hostile);
  await ana.write("see https://example.com/a?b=1 or javascript:alert(1)");
  await ben.page.getByText(hostile).last().waitFor();
  assert.equal(await ben.page.locator(".words img, .words script").count(), 0);
  const link = ben.page.locator(".words a");
  await link.waitFor();
  assert.equal(await link.count(), 1);
  assert.equal(await link.getAttribute("href"), "https://example.com/a?b=1");
  assert.equal(await link.getAttribute("rel"), "noopener noreferrer nofollow ugc");
  assert.equal(await ben.page.title(), "Parley");
  ben.hasNoComplaints();
});

journey("older messages come as one scrolls up, and nothing jumps", async (browser, server) => {
  const [ana, ben] = await twoTalking(browser, server.url);
  const conversationId = ana.page.url().split("/").at(-1) ?? "";
  await ben.page.goto("/messages");
  await ana.page.evaluate(async (conversationId) => {
    const { token } = await (await fetch("/api/auth/refresh", { method: "POST" })).json();
    for (let number = 1; number <= 160; number++) {
      await fetch("/api/messages/send", {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
        body: JSON.stringify({
          clientId: crypto.randomUUID(),
          conversationId,
          content: `line ${number}`,
        }),
      });
    }
  }, conversationId);
  await ana.message("line 160").waitFor();

  // Ben left off at the first; the thread opens there, under the divider.
  await ben.row(ana).getByLabel("160 unread").waitFor();
  await ben.openConversationWith(ana);
  await ben.page.locator(".row-unread").waitFor();
  await ben.message("line 1").waitFor();
  await ben.page.getByRole("button", { name: /^Jump to latest/ }).click();
  await ben.message("line 160").waitFor();
  await ben.page.locator(".conversation .badge").waitFor({ state: "detached" });

  const scroller = ben.page.locator(".timeline-scroller");
  const top = ben.message("line 115");
  await top.scrollIntoViewIfNeeded();
  const before = (await top.boundingBox())?.y;
  await ben.message("line 70").waitFor({ state: "attached" });
  assert.ok(before !== undefined);
  const after = (await top.boundingBox())?.y;
  assert.ok(Math.abs((after ?? 0) - before) <= 2, `line 115 moved from ${before} to ${after}`);
  const beginning = ben.page.locator(".row-beginning");
  while (await beginning.count() === 0) {
    await ben.page.locator("li.row").first().scrollIntoViewIfNeeded();
  }
  assert.deepEqual((await ben.texts()).slice(0, 2), ["Hello Ben", "line 1"]);
  assert.equal(await scroller.count(), 1);
  ben.hasNoComplaints();
});

journey("on a phone the list and the thread are two screens", async (browser, { url }) => {
  const [ana] = await twoTalking(browser, url);
  const ben = await Person.arrive(browser, url, "Cyd", {
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
  });
  await ben.register();
  await ben.find(ana);
  await ben.page.locator(".inbox").waitFor({ state: "hidden" });
  await ben.composer.fill("from my phone");
  await ben.page.getByRole("button", { name: "Send" }).tap();
  await ben.seesState("from my phone", "Delivered");
  await ben.page.getByRole("link", { name: "Back" }).tap();
  await ben.row(ana).getByText("from my phone").waitFor();
  await ben.page.locator(".detail").waitFor({ state: "hidden" });
  const isWide = await ben.page.locator("body").evaluate((body) =>
    body.scrollWidth > body.clientWidth
  );
  assert.equal(isWide, false);
  ben.hasNoComplaints();
});

journey(
  "a profile leads to a conversation, and signing out leaves nothing",
  async (browser, { url }) => {
    const [ana, ben] = await twoTalking(browser, url);
    await ana.page.getByRole("link", { name: "View profile" }).click();
    await ana.page.waitForURL("**/u/ben");
    await ana.page.getByRole("heading", { name: "Ben" }).waitFor();
    await ana.page.getByRole("link", { name: "Send message" }).click();
    await ana.sees(["Hello Ben"]);
    await ana.page.goto("/u/nobody-here");
    await ana.page.getByText("Nobody goes by this name").waitFor();
    await ana.page.getByRole("button", { name: "Your account" }).click();
    await ana.page.getByRole("button", { name: "Sign out" }).click();
    await ana.page.getByRole("heading", { name: "Welcome back" }).waitFor();
    await ana.page.goto("/messages");
    await ana.page.getByLabel("Username or email").fill("ana");
    await ana.page.getByLabel("Password").fill("a wrong password");
    await ana.page.getByRole("button", { name: "Sign in" }).click();
    await ana.page.getByRole("alert").waitFor();
    ben.hasNoComplaints();
  },
);

journey(
  "axe finds nothing serious on any screen, in light and in dark",
  async (browser, { url }) => {
    const [ana, ben] = await twoTalking(browser, url);
    await ben.write("And hello to you, see https://example.com");
    await ana.page.locator(".words a").waitFor();
    await findsNothingSerious(ana.page, "thread");
    await ana.page.goto("/messages");
    await ana.row(ben).waitFor();
    await findsNothingSerious(ana.page, "list");
    await ana.page.goto("/u/ben");
    await ana.page.getByRole("heading", { name: "Ben" }).waitFor();
    await findsNothingSerious(ana.page, "profile");
    const guest = await Person.arrive(browser, url, "Guest");
    for (
      const [path, heading] of [["/login", "Welcome back"], ["/register", "Create your account"]]
    ) {
      await guest.page.goto(path ?? "");
      await guest.page.getByRole("heading", { name: heading ?? "" }).waitFor();
      await findsNothingSerious(guest.page, path ?? "");
    }
  },
);
