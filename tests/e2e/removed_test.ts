/**
 * Being removed from a group while it is open.
 *
 * @module
 */
import assert from "node:assert/strict";
import { call, TestSocket } from "../support/client.ts";
import { journey } from "./journey.ts";
import { Person } from "./person.ts";

const conversations = "/api/messages/conversations";

journey("who is removed from an open group sees it at once, and what they wrote is kept", async (
  browser,
  server,
) => {
  const ben = await Person.arrive(browser, server.url, "Ben");
  await ben.register();
  const owner = await server.addUser("ana");
  const { body: found } = await call<{ users: { id: string }[] }>(
    server,
    "GET",
    "/api/users?username=ben",
    { as: owner },
  );
  const benId = found.users[0]?.id as string;
  const { body: group } = await call<{ id: string }>(server, "POST", conversations, {
    as: owner,
    body: { kind: "group", title: "Harbour", participantIds: [benId] },
  });
  const socket = await TestSocket.connect(server, owner);
  await socket.say(group.id, "Hello Ben");
  await ben.page.locator(".conversation", { hasText: "Harbour" }).click();
  await ben.sees(["Hello Ben"]);

  // Written while the removal happens elsewhere, and sent after it.
  await ben.context.setOffline(true);
  await ben.page.evaluate(() => dispatchEvent(new Event("offline")));
  await ben.write("Wait for me");
  await ben.seesState("Wait for me", "Waiting for the connection");
  await ben.write(`So much to say${"\nand more".repeat(60)}`);
  const path = `${conversations}/${group.id}/members/${benId}`;
  assert.equal((await call(server, "DELETE", path, { as: owner })).status, 204);
  await ben.context.setOffline(false);

  await ben.page.getByText("You are no longer in this conversation.").waitFor();
  await ben.page.getByText("Wait for me", { exact: true }).waitFor();
  await ben.page.getByText("Not sent.", { exact: true }).nth(1).waitFor();
  const thread = ben.page.locator("section.thread");
  assert.ok(
    await thread.evaluate((one) => one.scrollHeight <= one.clientHeight),
    "What was not sent scrolls, and lies on nothing",
  );
  assert.equal(await ben.composer.count(), 0);
  assert.equal(await ben.page.locator(".conversation", { hasText: "Harbour" }).count(), 0);

  // Across a reload too; and what is said meanwhile never comes.
  await socket.say(group.id, "He is gone");
  await ben.page.reload();
  await ben.page.getByText("This conversation is not here").waitFor();
  await ben.page.getByText("Wait for me", { exact: true }).waitFor();
  assert.equal(await ben.page.getByText("He is gone").count(), 0);
  const remove = ben.page.getByRole("button", { name: "Delete" });
  await remove.first().click();
  await ben.page.getByText("Wait for me", { exact: true }).waitFor({ state: "detached" });
  await remove.click();

  // Brought back, while the page shows that it is gone.
  await call(server, "POST", `${conversations}/${group.id}/members`, {
    as: owner,
    body: { userIds: [benId] },
  });
  await ben.composer.waitFor();
  await socket.say(group.id, "Welcome back");
  await ben.sees(["Welcome back"]);

  // And removed with the page at hand: at once.
  await ben.page.getByRole("button", { name: "Send" }).waitFor();
  await call(server, "DELETE", path, { as: owner });
  await ben.page.getByText("You are no longer in this conversation.").waitFor();
  assert.equal(await ben.composer.count(), 0);

  // Brought back while away: no frame tells of it.
  await ben.context.setOffline(true);
  await ben.page.evaluate(() => dispatchEvent(new Event("offline")));
  await call(server, "POST", `${conversations}/${group.id}/members`, {
    as: owner,
    body: { userIds: [benId] },
  });
  await ben.context.setOffline(false);
  await ben.composer.waitFor();
  await socket.close();
});
