/**
 * Somebody at a browser: a context of their own, and what they do on the page.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from "playwright-core";
import { chromiumPath, launchArgs } from "../support/chromium.ts";

/** How long what should happen may take before a test fails. Milliseconds. */
const patience = 15_000;

export const password = "a long enough password";

/** Starts the Chromium that {@linkcode chromiumPath} found. */
export async function launch(): Promise<Browser> {
  const executablePath = await chromiumPath();
  assert.ok(executablePath);
  return await chromium.launch({ executablePath, args: launchArgs });
}

export class Person {
  /** What the browser's console complained of. */
  readonly complaints: string[] = [];

  private constructor(
    readonly name: string,
    readonly username: string,
    readonly context: BrowserContext,
    readonly page: Page,
  ) {}

  /** The email address they register with. */
  get address(): string {
    return `${this.username}@example.com`;
  }

  /** Opens a browser context with an empty page in it. */
  static async arrive(
    browser: Browser,
    url: string,
    name: string,
    options: BrowserContextOptions = {},
  ): Promise<Person> {
    const context = await browser.newContext({ baseURL: url, locale: "en-GB", ...options });
    context.setDefaultTimeout(patience);
    const person = new Person(name, name.toLowerCase(), context, await context.newPage());
    person.watch(person.page);
    return person;
  }

  /** Somebody else at a browser that is open. */
  static at(page: Page, name: string): Person {
    return new Person(name, name.toLowerCase(), page.context(), page);
  }

  /** Collects what a page's console says of errors. */
  watch(page: Page): void {
    page.on("console", (message) => {
      if (message.type() === "error") this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.complaints.push(String(error)));
  }

  /** Another tab of the same browser, on the list. */
  async openTab(): Promise<Person> {
    const tab = new Person(this.name, this.username, this.context, await this.context.newPage());
    tab.watch(tab.page);
    await tab.page.goto("/messages");
    return tab;
  }

  async register(): Promise<void> {
    await this.page.goto("/register");
    await this.fillRegistration();
    await this.page.getByRole("heading", { name: "Messages" }).waitFor();
  }

  async fillRegistration(): Promise<void> {
    await this.page.getByLabel("Your name").fill(this.name);
    await this.page.getByLabel("Username").fill(this.username);
    // Asked for where the server sends mail.
    const email = this.page.getByLabel("Email");
    if (await email.count() > 0) await email.fill(this.address);
    await this.page.getByLabel("Password").fill(password);
    await this.page.getByRole("button", { name: "Create account" }).click();
  }

  async signIn(): Promise<void> {
    await this.page.getByLabel("Username or email").fill(this.username);
    await this.page.getByLabel("Password").fill(password);
    await this.page.getByRole("button", { name: "Sign in" }).click();
  }

  /** Finds somebody by searching and opens the way to write to them. */
  async find(other: Person): Promise<void> {
    await this.page.getByRole("searchbox").fill(other.username);
    await this.page.getByRole("link", { name: other.name }).click();
    await this.composer.waitFor();
  }

  async openConversationWith(other: Person): Promise<void> {
    await this.row(other).click();
    await this.composer.waitFor();
  }

  get composer(): Locator {
    return this.page.locator("#composer");
  }

  async write(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press("Enter");
  }

  /** Waits until the composer holds this. */
  async hasDraft(text: string): Promise<void> {
    await this.composer.waitFor();
    await this.page.waitForFunction(
      (text) =>
        (globalThis as unknown as { document: { querySelector(one: string): { value: string } } })
          .document.querySelector("#composer")?.value === text,
      text,
    );
  }

  /** The conversation with somebody, in the list. */
  row(other: Person): Locator {
    return this.page.locator(".conversation", { hasText: other.name });
  }

  /** A message in the open thread, by its whole text. */
  message(text: string): Locator {
    return this.page.locator("li.row", {
      has: this.page.locator(".words").getByText(text, { exact: true }),
    });
  }

  /** Waits until the message bears this state. */
  async seesState(
    text: string,
    state: "Waiting for the connection" | "Sending" | "Sent" | "Delivered" | "Read",
  ): Promise<void> {
    await this.message(text).getByRole("img", { name: state, exact: true }).waitFor();
  }

  /** Waits until the page's title is this. */
  async hasTitle(title: string): Promise<void> {
    // The title is no element one could wait for; the page's policy allows functions only.
    await this.page.waitForFunction(
      (title) =>
        (globalThis as unknown as { document: { title: string } }).document.title === title,
      title,
    );
  }

  /** The texts of the open thread, in order. */
  async texts(): Promise<string[]> {
    return await this.page.locator("li.row .words").allTextContents();
  }

  /** Waits until the open thread holds exactly these texts, in this order. */
  async sees(texts: string[]): Promise<void> {
    const last = texts.at(-1);
    if (last !== undefined) await this.message(last).waitFor();
    await this.page.locator("li.row .words").nth(texts.length - 1).waitFor();
    assert.deepEqual(await this.texts(), texts);
  }

  /** Fails if the console complained of anything but a network that was taken away on purpose. */
  hasNoComplaints(isNetworkCut = false): void {
    const others = this.complaints.filter((text) =>
      !isNetworkCut || !/net::ERR_|WebSocket connection|status of 502/.test(text)
    );
    assert.deepEqual(others, []);
  }
}
