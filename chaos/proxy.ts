/**
 * The network between the pages and the servers: a balancer without sticky sessions whose
 * connections are cut, stalled, halved, delayed, refused, and left hanging half-open.
 *
 * @module
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Random } from "./random.ts";

/** How often things go wrong, on average. Milliseconds. */
const faultEveryMs = 20_000;

const faults = { fin: 3, reset: 3, half: 3, stall: 4, hole: 2, slow: 2 };

export interface ProxyOptions {
  /** Ports of the servers behind it. */
  targets: number[];
  random: Random;
  /** Told of every fault. */
  note(fault: string): void;
}

export class Proxy {
  /** Where a WebSocket gets through. */
  port = 0;
  /** Where none does. */
  narrowPort = 0;
  #isHostile = false;
  #connections = 0;
  readonly #open = new Set<Line>();
  readonly #listeners: Server[] = [];

  constructor(private readonly options: ProxyOptions) {}

  static async open(options: ProxyOptions): Promise<Proxy> {
    const proxy = new Proxy(options);
    proxy.port = await proxy.#listen(false);
    proxy.narrowPort = await proxy.#listen(true);
    return proxy;
  }

  /** From now on things go wrong. */
  disturb(): void {
    this.#isHostile = true;
    for (const line of this.#open) line.disturb();
  }

  /** From now on nothing does; what hangs is let go. */
  calm(): void {
    this.#isHostile = false;
    for (const line of this.#open) line.calm();
  }

  close(): void {
    for (const listener of this.#listeners) listener.close();
    for (const line of this.#open) line.end("reset");
  }

  #listen(isNarrow: boolean): Promise<number> {
    const listener = createServer({ allowHalfOpen: true }, (socket) => {
      this.#accept(socket, isNarrow);
    });
    this.#listeners.push(listener);
    return new Promise((resolve) => {
      listener.listen(0, "127.0.0.1", () => resolve((listener.address() as { port: number }).port));
    });
  }

  #accept(socket: Socket, isNarrow: boolean): void {
    const random = this.options.random.fork(`connection ${this.#connections++}`);
    socket.on("error", () => {});
    if (this.#isHostile && random.chance(0.03)) {
      this.options.note("a connection is refused");
      socket.resetAndDestroy();
      return;
    }
    const first = random.whole(0, this.options.targets.length - 1);
    const targets = this.options.targets.map((_, n) =>
      this.options.targets[(n + first) % this.options.targets.length] as number
    );
    reach(targets, (server) => {
      if (server === undefined) return socket.resetAndDestroy();
      const line = new Line(socket, server, random, isNarrow, this.options.note);
      this.#open.add(line);
      line.ended.then(() => this.#open.delete(line));
      if (this.#isHostile) line.disturb();
    });
  }
}

/** Connects to the first of these ports that answers. */
function reach([port, ...others]: number[], then: (server: Socket | undefined) => void): void {
  if (port === undefined) return then(undefined);
  const server = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  const fail = () => reach(others, then);
  server.once("error", fail);
  server.once("connect", () => {
    server.off("error", fail);
    server.on("error", () => {});
    then(server);
  });
}

type Direction = "up" | "down";

/** One connection, with both its sides. */
class Line {
  readonly ended: Promise<void>;
  #end!: () => void;
  #isOver = false;
  #isHostile = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Until when bytes wait, in each direction; by `performance.now()`. */
  readonly #gates: Record<Direction, Promise<void> | undefined> = {
    up: undefined,
    down: undefined,
  };
  #openGates: (() => void)[] = [];
  #delayMs = 0;
  /** The next bytes in this direction arrive by half, and nothing after them. */
  #halving: Direction | undefined;
  #isHole = false;

  constructor(
    private readonly client: Socket,
    private readonly server: Socket,
    private readonly random: Random,
    isNarrow: boolean,
    private readonly note: (fault: string) => void,
  ) {
    this.ended = new Promise((resolve) => this.#end = resolve);
    this.#pump("up", client, server, isNarrow);
    this.#pump("down", server, client, false);
    for (const side of [client, server]) side.once("close", () => this.end("reset"));
  }

  disturb(): void {
    this.#isHostile = true;
    this.#schedule();
  }

  calm(): void {
    this.#isHostile = false;
    clearTimeout(this.#timer);
    this.#delayMs = 0;
    this.#halving = undefined;
    this.#openAll();
    if (this.#isHole) this.end("reset");
  }

  end(how: "fin" | "reset"): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#openAll();
    for (const side of [this.client, this.server]) {
      if (how === "reset") side.resetAndDestroy();
      else side.end(() => side.destroy());
    }
    this.#end();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fail(), this.random.wait(faultEveryMs));
  }

  #fail(): void {
    if (this.#isOver || !this.#isHostile) return;
    const fault = this.random.weighted(faults);
    const direction = this.random.pick(["up", "down", "both"] as const) ?? "both";
    switch (fault) {
      case "fin":
      case "reset":
        this.note(`a connection is cut (${fault})`);
        return this.end(fault);
      case "half":
        this.#halving = direction === "both" ? "down" : direction;
        return;
      case "stall": {
        const ms = this.random.between(500, 8_000);
        this.note(`a connection stalls ${direction} for ${Math.round(ms)} ms`);
        this.#shut(direction);
        this.#timer = setTimeout(() => {
          this.#openAll();
          this.#schedule();
        }, ms);
        return;
      }
      case "hole": {
        // Neither side learns of it; at last it is cut, as a router forgets it.
        const ms = this.random.between(5_000, 40_000);
        this.note(`a connection hangs half-open ${direction} for ${Math.round(ms)} ms`);
        this.#isHole = true;
        this.#shut(direction);
        this.#timer = setTimeout(() => this.end("reset"), ms);
        return;
      }
      case "slow":
        this.#delayMs = this.random.between(20, 400);
        this.note(`a connection is slow by ${Math.round(this.#delayMs)} ms`);
        return this.#schedule();
    }
  }

  #shut(direction: Direction | "both"): void {
    for (const one of direction === "both" ? ["up", "down"] as const : [direction]) {
      this.#gates[one] = new Promise((resolve) => this.#openGates.push(resolve));
    }
  }

  #openAll(): void {
    this.#gates.up = this.#gates.down = undefined;
    for (const open of this.#openGates.splice(0)) open();
  }

  #pump(direction: Direction, from: Socket, to: Socket, isNarrow: boolean): void {
    let sending: Promise<void> = Promise.resolve();
    let waiting = 0;
    from.on("data", (chunk: Uint8Array) => {
      if (isNarrow && isUpgrade(chunk)) {
        this.note("a WebSocket is refused");
        return this.end("reset");
      }
      // The usual case: nothing is wrong, and nothing waits.
      if (waiting === 0 && this.#isStraight(direction)) return void this.#write(chunk, from, to);
      waiting++;
      from.pause();
      sending = sending.then(() => this.#carry(direction, chunk, from, to)).then(() => {
        if (--waiting === 0 && !this.#isOver) from.resume();
      });
    });
    from.once("end", () => sending.then(() => this.#isOver || to.end()));
  }

  #isStraight(direction: Direction): boolean {
    return this.#gates[direction] === undefined && this.#delayMs === 0 &&
      this.#halving !== direction;
  }

  async #carry(direction: Direction, chunk: Uint8Array, from: Socket, to: Socket): Promise<void> {
    while (this.#gates[direction] !== undefined) await this.#gates[direction];
    if (this.#delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#delayMs));
    if (this.#isOver) return;
    if (this.#halving === direction) {
      this.note(`bytes ${direction} arrive by half, then the connection is cut`);
      to.write(chunk.subarray(0, chunk.length >> 1), () => this.end("reset"));
      return;
    }
    this.#write(chunk, from, to);
  }

  #write(chunk: Uint8Array, from: Socket, to: Socket): void {
    if (this.#isOver || to.write(chunk)) return;
    from.pause();
    to.once("drain", () => this.#isOver || from.resume());
  }
}

const decoder = new TextDecoder("latin1");

function isUpgrade(chunk: Uint8Array): boolean {
  return chunk[0] === 0x47 && /^upgrade: *websocket/im.test(decoder.decode(chunk));
}
