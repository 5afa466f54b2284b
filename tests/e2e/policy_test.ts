/**
 * What the browser itself forbids: nothing that the page does, all that a stranger's page tries.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { BrowserContext, Page } from "playwright-core";
import { journey, twoTalking } from "./journey.ts";
import { Person } from "./person.ts";

interface World {
  violations?: string[];
  document: { body: { innerHTML: string }; createElement(name: string): { src: string } };
  trustedTypes: { createPolicy(name: string, rules: object): unknown };
}

/** Keeps what the policy forbade. A text, since the names of the page's world mean nothing here. */
const spyScript = `
  globalThis.violations = [];
  addEventListener("securitypolicyviolation", (event) => {
    violations.push(event.violatedDirective + " " + (event.blockedURI || event.sample));
  });
`;

const spyOn = (context: BrowserContext) => context.addInitScript(spyScript);

async function hasNoViolations(page: Page): Promise<void> {
  const found = await page.evaluate(() => (globalThis as unknown as World).violations);
  assert.deepEqual(found, []);
}

journey("the policy forbids nothing that the page does", async (browser, { url }) => {
  const [ana, ben] = await twoTalking(browser, url);
  for (const { context, page } of [ana, ben]) {
    await spyOn(context);
    await context.grantPermissions(["notifications"], { origin: url });
    await page.reload();
  }
  await ana.openConversationWith(ben);
  await ana.write("Look at https://example.com/a?b and 🎉");
  await ana.page.getByRole("link", { name: "https://example.com/a?b", exact: true }).waitFor();
  await ana.page.getByRole("button", { name: /mails$/ }).click();
  await ana.page.keyboard.press("Escape");
  await ana.page.getByRole("link", { name: "View profile" }).click();
  await ana.page.locator(`a[href^="/messages?to="]`).waitFor();
  await hasNoViolations(ana.page);

  await ben.page.goto("/settings/notifications");
  await ben.page.getByRole("switch").first().waitFor();
  await hasNoViolations(ben.page);
  await ben.page.goto("/notifications");
  await ben.page.getByRole("heading", { name: "Notifications" }).waitFor();
  await hasNoViolations(ben.page);
  ana.hasNoComplaints();
  ben.hasNoComplaints();
});

journey("in the page no text becomes code, and nothing foreign runs or is spoken to", async (
  browser,
  { url },
) => {
  const ana = await Person.arrive(browser, url, "Ana");
  await spyOn(ana.context);
  await ana.page.goto("/login");
  await ana.page.getByRole("heading", { name: "Welcome back" }).waitFor();
  const refused = await ana.page.evaluate(async () => {
    const { document, trustedTypes } = globalThis as unknown as World;
    const attempts: Record<string, () => unknown> = {
      markup: () => document.body.innerHTML = "<img src=x onerror=alert(1)>",
      address: () => document.createElement("script").src = "/sw.js",
      // Later: the test's own call may evaluate.
      evaluation: () =>
        new Promise((resolve, reject) => {
          setTimeout(() => {
            try {
              resolve((0, eval)("1"));
            } catch (error) {
              reject(error);
            }
          });
        }),
      policy: () => trustedTypes.createPolicy("mine", {}),
      fetch: () => fetch("https://evil.example/"),
    };
    const names: string[] = [];
    for (const [name, attempt] of Object.entries(attempts)) {
      try {
        await attempt();
      } catch {
        names.push(name);
      }
    }
    return names;
  });
  assert.deepEqual(refused, ["markup", "address", "evaluation", "policy", "fetch"]);
  const found = await ana.page.evaluate(() => (globalThis as unknown as World).violations ?? []);
  assert.ok(found.some((one) => one.startsWith("connect-src https://evil.example")), `${found}`);
});

journey("the reference is read within its own policy", async (browser, { url }) => {
  const ana = await Person.arrive(browser, url, "Ana");
  await spyOn(ana.context);
  await ana.page.goto("/docs");
  await ana.page.locator(".opblock", { hasText: "/api/health" })
    .locator(".opblock-summary-control").click({ noWaitAfter: true });
  await ana.page.getByRole("button", { name: "Try it out" }).click();
  await ana.page.getByRole("button", { name: "Execute" }).waitFor();
  await hasNoViolations(ana.page);
  ana.hasNoComplaints();
});
