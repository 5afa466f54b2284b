/**
 * What one writes is never lost: refused messages, drafts, several tabs.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { journey, twoTalking } from "./journey.ts";
import { Person } from "./person.ts";

const reason = "You cannot write to this member any more";

/** Answers what a page sends as the server would that refuses it, for as long as `isOn`. */
async function refuseMessages(page: Page, refusal: { isOn: boolean }): Promise<void> {
  await page.routeWebSocket(/\/api\/messages\/ws/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((text) => {
      const { type, id } = JSON.parse(String(text));
      if (type !== "send_message" || !refusal.isOn) return server.send(text);
      const error = { type: "error", code: "forbidden", message: reason, replyTo: id };
      socket.send(JSON.stringify(error));
    });
  });
}

journey("a refused message says why, and waits for what its writer decides", async (
  browser,
  { url },
) => {
  const [ana, ben] = await twoTalking(browser, url);
  const refusal = { isOn: true };
  await refuseMessages(ana.page, refusal);
  await ana.page.reload();
  await ana.sees(["Hello Ben"]);
  const action = (text: string, name: string) => ana.message(text).getByRole("button", { name });

  for (const text of ["again", "changed", "gone"]) {
    await ana.write(text);
    await ana.message(text).getByText(`Not sent. ${reason}`).waitFor();
  }
  await ana.page.reload();
  await ana.sees(["Hello Ben", "again", "changed", "gone"]);
  await action("again", "Try again").click();
  await ana.message("again").getByText(`Not sent. ${reason}`).waitFor();

  await action("gone", "Delete").click();
  await ana.message("gone").waitFor({ state: "detached" });

  // What is being written already stays, below what comes back into the field.
  await ana.composer.fill("half a thought");
  await action("changed", "Edit").click();
  await ana.message("changed").waitFor({ state: "detached" });
  assert.equal(await ana.composer.inputValue(), "changed\nhalf a thought");

  refusal.isOn = false;
  await action("again", "Try again").click();
  await ana.composer.press("Enter");
  await ana.seesState("again", "Read");
  await ben.sees(["Hello Ben", "again", "changed\nhalf a thought"]);
  await ana.sees(["Hello Ben", "again", "changed\nhalf a thought"]);
});

journey("drafts stay with their conversation, over a reload and between tabs", async (
  browser,
  { url },
) => {
  const [ana, ben] = await twoTalking(browser, url);
  const cyd = await Person.arrive(browser, url, "Cyd");
  await cyd.register();
  await ana.composer.fill("for Ben");
  await ana.find(cyd);
  await ana.hasDraft("");
  await ana.composer.fill("for Cyd");
  await ana.row(ben).getByText("Draft: for Ben").waitFor();
  await ana.page.reload();
  await ana.hasDraft("for Cyd");
  await ana.openConversationWith(ben);
  await ana.hasDraft("for Ben");

  const tab = await ana.openTab();
  await tab.openConversationWith(ben);
  await tab.hasDraft("for Ben");
  // Nobody types in the second tab: it follows.
  await tab.composer.blur();
  await ana.composer.fill("for Ben, changed");
  await tab.hasDraft("for Ben, changed");
  // Somebody does: it does not.
  await tab.composer.fill("typed in the second tab");
  await ana.composer.fill("typed in the first");
  await ana.composer.press("Enter");
  await tab.message("typed in the first").waitFor();
  await ana.hasDraft("");
  await tab.hasDraft("typed in the second tab");
});

journey("two tabs of one member are in step", async (browser, { url }) => {
  const [ana, ben] = await twoTalking(browser, url);
  const tab = await ana.openTab();
  await tab.row(ben).waitFor();
  await ana.write("from the first tab");
  await tab.row(ben).getByText("from the first tab").waitFor();

  // Ben's answer is unread in both, until one of them shows it.
  await ana.page.goto("/messages");
  await ben.write("an answer");
  await tab.row(ben).getByLabel("1 unread").waitFor();
  await ana.row(ben).getByLabel("1 unread").waitFor();
  await ana.openConversationWith(ben);
  await tab.row(ben).getByLabel("1 unread").waitFor({ state: "detached" });
  await tab.hasTitle("Parley");
  await tab.openConversationWith(ben);
  const texts = ["Hello Ben", "from the first tab", "an answer"];
  await tab.sees(texts);
  await ana.sees(texts);

  // One signs out: so does the other.
  await ana.page.getByRole("button", { name: "Your account" }).click();
  await ana.page.getByRole("button", { name: "Sign out" }).click();
  await tab.page.getByRole("heading", { name: "Welcome back" }).waitFor();
  assert.equal(await tab.page.locator(".words").count(), 0);
});

journey("two first messages written at once begin one conversation, in order", async (
  browser,
  { url },
) => {
  const ana = await Person.arrive(browser, url, "Ana");
  const ben = await Person.arrive(browser, url, "Ben");
  await Promise.all([ana.register(), ben.register()]);
  await ana.find(ben);
  await ana.write("one");
  await ana.write("two");
  await ana.composer.pressSequentially("half a third");
  await ana.page.waitForURL(/\/messages\/[0-9a-f-]{36}$/);
  await ana.sees(["one", "two"]);
  await ana.hasDraft("half a third");
  await ben.openConversationWith(ana);
  await ben.sees(["one", "two"]);
  assert.equal(await ben.page.locator(".conversation").count(), 1);
  ana.hasNoComplaints();
});
