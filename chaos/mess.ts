/**
 * The mess: members on the page's own code who write to each other while servers, database, network
 * and devices fail, all drawn from a seed.
 *
 * The same seed draws the same: when servers and database fail, what each member does next and after
 * how long, how each connection fares. What that falls on (which page is up by then, who opens the
 * seventh connection) is the real machine's, so that a run is like another one, and not its replay.
 *
 * @module
 */
import { Cluster } from "./cluster.ts";
import { begin, beginGroup } from "./doings.ts";
import { Journal } from "./journal.ts";
import { Member } from "./member.ts";
import { buildPageCode, type LoadPage } from "./page_code.ts";
import { Proxy } from "./proxy.ts";
import { Random } from "./random.ts";
import { globalNames, type Tab } from "./tab.ts";
import { sleep, until } from "./waiting.ts";

export interface MessOptions {
  seed: number;
  /** How long things go wrong. */
  ms: number;
  members: number;
  /** Messages a second, of all members together. */
  rate: number;
}

/** How often something befalls a member's devices, on average. Milliseconds. */
const mishapEveryMs = 30_000;
/** How long it may take until all is calm. */
const calmMs = 300_000;

/** What befalls servers and database, and how often on average. Milliseconds. */
const disasters: Record<
  string,
  { everyMs: number; happen(cluster: Cluster, random: Random): Promise<void> }
> = {
  "a server is killed": {
    everyMs: 60_000,
    happen: (cluster, random) => cluster.kill(random.whole(0, 1)),
  },
  "the servers are replaced one by one": { everyMs: 120_000, happen: (cluster) => cluster.roll() },
  "Postgres is restarted as by a crash": {
    everyMs: 120_000,
    happen: (cluster) => cluster.restartPostgres(),
  },
  "what servers tell each other is lost": {
    everyMs: 15_000,
    happen: (cluster) => cluster.deafen(),
  },
  "connections to the database are cut": {
    everyMs: 30_000,
    happen: (cluster) => cluster.cutDatabase(),
  },
};

export class Mess {
  readonly journal = new Journal();
  readonly members: Member[] = [];
  /** Errors that no page caught, and what browsers failed to keep. */
  readonly errors: string[] = [];
  #phase = "starting";
  readonly #end = new AbortController();
  readonly #catch = (event: PromiseRejectionEvent | ErrorEvent) => {
    event.preventDefault();
    this.#report("reason" in event ? event.reason : event.error);
  };

  private constructor(
    readonly options: MessOptions,
    readonly cluster: Cluster,
    readonly proxy: Proxy,
    private readonly load: LoadPage,
    private readonly random: Random,
    note: { fault(what: string): void },
  ) {
    note.fault = (what) => this.journal.fault(what);
    addEventListener("unhandledrejection", this.#catch);
    addEventListener("error", this.#catch);
  }

  /** Starts everything; nothing goes wrong yet. */
  static async open(options: MessOptions): Promise<Mess> {
    const random = new Random(`seed ${options.seed}`);
    const load = await buildPageCode(globalNames);
    const cluster = await Cluster.open();
    const note = { fault: (_: string) => {} };
    const proxy = await Proxy.open({
      targets: cluster.ports,
      random: random.fork("proxy"),
      note: (fault) => note.fault(fault),
    });
    const mess = new Mess(options, cluster, proxy, load, random, note);
    try {
      await mess.#gather();
    } catch (error) {
      await mess.close();
      throw error;
    }
    return mess;
  }

  /** What is going on, in a line. */
  get progress(): string {
    const { journal, members } = this;
    const tabs = members.flatMap((member) => member.tabs);
    const waiting = tabs.reduce((sum, tab) => sum + tab.waiting, 0);
    const faults = [...journal.faultCounts.values()].reduce((sum, count) => sum + count, 0);
    const memory = Math.round(Deno.memoryUsage().rss / 2 ** 20);
    return `${(journal.now() / 1_000).toFixed(0).padStart(5)} s  ${this.#phase}: ` +
      `${journal.written.size} written, ${journal.acknowledged} acknowledged, ` +
      `${waiting} waiting in ${tabs.length} pages (${tabs.filter((tab) => tab.isUp).length} up), ` +
      `${faults} faults, ${memory} MiB`;
  }

  /** Members join, and begin their first conversations. */
  async #gather(): Promise<void> {
    for (let n = 1; n <= this.options.members; n++) {
      this.members.push(this.addMember(`member${n}`));
    }
    for (const member of this.members) await member.register();
    const ids = this.members.map(({ id }) => id);
    for (const [n, member] of this.members.entries()) {
      member.meet(ids);
      const random = this.random.fork(`beginning ${n}`);
      await until(() => member.tabs.every((tab) => tab.isUp), 30_000);
      const tab = member.tabs[0] as Tab;
      for (let count = 0; count < 3; count++) begin(member, tab, random);
      if (n % 4 === 0) beginGroup(member, tab, random);
    }
  }

  addMember(username: string): Member {
    const { journal, load, proxy, random } = this;
    const report = (error: unknown) => this.#report(error);
    return new Member(username, {
      network: proxy,
      journal,
      load,
      random: random.fork(username),
      report,
    });
  }

  /** Lets everything go wrong for as long as the options say. */
  async run(): Promise<void> {
    const { members, options, proxy } = this;
    this.#phase = "mess";
    const { signal } = this.#end;
    proxy.disturb();
    const everyMs = 1_000 * members.length / options.rate;
    const doings = [
      ...members.flatMap((member) => [
        member.write(everyMs, signal),
        member.act(signal),
        member.suffer(mishapEveryMs, signal),
      ]),
      ...Object.keys(disasters).map((what) => this.#suffer(what, signal)),
    ];
    await sleep(options.ms);
    this.#end.abort();
    await Promise.all(doings);
  }

  /** One kind of disaster, again and again; each at least once. */
  async #suffer(what: string, signal: AbortSignal): Promise<void> {
    const { everyMs, happen } = disasters[what] as (typeof disasters)[string];
    const random = this.random.fork(what);
    let waitMs = Math.min(everyMs, this.options.ms * 0.8) * random.next();
    while (true) {
      await sleep(waitMs, signal);
      if (signal.aborted) return;
      this.journal.fault(what);
      // Cutting connections may itself find the database away.
      await happen(this.cluster, random).catch((error) => this.journal.fault(`${what}: ${error}`));
      waitMs = random.wait(everyMs);
    }
  }

  /**
   * Ends all faults, has every member look at each of their devices, and waits until nothing waits
   * any more.
   *
   * @returns what is not calm, in words; none if all is
   */
  async calm(): Promise<string[]> {
    this.#phase = "calming";
    this.proxy.calm();
    await this.cluster.settled();
    for (const member of this.members) {
      for (const [device, tabs] of member.devices) {
        device.isNarrow = false;
        if (tabs.length === 0) member.open(device);
        device.goOnline();
      }
    }
    for (const tab of this.#tabs()) tab.glance();
    const isCalm = () => {
      for (const member of this.members) for (const tab of member.tabs) member.signIn(tab);
      return this.#restless().length === 0;
    };
    await until(isCalm, calmMs, 250);
    return this.#restless();
  }

  #restless(): string[] {
    return this.#tabs().flatMap((tab) => {
      const lines = tab.code.outbox.outbox.value.filter((line) => line.failure === undefined);
      const where = `${tab.device.name}, tab ${tab.number}`;
      return [
        ...tab.isUp ? [] : [`${where} is ${tab.code.chat.connection.status.value}`],
        ...lines.map((line) => `${where} still has ${line.clientId} in its outbox`),
      ];
    });
  }

  #tabs(): Tab[] {
    return this.members.flatMap((member) => member.tabs);
  }

  #report(error: unknown): void {
    this.errors.push(error instanceof Error ? error.stack ?? String(error) : String(error));
  }

  async close(): Promise<void> {
    this.#end.abort();
    for (const tab of this.#tabs()) tab.close();
    await this.cluster.close();
    this.proxy.close();
    removeEventListener("unhandledrejection", this.#catch);
    removeEventListener("error", this.#catch);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
