/**
 * A member with their devices, and what they do with them.
 *
 * @module
 */
import { Device, type Network } from "./device.ts";
import { doSomething } from "./doings.ts";
import type { Journal } from "./journal.ts";
import { keptLines } from "./kept_lines.ts";
import type { LoadPage } from "./page_code.ts";
import type { Random } from "./random.ts";
import { Tab } from "./tab.ts";
import { sleep, until } from "./waiting.ts";

const password = "long enough for anyone";
/** The browser keeps what was written within this, or the run finds fault with it. */
const keepingMs = 10_000;
/** What was written so shortly before a crash may not be kept yet. */
const crashMs = 3_000;
const minuteMs = 60_000;
const yearMs = 365 * 24 * 60 * minuteMs;

export interface MemberParts {
  network: Network;
  journal: Journal;
  load: LoadPage;
  random: Random;
  /** Told of errors that pages do not catch, and of what their browsers fail to keep. */
  report(error: unknown): void;
}

/** What befalls a member's devices, and how often compared to the rest. */
const mishaps = {
  reload: 24,
  crash: 10,
  openTab: 14,
  closeTab: 8,
  offline: 14,
  narrow: 10,
  clock: 8,
  changeDevice: 12,
};

export class Member {
  id = "";
  /** Each with the tabs that are open on it. */
  readonly devices = new Map<Device, Tab[]>();
  /** Whom they may write to. */
  others: readonly string[] = [];
  readonly #signingIn = new Set<Tab>();

  constructor(readonly username: string, private readonly parts: MemberParts) {}

  get tabs(): Tab[] {
    return [...this.devices.values()].flat();
  }

  /** Opens an account, on a first device. */
  async register(): Promise<void> {
    const tab = this.open(this.addDevice());
    await tab.code.session.register({
      username: this.username,
      displayName: this.username.toUpperCase(),
      email: `${this.username}@example.com`,
      password,
    });
    this.id = tab.code.session.self.value?.id ?? "";
  }

  /** Tells them who else there is. */
  meet(memberIds: string[]): void {
    this.others = memberIds.filter((id) => id !== this.id);
  }

  addDevice(skewMs = this.#drawSkew()): Device {
    const name = `${this.username} on device ${this.devices.size + 1}`;
    const device = new Device(name, this.parts.network, skewMs, this.parts.report);
    this.devices.set(device, []);
    return device;
  }

  open(device: Device): Tab {
    const { journal, load } = this.parts;
    const tab: Tab = new Tab(device, this, journal, load, () => this.#replace(device, tab));
    this.devices.get(device)?.push(tab);
    return tab;
  }

  close(device: Device, tab: Tab): void {
    tab.close();
    const open = this.devices.get(device) ?? [];
    if (open.includes(tab)) open.splice(open.indexOf(tab), 1);
  }

  /** Signs in again where a page has been signed out, or is new to its device. */
  async signIn(tab: Tab): Promise<void> {
    if (tab.code.session.phase.value !== "signedOut" || this.#signingIn.has(tab)) return;
    this.#signingIn.add(tab);
    // The next time that it is looked at tries again.
    await tab.code.session.login(this.username, password).catch(() => {});
    this.#signingIn.delete(tab);
  }

  /** Writes now and then, `everyMs` on average, and often several messages at once. */
  async write(everyMs: number, signal: AbortSignal): Promise<void> {
    const random = this.parts.random.fork("writing");
    while (!signal.aborted) {
      await sleep(random.wait(everyMs * 1.6), signal);
      const count = random.chance(0.2) ? random.whole(2, 6) : 1;
      const tab = random.pick(this.tabs.filter((one) => one.isSignedIn));
      if (signal.aborted || !tab?.hasPatience) continue;
      const { held } = tab.code.chat.chat.value;
      const openId = tab.code.messages.openId.value ?? "";
      const conversationId = held.has(openId) && random.chance(0.5)
        ? openId
        : random.pick([...held.keys()]);
      if (conversationId === undefined) continue;
      tab.code.router.navigate(`/messages/${conversationId}`);
      for (let n = 0; n < count; n++) tab.write({ conversationId }, random.chance(0.002));
    }
  }

  /** Uses the page in all other ways. */
  async act(signal: AbortSignal): Promise<void> {
    const random = this.parts.random.fork("acting");
    while (!signal.aborted) {
      await sleep(random.wait(1_500), signal);
      for (const tab of this.tabs) this.signIn(tab);
      const tab = random.pick(this.tabs.filter((one) => one.isSignedIn));
      if (!signal.aborted && tab !== undefined) doSomething(this, tab, random);
    }
  }

  /** Suffers one mishap after the other, `everyMs` apart on average. */
  async suffer(everyMs: number, signal: AbortSignal): Promise<void> {
    const random = this.parts.random.fork("mishaps");
    while (!signal.aborted) {
      await sleep(random.wait(everyMs), signal);
      const mishap = random.weighted(mishaps);
      const device = random.pick([...this.devices].filter(([, tabs]) => tabs.length > 0));
      if (signal.aborted || device === undefined) continue;
      await this.#befall(mishap, device[0], random, signal);
    }
  }

  async #befall(
    mishap: keyof typeof mishaps,
    device: Device,
    random: Random,
    signal: AbortSignal,
  ): Promise<void> {
    const note = (what: string) => this.parts.journal.fault(`${device.name}: ${what}`);
    const tabs = this.devices.get(device) ?? [];
    const tab = random.pick(tabs) as Tab;
    switch (mishap) {
      case "reload":
        note("a page is reloaded");
        return await this.reload(device, tab);
      case "crash":
        note("a page crashes");
        return await this.crash(device, tab);
      case "openTab":
        if (tabs.length >= 2) return;
        note("a second tab is opened");
        return void this.open(device);
      case "closeTab":
        if (tabs.length < 2) return;
        note("a tab is closed");
        await this.#untilKept(device, tab);
        return this.close(device, tab);
      case "offline": {
        const ms = random.between(2_000, random.chance(0.3) ? 60_000 : 10_000);
        note(`the device is offline for ${Math.round(ms)} ms`);
        device.goOffline();
        await sleep(ms, signal);
        return device.goOnline();
      }
      case "narrow": {
        const ms = random.between(10_000, 60_000);
        note(`no WebSocket gets through for ${Math.round(ms)} ms`);
        device.isNarrow = true;
        device.goOffline();
        device.goOnline();
        await sleep(ms, signal);
        device.isNarrow = false;
        return;
      }
      case "clock":
        note("the clock jumps");
        device.skewMs = this.#drawSkew(random);
        return;
      case "changeDevice":
        note("the member goes on with another device");
        return await this.#changeDevice(device, random);
    }
  }

  /** Loads a page anew: what it has in memory is lost, what its browser keeps is not. */
  async reload(device: Device, tab: Tab): Promise<void> {
    await this.#untilKept(device, tab);
    this.#replace(device, tab);
  }

  /** Ends a page in the middle of whatever it does, and loads it anew. */
  async crash(device: Device, tab: Tab): Promise<void> {
    const { journal } = this.parts;
    tab.close();
    const kept = new Set((await keptLines(device, this.id)).map(({ clientId }) => clientId));
    for (const { clientId } of tab.code.outbox.outbox.value) {
      const message = journal.written.get(clientId);
      if (!message || kept.has(clientId) || journal.now() - message.at > crashMs) continue;
      message.mayBeGone = true;
    }
    this.#replace(device, tab);
  }

  #replace(device: Device, tab: Tab): void {
    this.close(device, tab);
    this.open(device);
  }

  /** Nobody closes a page in the very moment in which they press Enter; a moment later they may. */
  async #untilKept(device: Device, tab: Tab): Promise<void> {
    const isKept = async () => {
      const kept = new Set((await keptLines(device, this.id)).map(({ clientId }) => clientId));
      return tab.code.outbox.outbox.value.every(({ clientId }) => kept.has(clientId));
    };
    if (await until(isKept, keepingMs, 20)) return;
    this.parts.report(new Error(`${device.name} does not keep what was written there`));
  }

  /** Puts one device aside, with what waits on it, and takes another, known or new. */
  async #changeDevice(device: Device, random: Random): Promise<void> {
    for (const tab of [...this.devices.get(device) ?? []]) {
      await this.#untilKept(device, tab);
      this.close(device, tab);
    }
    const others = [...this.devices.keys()].filter((one) => one !== device);
    this.open(others.length < 2 ? this.addDevice() : random.pick(others) as Device);
  }

  #drawSkew(random = this.parts.random): number {
    const kind = random.weighted({ right: 5, minutes: 3, years: 2 });
    if (kind === "right") return 0;
    return random.between(-10, 10) * (kind === "minutes" ? minuteMs : yearMs);
  }
}
