/**
 * A member's browser, as far as the page's own code can tell: what it keeps over a reload, what its
 * tabs share, its clock, its network.
 *
 * @module
 */
import { IDBFactory } from "fake-indexeddb";

/** The names under which the network is reached; see proxy.ts. */
export interface Network {
  port: number;
  narrowPort: number;
}

type Listener = (event: unknown) => void;

/** A tab as its device knows it. */
export interface DeviceTab {
  dispatch(type: string, event?: Record<string, unknown>): void;
  /** Cuts what it has under way. */
  loseNetwork(): void;
}

/** One browser, with all that survives its tabs. */
export class Device {
  readonly databases = new IDBFactory();
  readonly storage = new Map<string, string>();
  readonly cookies = new Cookies();
  readonly locks = new Locks();
  readonly channels = new Set<Channel>();
  readonly tabs = new Set<DeviceTab>();
  readonly origin: string;
  #isOnline = true;
  /** Whether its network lets no WebSocket through. */
  isNarrow = false;

  /**
   * @param skewMs by how much its clock is wrong
   * @param report told of errors that its pages do not catch
   */
  constructor(
    readonly name: string,
    readonly network: Network,
    public skewMs: number,
    readonly report: (error: unknown) => void,
  ) {
    this.origin = `http://127.0.0.1:${network.port}`;
  }

  get isOnline(): boolean {
    return this.#isOnline;
  }

  goOffline(): void {
    this.#isOnline = false;
    for (const tab of this.tabs) tab.loseNetwork();
    for (const tab of this.tabs) tab.dispatch("offline");
  }

  goOnline(): void {
    this.#isOnline = true;
    for (const tab of this.tabs) tab.dispatch("online");
  }

  /** Where a WebSocket to this address really goes. */
  socketUrl(url: URL): URL {
    const at = new URL(url);
    if (this.isNarrow) at.port = String(this.network.narrowPort);
    return at;
  }

  /** The page's `localStorage`; other tabs hear of changes. */
  storageFor(tab: DeviceTab, isAlive: () => boolean): Storage {
    const { storage } = this;
    const set = (key: string, value: string | null) => {
      if (!isAlive()) return;
      if (value === null) storage.delete(key);
      else storage.set(key, value);
      for (const other of this.tabs) {
        if (other !== tab) other.dispatch("storage", { key, newValue: value });
      }
    };
    const methods: Record<string, unknown> = {
      getItem: (key: string) => storage.get(key) ?? null,
      setItem: (key: string, value: string) => set(key, String(value)),
      removeItem: (key: string) => set(key, null),
    };
    return new Proxy({}, {
      get: (_, key) => methods[key as string] ?? storage.get(key as string),
      ownKeys: () => [...storage.keys()],
      getOwnPropertyDescriptor: (_, key) => ({
        value: storage.get(key as string),
        enumerable: true,
        configurable: true,
      }),
    }) as unknown as Storage;
  }
}

/** The cookies of one origin; of their attributes the path matters here. */
class Cookies {
  readonly #kept = new Map<string, { value: string; path: string }>();

  for(url: URL): string {
    return [...this.#kept].filter(([, { path }]) => url.pathname.startsWith(path))
      .map(([name, { value }]) => `${name}=${value}`).join("; ");
  }

  take(headers: Headers): void {
    for (const line of headers.getSetCookie()) {
      const [pair = "", ...attributes] = line.split(/; */);
      const [name = "", value = ""] = pair.split("=");
      const path = attributes.find((one) => /^path=/i.test(one))?.slice("path=".length) ?? "/";
      const isGone = attributes.some((one) => /^max-age=0$/i.test(one)) || value === "";
      if (isGone) this.#kept.delete(name);
      else this.#kept.set(name, { value, path });
    }
  }
}

const never = new Promise<never>(() => {});

type LockTask = (lock: unknown) => Promise<unknown>;

/** The Web Locks that one device's tabs share; of them what the page uses, exclusive ones. */
class Locks {
  readonly #held = new Map<string, DeviceTab>();
  readonly #waiting = new Map<string, { owner: DeviceTab; begin(): void }[]>();

  /** The page's `navigator.locks`. A page that is gone asks for none, though its code goes on here. */
  for(owner: DeviceTab, isAlive: () => boolean): unknown {
    return {
      request: (name: string, options: { ifAvailable?: boolean }, task: LockTask) =>
        isAlive() ? this.#request(owner, isAlive, name, options, task) : never,
    };
  }

  /** What a tab holds and waits for goes with it. */
  release(owner: DeviceTab): void {
    for (const [name, waiting] of this.#waiting) {
      this.#waiting.set(name, waiting.filter((one) => one.owner !== owner));
    }
    for (const [name, holder] of [...this.#held]) if (holder === owner) this.#next(name);
  }

  async #request(
    owner: DeviceTab,
    isAlive: () => boolean,
    name: string,
    { ifAvailable = false }: { ifAvailable?: boolean },
    task: LockTask,
  ): Promise<unknown> {
    // Never within the call, as in a browser.
    await Promise.resolve();
    if (!isAlive()) return await never;
    if (this.#held.has(name)) {
      if (ifAvailable) return await task(null);
      await new Promise<void>((begin) => {
        const waiting = this.#waiting.get(name) ?? [];
        this.#waiting.set(name, [...waiting, { owner, begin }]);
      });
    } else {
      this.#held.set(name, owner);
    }
    try {
      return await task({ name });
    } finally {
      if (this.#held.get(name) === owner) this.#next(name);
    }
  }

  #next(name: string): void {
    const [next, ...others] = this.#waiting.get(name) ?? [];
    if (others.length > 0) this.#waiting.set(name, others);
    else this.#waiting.delete(name);
    if (next === undefined) this.#held.delete(name);
    else {
      this.#held.set(name, next.owner);
      next.begin();
    }
  }
}

/** A page's `BroadcastChannel`, to the other tabs of its device. */
export class Channel {
  onmessage: Listener | null = null;

  constructor(
    private readonly device: Device,
    private readonly name: string,
    private readonly isAlive: () => boolean,
  ) {
    device.channels.add(this);
  }

  postMessage(data: unknown): void {
    if (!this.isAlive()) return;
    const copy = structuredClone(data);
    for (const other of this.device.channels) {
      if (other === this || other.name !== this.name) continue;
      setTimeout(() => other.#hear(copy), 0);
    }
  }

  close(): void {
    this.device.channels.delete(this);
  }

  #hear(data: unknown): void {
    if (!this.isAlive()) return;
    try {
      this.onmessage?.({ data });
    } catch (error) {
      this.device.report(error);
    }
  }
}
