import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { selectUserByUsername, updateUser } from "@/db/users.ts";
import { hostileTexts } from "../fuzz/texts.ts";
import { converse, TestSocket } from "../support/client.ts";
import { chromiumPath } from "../support/chromium.ts";
import { startServer } from "../support/server.ts";
import { launch, Person } from "./person.ts";

const sizes = { laptop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
const screenshots = Deno.env.get("SCREENSHOTS");

/** What reaches beyond the page's sides, or beyond the frame it belongs in. */
const findOverflow = () => {
  // It runs in the page, whose types the server's side does not have.
  // deno-lint-ignore no-explicit-any
  const { document, innerWidth, innerHeight, getComputedStyle } = globalThis as any;
  const wrong: string[] = [];
  if (document.scrollingElement.scrollWidth > innerWidth) wrong.push("the page scrolls sideways");
  for (const element of document.querySelectorAll(".bubble, .conversation, h1, .typing > span")) {
    const { left, right } = element.getBoundingClientRect();
    if (left < -1 || right > innerWidth + 1) wrong.push(`${element.className} reaches outside`);
  }
  for (const bubble of document.querySelectorAll(".bubble")) {
    const clips = getComputedStyle(bubble).overflowY;
    if (bubble.offsetHeight > 15 * innerHeight) wrong.push("a bubble takes fifteen screens");
    if (clips !== "hidden" && clips !== "clip") wrong.push("a bubble lets marks spill over others");
  }
  return wrong;
};

Deno.test({
  name: "hostile texts and names break neither the thread nor the list, on any screen",
  ignore: await chromiumPath() === undefined,
  async fn() {
    await using server = await startServer();
    const browser = await launch();
    try {
      const ana = await Person.arrive(browser, server.url, "Ana");
      await ana.register();
      const evil = await server.addUser("mallory");
      const { db } = server.chat;
      await updateUser(db, evil.id, { displayName: "Ben\u202e gnipyt si anA\u2066" });
      const self = await selectUserByUsername(db, "ana");
      assert.ok(self);
      const conversationId = await converse(server, evil, { ...evil, id: self.id });
      const socket = await TestSocket.connect(server, evil);
      for (const text of Object.values(hostileTexts)) await socket.say(conversationId, text);
      for (const [name, size] of Object.entries(sizes)) {
        await ana.page.setViewportSize(size);
        await ana.page.goto("/messages");
        await ana.page.locator(".conversation").first().waitFor();
        assert.deepEqual(await ana.page.evaluate(findOverflow), [], `The list on a ${name}`);
        await shoot(ana.page, `${name}-list`);
        await ana.page.locator(".conversation").first().click();
        await ana.page.locator("li.row").nth(5).waitFor();
        socket.send({ type: "typing_start", conversationId });
        await ana.page.locator(".typing.is-shown").waitFor();
        assert.deepEqual(await ana.page.evaluate(findOverflow), [], `The thread on a ${name}`);
        await shoot(ana.page, `${name}-thread`);
        const typing = await ana.page.locator(".typing > span:last-child").textContent();
        assert.equal(typing, "Ben gnipyt si anA is typing…");
      }
      ana.hasNoComplaints();
      await socket.close();
    } finally {
      await browser.close();
    }
  },
});

async function shoot(page: Page, name: string): Promise<void> {
  if (screenshots) await page.screenshot({ path: `${screenshots}/${name}.png` });
}
