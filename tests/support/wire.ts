/**
 * A wire to a server that can be cut, in the midst of what is on it.
 *
 * @module
 */
type Direction = "up" | "down";

/** `await using wire = Wire.to(server.url)`; what connects to `wire.url` reaches the server. */
export class Wire {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #ends = new Set<Deno.TcpConn>();
  /** How many bytes may still pass. */
  readonly #left: Record<Direction, number> = { up: Infinity, down: Infinity };
  readonly url = `http://127.0.0.1:${this.#listener.addr.port}`;
  /** How many bytes have been held back since {@linkcode limit}. */
  readonly held: Record<Direction, number> = { up: 0, down: 0 };

  private constructor(private readonly target: URL) {}

  static to(url: string): Wire {
    const wire = new Wire(new URL(url));
    wire.#accept();
    return wire;
  }

  /** Lets only so many more bytes through; the connections stay, and what comes after is lost. */
  limit(direction: Direction, bytes: number): void {
    this.#left[direction] = bytes;
    this.held[direction] = 0;
  }

  /** Ends every connection at once; new ones are whole again. */
  cut(): void {
    this.#left.up = this.#left.down = Infinity;
    for (const end of this.#ends) close(end);
    this.#ends.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    close(this.#listener);
    this.cut();
    return Promise.resolve();
  }

  async #accept(): Promise<void> {
    for await (const near of this.#listener) {
      const far = await Deno.connect({
        hostname: this.target.hostname,
        port: Number(this.target.port),
      }).catch(() => null);
      if (far === null) {
        close(near);
        continue;
      }
      this.#ends.add(near).add(far);
      this.#carry(near, far, "up");
      this.#carry(far, near, "down");
    }
  }

  async #carry(from: Deno.TcpConn, to: Deno.TcpConn, direction: Direction): Promise<void> {
    try {
      for await (const bytes of from.readable) {
        const passing = bytes.subarray(0, this.#left[direction]);
        this.#left[direction] -= passing.length;
        this.held[direction] += bytes.length - passing.length;
        for (let sent = 0; sent < passing.length;) sent += await to.write(passing.subarray(sent));
      }
    } catch {
      // Cut, or closed by one of its ends: the other one hears of it.
    }
    close(to);
    this.#ends.delete(from);
  }
}

function close(end: { close(): void }): void {
  try {
    end.close();
  } catch {
    // Closed already.
  }
}
