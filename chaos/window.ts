/**
 * The globals of one page: what a browser would give it, made of the runtime's own.
 *
 * When the page goes away they go dead: nothing that it still has under way changes anything any
 * more, as it is in a browser.
 *
 * @module
 */
import { Channel, type Device, type DeviceTab } from "./device.ts";

type Listener = (event: unknown) => void;
type Timer = ReturnType<typeof setTimeout>;

/** Of IndexedDB, what is needed to follow a page's transactions. */
interface Database {
  transaction(...args: unknown[]): Transaction;
  close(): void;
}
interface Transaction {
  abort(): void;
  addEventListener(type: string, listener: () => void): void;
}

export interface WindowOptions {
  device: Device;
  path: string;
  /** What the server would put into the page's HTML. */
  config: Record<string, unknown>;
  /** The page wants to be loaded anew. */
  reload(): void;
}

/** One page's window. */
export class PageWindow implements DeviceTab {
  /** By name, what the page's code finds as globals. */
  readonly globals: Record<string, unknown>;
  readonly #device: Device;
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #timers = new Set<Timer>();
  readonly #sockets = new Set<PageSocket>();
  readonly #channels = new Set<Channel>();
  readonly #databases = new Set<Transactions>();
  readonly #client = Deno.createHttpClient({ poolMaxIdlePerHost: 2 });
  #network = new AbortController();
  #isAlive = true;
  readonly #isLive = () => this.#isAlive;

  constructor(options: WindowOptions) {
    const { device } = options;
    this.#device = device;
    device.tabs.add(this);
    const { location, history } = addressBar(device.origin + options.path, options.reload);
    const document = {
      visibilityState: "visible",
      title: "",
      hasFocus: () => true,
      getElementById: (id: string) =>
        id === "config" ? { textContent: JSON.stringify(options.config) } : null,
      querySelector: () => null,
    };
    this.globals = {
      document,
      location,
      history,
      navigator: { onLine: true, locks: device.locks.for(this, this.#isLive) },
      localStorage: device.storageFor(this, this.#isLive),
      indexedDB: { open: this.#openDatabase },
      BroadcastChannel: channelsOf(device, this.#isLive, this.#channels),
      WebSocket: socketsOf(device, this.#isLive, this.#sockets),
      Date: clockOf(device),
      fetch: this.#fetch,
      addEventListener: (type: string, listener: Listener) => this.#hear(type, listener),
      removeEventListener: (type: string, listener: Listener) =>
        this.#listeners.get(type)?.delete(listener),
      setTimeout: this.#setTimeout,
      clearTimeout: this.#clearTimer,
      setInterval: this.#setInterval,
      clearInterval: this.#clearTimer,
    };
    this.globals.window = this.globals.globalThis = this.globals.self = this.globals;
  }

  dispatch(type: string, event: Record<string, unknown> = {}): void {
    for (const listener of this.#listeners.get(type) ?? []) {
      this.#guarded(() => listener({ type, ...event }));
    }
  }

  loseNetwork(): void {
    this.#network.abort(new TypeError("Failed to fetch"));
    this.#network = new AbortController();
    for (const socket of this.#sockets) socket.loseNetwork();
  }

  /** The page is gone, with all that it had under way. */
  die(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#device.tabs.delete(this);
    for (const timer of this.#timers) clearTimeout(timer);
    for (const socket of this.#sockets) socket.end();
    for (const database of this.#databases) database.end();
    this.#network.abort();
    for (const channel of this.#channels) channel.close();
    this.#device.locks.release(this);
    this.#client.close();
  }

  #hear(type: string, listener: Listener): void {
    const known = this.#listeners.get(type);
    if (known) known.add(listener);
    else this.#listeners.set(type, new Set([listener]));
  }

  #guarded(task: () => void): void {
    if (!this.#isAlive) return;
    try {
      task();
    } catch (error) {
      this.#device.report(error);
    }
  }

  readonly #setTimeout = (task: () => void, ms = 0): Timer | undefined => {
    if (!this.#isAlive) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#guarded(task);
    }, ms);
    this.#timers.add(timer);
    return timer;
  };

  readonly #setInterval = (task: () => void, ms = 0): Timer | undefined => {
    if (!this.#isAlive) return;
    const timer = setInterval(() => this.#guarded(task), ms);
    this.#timers.add(timer);
    return timer;
  };

  readonly #clearTimer = (timer: Timer | undefined): void => {
    if (timer === undefined) return;
    this.#timers.delete(timer);
    clearTimeout(timer);
  };

  /** Never settles once the page is gone. */
  readonly #fetch = (path: string, init: RequestInit = {}): Promise<Response> => {
    const device = this.#device;
    return new Promise((resolve, reject) => {
      if (!this.#isAlive) return;
      if (!device.isOnline) {
        return void this.#setTimeout(() => reject(new TypeError("Failed to fetch")));
      }
      const url = new URL(path, device.origin);
      const headers = new Headers(init.headers);
      const cookie = device.cookies.for(url);
      if (cookie) headers.set("cookie", cookie);
      const signals = [this.#network.signal, ...init.signal ? [init.signal] : []];
      fetch(url, {
        ...init,
        headers,
        signal: AbortSignal.any(signals),
        client: this.#client,
      }).then(
        (response) => {
          device.cookies.take(response.headers);
          if (this.#isAlive) resolve(response);
          else response.body?.cancel().catch(() => {});
        },
        (error) => this.#isAlive && reject(error),
      );
    });
  };

  readonly #openDatabase = (name: string) => {
    const request = this.#device.databases.open(name);
    request.addEventListener("success", () => {
      const database = request.result as unknown as Database;
      if (this.#isAlive) this.#databases.add(new Transactions(database, this.#isLive));
      else database.close();
    });
    return request;
  };
}

/**
 * Follows a database's transactions, so that those of a page that goes away end unfinished. Through
 * an open connection its device would hold on to all that the page had in memory.
 */
class Transactions {
  readonly #open = new Set<Transaction>();

  constructor(private readonly database: Database, isAlive: () => boolean) {
    const begin = database.transaction.bind(database);
    database.transaction = (...args) => {
      if (!isAlive()) throw new DOMException("The page is gone", "InvalidStateError");
      const transaction = begin(...args);
      this.#open.add(transaction);
      for (const end of ["complete", "abort"]) {
        transaction.addEventListener(end, () => this.#open.delete(transaction));
      }
      return transaction;
    };
  }

  end(): void {
    for (const transaction of this.#open) {
      try {
        transaction.abort();
      } catch {
        // It is just being committed.
      }
    }
    this.database.close();
  }
}

function addressBar(href: string, reload: () => void) {
  let url = new URL(href);
  const location = {
    get href() {
      return url.href;
    },
    get origin() {
      return url.origin;
    },
    get pathname() {
      return url.pathname;
    },
    get search() {
      return url.search;
    },
    get hash() {
      return url.hash;
    },
    reload,
  };
  const history = {
    state: null as unknown,
    pushState: (state: unknown, _: string, path: string) => go(state, path),
    replaceState: (state: unknown, _: string, path: string) => go(state, path),
  };
  function go(state: unknown, path: string): void {
    history.state = state;
    url = new URL(path, url);
  }
  return { location, history };
}

/** A clock that is wrong by as much as the device's is. */
function clockOf(device: Device): DateConstructor {
  return class extends Date {
    constructor(...args: unknown[]) {
      super(...(args.length === 0 ? [Date.now() + device.skewMs] : args) as [number]);
    }
    static override now(): number {
      return Date.now() + device.skewMs;
    }
  } as DateConstructor;
}

function channelsOf(device: Device, isAlive: () => boolean, channels: Set<Channel>): unknown {
  return class extends Channel {
    constructor(name: string) {
      super(device, name, isAlive);
      channels.add(this);
    }
  };
}

function socketsOf(device: Device, isAlive: () => boolean, sockets: Set<PageSocket>): unknown {
  return class extends PageSocket {
    constructor(url: URL, protocols: string[]) {
      super(device, isAlive, url, protocols);
      sockets.add(this);
      this.gone.then(() => sockets.delete(this));
    }
  };
}

/** A page's `WebSocket`, which says nothing any more when the page or the network is gone. */
class PageSocket {
  static readonly OPEN = 1;
  onmessage: Listener | null = null;
  onclose: Listener | null = null;
  readonly gone: Promise<void>;
  #gone!: () => void;
  #native: WebSocket | undefined;
  /** Whether neither side hears the other any more, nor knows it. */
  #isDeaf = false;

  constructor(
    private readonly device: Device,
    private readonly isAlive: () => boolean,
    url: URL,
    protocols: string[],
  ) {
    this.gone = new Promise((resolve) => this.#gone = resolve);
    if (!device.isOnline || !isAlive()) {
      setTimeout(() => this.#closed(1006), 0);
      return;
    }
    const native = this.#native = new WebSocket(device.socketUrl(url), protocols);
    native.onmessage = ({ data }) => {
      if (!this.#isDeaf) this.#tell(this.onmessage, { data });
    };
    native.onerror = (event) => event.preventDefault();
    native.onclose = ({ code }) => this.#closed(code);
  }

  get readyState(): number {
    return this.#native?.readyState ?? WebSocket.CLOSED;
  }

  send(text: string): void {
    if (!this.isAlive() || this.#isDeaf) return;
    if (this.#native?.readyState === WebSocket.OPEN) this.#native.send(text);
  }

  close(code?: number): void {
    if (!this.#isDeaf) this.#native?.close(code);
  }

  loseNetwork(): void {
    this.#isDeaf = true;
    // The server is to learn of it late, if at all.
    setTimeout(() => this.end(), 15_000);
  }

  end(): void {
    if (this.#native) {
      this.#native.onmessage = this.#native.onclose = null;
      this.#native.close();
    }
    this.#gone();
  }

  #closed(code: number): void {
    this.#gone();
    if (!this.#isDeaf) this.#tell(this.onclose, { code });
  }

  #tell(listener: Listener | null, event: unknown): void {
    if (!this.isAlive() || listener === null) return;
    try {
      listener(event);
    } catch (error) {
      this.device.report(error);
    }
  }
}
