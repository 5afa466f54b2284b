/**
 * An address from registering to its change: the reminder, the settings, and the page behind the
 * link in the mail.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { TestSmtp } from "../support/smtp.ts";
import { findsNothingSerious } from "./axe.ts";
import { until } from "../support/until.ts";
import { journey } from "./journey.ts";
import { password, Person } from "./person.ts";

const settings = "/settings/notifications";
const env = {
  SMTP_URL: "",
  EMAIL_FROM: "Parley <parley@example.com>",
  PUBLIC_URL: "http://127.0.0.1:8000",
};
let smtp: TestSmtp;

Deno.test.beforeAll(async () => {
  smtp = await TestSmtp.start();
  env.SMTP_URL = smtp.url;
});
Deno.test.afterAll(() => smtp.stop());

/** The link to confirm in the mail that came as this one, counted from 1. */
async function confirmPath(count: number): Promise<string> {
  const mails = await smtp.waitFor(count);
  const path = /\/confirm\?token=\S+/.exec(mails[count - 1]?.parsed.text ?? "")?.[0];
  assert.ok(path, `A link in mail ${count}`);
  return path;
}

/** Comes back to the page from elsewhere. */
const comeBack = (page: Page) => page.evaluate(() => globalThis.dispatchEvent(new Event("focus")));

const sizes = {
  laptop: { width: 1280, height: 800 },
  phone: { width: 390, height: 844 },
};

/** Looks at a screen at both sizes: nothing is wider than the page, and axe finds nothing. */
async function look(page: Page, name: string): Promise<void> {
  const folder = Deno.env.get("SCREENSHOTS");
  for (const [size, viewport] of Object.entries(sizes)) {
    await page.setViewportSize(viewport);
    if (folder) await page.screenshot({ path: `${folder}/${name}-${size}.png` });
    // The page lays itself out anew a moment after its size has changed.
    const fits = () =>
      page.locator("body").evaluate((body) => body.scrollWidth <= body.clientWidth);
    await until(fits).catch(() => assert.fail(`${name} is too wide on a ${size}`));
  }
  await findsNothingSerious(page, name);
  await page.setViewportSize(sizes.laptop);
}

journey("a member confirms an address, changes it, and confirms the new one", async (
  browser,
  { url },
) => {
  const ana = await Person.arrive(browser, url, "Ana");
  const { page } = ana;
  await page.goto("/register");
  await page.getByLabel("Email").waitFor();
  await look(page, "register");
  await ana.register();

  const notice = page.getByRole("region", { name: "Your email address" });
  await notice.getByText("We have sent a mail to ana@example.com.").waitFor();
  await look(page, "reminder");
  const path = await confirmPath(1);
  await notice.getByRole("button", { name: "Send again" }).click();
  await notice.getByText("Sent. It may take a minute.").waitFor();
  await confirmPath(2);
  await look(page, "sent again");
  await notice.getByRole("button", { name: "Not now" }).click();
  await notice.waitFor({ state: "detached" });
  await page.reload();
  await page.getByRole("heading", { name: "Messages" }).waitFor();

  await page.goto(settings);
  const section = page.getByRole("group", { name: "Email address" });
  await section.getByText("Not confirmed yet").waitFor();
  assert.equal(await notice.count(), 0);
  await look(page, "settings waiting");

  const tab = await ana.context.newPage();
  ana.watch(tab);
  await tab.goto(path);
  await tab.getByText("Is ana@example.com your address, and ana your account?").waitFor();
  await look(tab, "confirm");
  await tab.getByRole("button", { name: "Confirm the address" }).click();
  await tab.getByRole("heading", { name: "Your address is confirmed" }).waitFor();
  await look(tab, "confirmed");
  await comeBack(page);
  await section.getByText("Confirmed", { exact: true }).waitFor();
  await page.getByRole("switch", { name: /Email me about messages/ }).waitFor();

  await section.getByRole("button", { name: "Change address" }).click();
  await section.getByLabel("New address").fill("ana@new.example");
  await section.getByLabel("Your password").fill("not this one");
  await section.getByRole("button", { name: "Save address" }).click();
  await section.getByText("The password is wrong").waitFor();
  await look(page, "wrong password");
  await section.getByLabel("Your password").fill(password);
  await section.getByRole("button", { name: "Save address" }).click();
  await section.getByText("In use until you confirm the new one").waitFor();
  await look(page, "settings changing");
  await smtp.waitFor(4);
  const index = smtp.mails.findIndex(({ to }) => to[0] === "ana@new.example");
  await tab.goto(await confirmPath(index + 1));
  await tab.getByRole("button", { name: "Confirm the address" }).click();
  await tab.getByRole("link", { name: "Open your messages" }).click();
  await tab.getByRole("heading", { name: "Messages" }).waitFor();
  await comeBack(page);
  await section.getByText("ana@new.example").waitFor();
  await section.getByText("Confirmed", { exact: true }).waitFor();
  await section.getByText("ana@example.com").waitFor({ state: "detached" });
  // 403: the wrong password.
  assert.deepEqual(ana.complaints.filter((text) => !/status of 403/.test(text)), []);

  const gone = await tab.goto("/confirm?token=none");
  assert.equal(gone?.status(), 400);
  await look(tab, "link ended");
}, env);

journey("where no mail is sent, nobody is asked for an address", async (browser, { url }) => {
  const ana = await Person.arrive(browser, url, "Ana");
  await ana.page.goto("/register");
  await ana.page.getByText("A name and a password. That is all.").waitFor();
  assert.equal(await ana.page.getByLabel("Email").count(), 0);
  await ana.register();
  await ana.page.goto(settings);
  await ana.page.getByText("This site does not send email about messages.").waitFor();
  assert.equal(await ana.page.getByRole("group", { name: "Email address" }).count(), 0);
  ana.hasNoComplaints();
});
