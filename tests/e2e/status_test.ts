/**
 * The operator's page.
 *
 * @module
 */
import assert from "node:assert/strict";
import { sql } from "drizzle-orm";
import { converse, TestSocket } from "../support/client.ts";
import { findsNothingSerious } from "./axe.ts";
import { journey } from "./journey.ts";
import { Person } from "./person.ts";

journey("an admin sees live how the server fares, and nobody else sees anything", async (
  browser,
  server,
) => {
  const ana = await Person.arrive(browser, server.url, "Ana");
  const { page } = ana;
  await page.goto("/admin/status");
  await page.getByRole("heading", { name: "Nobody is signed in" }).waitFor();
  await ana.register();
  await page.goto("/admin/status");
  await page.getByRole("heading", { name: "There is nothing here" }).waitFor();
  // The browser tells of the refusal as well.
  assert.equal(ana.complaints.splice(0).length, 1);

  await server.chat.db.execute(sql`update users set role = 'admin' where username = 'ana'`);
  const [ben, cyd] = [await server.addUser("ben"), await server.addUser("cyd")];
  const conversationId = await converse(server, ben, cyd);
  const socket = await TestSocket.connect(server, ben);
  await page.goto("/admin/status");
  const card = (name: string) =>
    page.locator(".card", { has: page.getByRole("heading", { name, exact: true }) });
  await card("Connections").locator(".figure").getByText("1", { exact: true }).waitFor();
  await page.getByText("0 messages stored").waitFor();
  await socket.say(conversationId, "Nobody else's words");
  await page.getByText("1 message stored").waitFor();
  // Whatever a second's rate was: the line is no longer flat.
  await page.getByRole("img", { name: /^Messages, the last minute: at most (0\.|[1-9])/ })
    .waitFor();
  await page.getByRole("img", { name: /^Time of a write, .*: at most (0\.|[1-9]).* ms$/ })
    .waitFor();
  assert.ok(!(await page.content()).includes("words"));
  for (const size of [{ width: 1280, height: 860 }, { width: 390, height: 844 }]) {
    await page.setViewportSize(size);
    await findsNothingSerious(page, `status at ${size.width}`);
    const wide = await page.evaluate(() => {
      const { document, innerWidth } = globalThis as unknown as {
        document: { documentElement: { scrollWidth: number } };
        innerWidth: number;
      };
      return document.documentElement.scrollWidth - innerWidth;
    });
    assert.ok(wide <= 0, "Nothing is wider than the screen");
  }
  ana.hasNoComplaints();

  // It says when the server does not answer, keeps what was known, and goes on by itself.
  await page.route("**/api/admin/status", (route) => route.abort());
  await page.getByText("The server cannot be reached. Trying again.").waitFor();
  await page.getByText("Not answering").waitFor();
  assert.equal(await card("Connections").count(), 1);
  await page.unroute("**/api/admin/status");
  await page.getByText("Live", { exact: true }).waitFor();
  await socket.close();
  await card("Connections").locator(".figure").getByText("0", { exact: true }).waitFor();
  ana.hasNoComplaints(true);
});
