/**
 * What is written where the browser stores nothing, or no more.
 *
 * @module
 */
import assert from "node:assert/strict";
import { journey, twoTalking } from "./journey.ts";
import type { Person } from "./person.ts";

const notStored = "No connection. This browser stores nothing: keep the page open.";

/**
 * From now on the page's database can be full: its transactions then end as Chromium ends them.
 * Chromium itself remembers for a while how much room there is, whatever quota it is given.
 */
async function fillable({ page }: Person): Promise<(isFull: boolean) => Promise<void>> {
  await page.addInitScript({
    content: `const { put } = IDBObjectStore.prototype;
      IDBObjectStore.prototype.put = function (...given) {
        const request = put.apply(this, given);
        if (globalThis.isFull) this.transaction.abort();
        return request;
      };`,
  });
  await page.reload();
  return (isFull) => page.evaluate((isFull) => void Object.assign(globalThis, { isFull }), isFull);
}

/** Whether the browser asks before the page goes; it stays if so. */
async function asksBeforeLeaving({ page }: Person): Promise<boolean> {
  const answer = Promise.race([
    page.waitForEvent("dialog").then(async (dialog) => {
      assert.equal(dialog.type(), "beforeunload");
      await dialog.dismiss();
      return true;
    }),
    page.waitForEvent("close").then(() => false),
  ]);
  await page.close({ runBeforeUnload: true });
  return await answer;
}

journey(
  "where IndexedDB is blocked, what is written lives as long as the page, which says so",
  async (
    browser,
    { url },
  ) => {
    const [ana, ben] = await twoTalking(browser, url);
    await ana.page.addInitScript({
      content: `IDBFactory.prototype.open = () => {
        throw new DOMException("Access is denied for this document", "SecurityError");
      };`,
    });
    await ana.page.reload();
    await ana.sees(["Hello Ben"]);
    await ana.write("sent at once");
    await ana.seesState("sent at once", "Read");
    await ana.context.setOffline(true);
    await ana.page.getByText("You are offline.").waitFor();
    for (const text of ["one", "two"]) await ana.write(text);
    await ana.page.getByText(notStored).waitFor();
    assert.equal(await asksBeforeLeaving(ana), true);

    // Nor can it be kept for later.
    await ana.page.getByRole("button", { name: "Your account" }).click();
    await ana.page.getByRole("button", { name: "Sign out" }).click();
    await ana.page.getByText("2 messages have not been sent.").waitFor();
    assert.equal(await ana.page.getByRole("button", { name: "Keep and sign out" }).count(), 0);
    await ana.page.getByRole("button", { name: "Stay" }).click();

    await ana.context.setOffline(false);
    const texts = ["Hello Ben", "sent at once", "one", "two"];
    await ana.seesState("two", "Read");
    await ben.sees(texts);
    await ana.sees(texts);
    await ana.page.getByText(notStored).waitFor({ state: "detached" });
    assert.equal(await asksBeforeLeaving(ana), false);
    assert.deepEqual(ana.complaints.filter((text) => /SecurityError|denied/.test(text)), []);
  },
);

journey(
  "where the disk is full, nothing is lost to another tab, and all is stored when it is not",
  async (
    browser,
    { url },
  ) => {
    const [ana, ben] = await twoTalking(browser, url);
    const setFull = await fillable(ana);
    const tab = await ana.openTab();
    await tab.openConversationWith(ben);
    await ana.context.setOffline(true);
    await ana.page.getByText("You are offline.").waitFor();
    await setFull(true);
    await ana.write("not stored");
    await ana.page.getByText(notStored).waitFor();
    await setFull(false);
    // What another tab stores takes nothing away from this one.
    await tab.write("from the other tab");
    await ana.message("from the other tab").waitFor();
    await ana.message("not stored").waitFor();
    assert.equal(await asksBeforeLeaving(ana), true);
    // With room again, the next one takes along what waited for it.
    await ana.write("stored");
    await tab.message("not stored").waitFor();
    await ana.page.getByText("You are offline. Messages will be sent when you are back.").waitFor();
    assert.equal(await asksBeforeLeaving(ana), false);
    await tab.context.setOffline(false);
    for (const text of ["not stored", "from the other tab", "stored"]) {
      await tab.seesState(text, "Read");
    }
    assert.deepEqual((await ben.texts()).sort(), (await tab.texts()).sort());
    assert.equal((await ben.texts()).length, 4);
  },
);

journey(
  "where localStorage is full, drafts live as long as the page, which asks before it goes",
  async (
    browser,
    { url },
  ) => {
    const [ana, ben] = await twoTalking(browser, url);
    await ana.composer.fill("stored");
    await ana.page.evaluate(() => {
      let size = 8_000_000;
      while (size > 0) {
        try {
          localStorage.setItem(`filler ${size} ${localStorage.length}`, "x".repeat(size));
        } catch {
          size = size >> 1;
        }
      }
    });
    const long = "a thought that is longer than what there is room for";
    await ana.composer.fill(long);
    await ana.composer.press("Escape");
    await ana.row(ben).getByText(`Draft: ${long}`).waitFor();
    await ana.openConversationWith(ben);
    await ana.hasDraft(long);
    assert.equal(await asksBeforeLeaving(ana), true);
    await ana.composer.press("Enter");
    await ana.seesState(long, "Read");
    await ben.sees(["Hello Ben", long]);
    assert.equal(await asksBeforeLeaving(ana), false);
  },
);
