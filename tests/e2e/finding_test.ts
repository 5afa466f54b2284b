/**
 * Getting to a conversation: the list, its search and tabs, addresses, back and forward.
 *
 * @module
 */
import assert from "node:assert/strict";
import { call } from "../support/client.ts";
import type { TestServer } from "../support/server.ts";
import { journey, twoTalking } from "./journey.ts";
import { Person } from "./person.ts";

/** Lets a new member begin a conversation with somebody on the page. */
async function writeTo(
  server: TestServer,
  person: Person,
  from: string,
  about: { context: string; subject: { title: string } | null },
): Promise<void> {
  const as = await server.addUser(from);
  const found = await call<{ users: { id: string }[] }>(
    server,
    "GET",
    `/api/users?username=${person.username}`,
    { as },
  );
  const created = await call<{ id: string }>(server, "POST", "/api/messages/conversations", {
    as,
    body: { participantIds: [found.body.users[0]?.id], ...about },
  });
  assert.equal(created.status, 201);
  const body = {
    clientId: crypto.randomUUID(),
    conversationId: created.body.id,
    content: `Hello from ${from}`,
  };
  const sent = await call(server, "POST", "/api/messages/send", { as, body });
  assert.equal(sent.status, 201);
}

journey("the list shows who is here, and is searched and told apart by context", async (
  browser,
  server,
) => {
  const [ana, ben] = await twoTalking(browser, server.url);
  const names = ana.page.locator(".conversation-name");
  const cyd = await Person.arrive(browser, server.url, "Cyd");
  await cyd.register();
  await writeTo(server, ana, "lena", { context: "renting", subject: { title: "A quiet loft" } });
  await writeTo(server, ana, "omar", { context: "hosting", subject: null });
  await names.getByText("Omar").waitFor();
  assert.deepEqual(await names.allTextContents(), ["Omar", "Lena", "Ben"]);

  await ana.row(ben).locator(".presence-dot").waitFor();
  await ben.context.close();
  await ana.row(ben).locator(".presence-dot").waitFor({ state: "detached" });

  const tab = (name: string) => ana.page.getByRole("button", { name, exact: true });
  await tab("Renting").click();
  await names.getByText("Ben").waitFor({ state: "detached" });
  assert.deepEqual(await names.allTextContents(), ["Lena"]);
  await tab("Hosting").click();
  await names.getByText("Omar").waitFor();
  assert.deepEqual(await names.allTextContents(), ["Omar"]);
  // What comes for another tab waits there.
  await writeTo(server, ana, "pia", { context: "renting", subject: null });
  await tab("All").click();
  await names.getByText("Pia").waitFor();
  assert.deepEqual(await names.allTextContents(), ["Pia", "Omar", "Lena", "Ben"]);

  const search = ana.page.getByRole("searchbox");
  await search.fill("loft");
  await names.getByText("Ben").waitFor({ state: "detached" });
  assert.deepEqual(await names.allTextContents(), ["Lena"]);
  await search.fill("cyd");
  await ana.page.getByRole("heading", { name: "People" }).waitFor();
  assert.deepEqual(await names.allTextContents(), ["Cyd"]);
  await search.fill("ben");
  await ana.page.getByRole("heading", { name: "Conversations" }).waitFor();
  assert.deepEqual(await names.allTextContents(), ["Ben"]);
  await search.fill("nobody of this name");
  await ana.page.getByText("Nothing found").waitFor();
  await ana.page.getByRole("button", { name: "Clear the search" }).click();
  await names.getByText("Omar").waitFor();
  assert.equal(await search.inputValue(), "");
  ana.hasNoComplaints();
}, { INBOX_TABS: "renting:Renting,hosting:Hosting" });

journey("an address opens after signing in, and back and forward work", async (
  browser,
  { url },
) => {
  const [ana, ben] = await twoTalking(browser, url);
  const thread = new URL(ana.page.url()).pathname;

  const again = await Person.arrive(browser, url, "Ana");
  await again.page.goto(thread);
  await again.signIn();
  await again.sees(["Hello Ben"]);
  assert.equal(new URL(again.page.url()).pathname, thread);

  // By way of registering, too.
  const cyd = await Person.arrive(browser, url, "Cyd");
  await cyd.page.goto("/u/ben");
  await cyd.page.getByRole("link", { name: "Create an account" }).click();
  await cyd.fillRegistration();
  await cyd.page.getByRole("heading", { name: "Ben", exact: true }).waitFor();
  assert.equal(new URL(cyd.page.url()).pathname, "/u/ben");

  const { page } = ana;
  await page.goto("/messages");
  await ana.openConversationWith(ben);
  await page.getByRole("link", { name: "View profile" }).click();
  await page.getByRole("heading", { name: "Ben", exact: true }).waitFor();
  await page.goBack();
  await ana.sees(["Hello Ben"]);
  await page.goBack();
  await page.getByText("You are all caught up").waitFor();
  await page.goForward();
  await ana.sees(["Hello Ben"]);
  await page.keyboard.press("Escape");
  await page.getByText("You are all caught up").waitFor();
  ana.hasNoComplaints();
});

journey("on a phone the back arrow leads where one came from", async (browser, { url }) => {
  const [ana, ben] = await twoTalking(browser, url);
  const thread = new URL(ana.page.url()).pathname;
  await ana.page.setViewportSize({ width: 390, height: 844 });
  const back = ana.page.getByRole("link", { name: "Back", exact: true });
  await ana.page.goto("/messages");
  await ana.openConversationWith(ben);
  await ana.page.getByRole("link", { name: "View profile" }).click();
  await ana.page.getByRole("heading", { name: "Ben", exact: true }).waitFor();
  await back.click();
  await ana.sees(["Hello Ben"]);
  await back.click();
  await ana.row(ben).waitFor();

  // Come from elsewhere, it leads to the list.
  await ana.page.goto("about:blank");
  await ana.page.goto(thread);
  await ana.sees(["Hello Ben"]);
  await back.click();
  await ana.row(ben).waitFor();
  assert.equal(new URL(ana.page.url()).pathname, "/messages");
});

journey("an address that could run never becomes a link", async (browser, { url }) => {
  const [ana] = await twoTalking(browser, url);
  const script = "javascript:document.title='owned'";
  // The server takes no such address; the page does not rely on that.
  await ana.page.route(/\/api\/users\?username=/, async (route) => {
    const answer = await route.fetch();
    const { users } = await answer.json();
    const [ben] = users;
    await route.fulfill({ json: { users: [{ ...ben, profileUrl: script, avatarUrl: script }] } });
  });
  await ana.page.route(/\/api\/messages\/conversations\?/, async (route) => {
    const answer = await route.fetch();
    const result = await answer.json();
    for (const conversation of result.conversations) {
      conversation.subject = { id: null, title: "A loft", url: script, imageUrl: script };
    }
    await route.fulfill({ json: result });
  });
  await ana.page.reload();
  await ana.page.locator(".subject").getByText("A loft").waitFor();
  await ana.page.getByRole("link", { name: "View profile" }).click();
  await ana.page.getByRole("heading", { name: "Ben", exact: true }).waitFor();
  await ana.page.goBack();
  await ana.page.locator(".subject").waitFor();
  assert.equal(await ana.page.locator("a.subject").count(), 0);
  assert.equal(await ana.page.locator('a[href^="javascript:"]').count(), 0);
  await ana.page.goForward();
  await ana.page.getByRole("link", { name: "Send message" }).waitFor();
  assert.equal(await ana.page.getByRole("link", { name: "Profile on the site" }).count(), 0);
  await ana.hasTitle("Parley");
});
