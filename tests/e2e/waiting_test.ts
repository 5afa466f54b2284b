/**
 * Much that waits, too much in one message, and what becomes of it when its writer signs out.
 *
 * @module
 */
import assert from "node:assert/strict";
import { limits } from "@/chat/protocol.ts";
import { journey, twoTalking } from "./journey.ts";
import { Person } from "./person.ts";

const menu = async (person: Person) => {
  await person.page.getByRole("button", { name: "Your account" }).click();
  await person.page.getByRole("button", { name: "Sign out" }).click();
};
const hasLeft = ({ page }: Person) => page.getByRole("heading", { name: "Welcome back" }).waitFor();

journey(
  "two hundred messages that waited go out in order, as fast as the limit lets them",
  async (browser, { url }) => {
    const [ana, ben] = await twoTalking(browser, url);
    await ana.page.addInitScript({
      content: `globalThis.sent = 0;
        const { send } = WebSocket.prototype;
        WebSocket.prototype.send = function (text) {
          if (text.includes('"send_message"')) globalThis.sent++;
          return send.call(this, text);
        };`,
    });
    await ana.page.reload();
    await ana.sees(["Hello Ben"]);
    await ana.context.setOffline(true);
    await ana.page.getByText("You are offline.").waitFor();
    await ben.context.close();
    const texts = ["Hello Ben"];
    for (let number = 1; number <= 200; number++) {
      texts.push(`message ${number}`);
      await ana.write(`message ${number}`);
    }
    await ana.sees(texts);
    // One writes on, leaves and comes back to the end of it.
    await ana.composer.fill("half a thought");
    await ana.composer.press("Escape");
    await ana.row(ben).click();
    await ana.hasDraft("half a thought");
    await ana.seesState("message 200", "Waiting for the connection");
    await ana.context.setOffline(false);
    // Longer than it takes, on a machine that does much else.
    await ana.message("message 200").getByRole("img", { name: "Sent", exact: true })
      .waitFor({ timeout: 240_000 });
    // They stand in the order in which they are stored now.
    await ana.sees(texts);
    await ana.hasDraft("half a thought");
    // It asked again when it was told to, not all the time.
    const sent = await ana.page.evaluate(() => (globalThis as unknown as { sent: number }).sent);
    assert.ok(sent >= 200 && sent <= 206, `sent ${sent} times`);
  },
  // As members may: 60 in 10 s.
  { RATE_LIMIT_SCALE: "1" },
);

journey("a text too long says so at once, and waits as a draft until it is shorter", async (
  browser,
  { url },
) => {
  const [ana, ben] = await twoTalking(browser, url);
  const most = "x".repeat(limits.contentLength);
  const send = ana.page.getByRole("button", { name: "Send" });
  await ana.context.setOffline(true);
  for (const [beyond, text] of [[1, `${most}y`], [192_000, "z".repeat(200_000)]] as const) {
    await ana.composer.fill(text);
    await ana.page.getByText(`${beyond} too many: shorten it to send`).waitFor();
    assert.equal(await send.isDisabled(), true);
    await ana.composer.press("Enter");
    assert.equal((await ana.composer.inputValue()).length, text.length);
  }
  assert.deepEqual(await ana.texts(), ["Hello Ben"]);
  await ana.context.setOffline(false);
  await ana.page.reload();
  await ana.hasDraft("z".repeat(200_000));

  // What stands around it is not sent, and does not count.
  await ana.context.setOffline(true);
  await ana.composer.fill(`  ${most}\n\n`);
  assert.equal(await send.isDisabled(), false);
  await send.click();
  await ana.hasDraft("");
  await ana.context.setOffline(false);
  await ana.seesState(most, "Read");
  await ben.sees(["Hello Ben", most]);
});

journey("who signs out keeps what is not sent, and nobody else sees or sends it", async (
  browser,
  { url },
) => {
  const [ana, ben] = await twoTalking(browser, url);
  const cyd = await Person.arrive(browser, url, "Cyd");
  await cyd.register();
  await ana.find(cyd);
  await ana.composer.fill("half a thought for Cyd");
  await ana.openConversationWith(ben);
  await ana.context.setOffline(true);
  await ana.page.getByText("You are offline.").waitFor();
  for (const text of ["one", "two"]) await ana.write(text);
  const thread = ana.page.url();

  await menu(ana);
  // Two messages and a draft.
  await ana.page.getByText("3 messages have not been sent.").waitFor();
  await ana.page.getByRole("button", { name: "Stay" }).click();
  await ana.seesState("two", "Waiting for the connection");
  await menu(ana);
  await ana.page.getByRole("button", { name: "Keep and sign out" }).click();
  await hasLeft(ana);

  // Dan signs in at the same browser, in the same page, and opens what would be theirs.
  await ana.context.setOffline(false);
  const dan = Person.at(ana.page, "Dan");
  await dan.register();
  await dan.find(ben);
  assert.equal(await dan.page.getByText(/one|two|half a thought/).count(), 0);
  await dan.write("Dan here");
  await dan.seesState("Dan here", "Delivered");
  await dan.page.goto(thread);
  await dan.page.getByText("This conversation is not here").waitFor();
  await ben.sees(["Hello Ben"]);
  await menu(dan);
  await hasLeft(dan);

  await ana.page.goto(thread);
  await ana.signIn();
  await ana.seesState("two", "Read");
  await ana.sees(["Hello Ben", "one", "two"]);
  await ben.sees(["Hello Ben", "one", "two"]);
  await ana.find(cyd);
  await ana.hasDraft("half a thought for Cyd");
});

journey("who signs out and deletes what is not sent leaves nothing of it", async (
  browser,
  { url },
) => {
  const [ana, ben] = await twoTalking(browser, url);
  await ana.context.setOffline(true);
  await ana.page.getByText("You are offline.").waitFor();
  await ana.write("never sent");
  await ana.composer.fill("never finished");
  await menu(ana);
  await ana.page.getByText("2 messages have not been sent.").waitFor();
  await ana.page.getByRole("button", { name: "Delete and sign out" }).click();
  await hasLeft(ana);
  await ana.context.setOffline(false);
  await ana.page.reload();
  await ana.signIn();
  await ana.openConversationWith(ben);
  await ana.hasDraft("");
  await ana.write("sent");
  await ana.seesState("sent", "Read");
  await ana.sees(["Hello Ben", "sent"]);
  await ben.sees(["Hello Ben", "sent"]);
});
