import type { ServerFrame } from "@/chat/protocol.ts";

/** How long a test waits for what should happen before it fails. Milliseconds. */
const patience = 20_000;

/** Whatever hears frames: it remembers them all, and can be waited on. */
export class Ear {
  /** All frames so far, in order. */
  readonly frames: ServerFrame[] = [];
  /** Called with each frame as it comes. */
  onFrame: (frame: ServerFrame) => void = () => {};
  readonly #waiting = new Set<() => void>();
  #ended = false;

  protected hear(frame: ServerFrame): void {
    this.frames.push(frame);
    this.onFrame(frame);
    this.#wake();
  }

  /** Nothing will come any more. */
  protected end(): void {
    this.#ended = true;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }

  /** What `look` finds; it looks again whenever a frame comes. */
  async until<R>(look: () => R | undefined, what: string): Promise<R> {
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    const check = () => {
      const found = look();
      if (found !== undefined) resolve(found);
      else if (this.#ended) reject(new Error(`Waited for ${what}, but the connection is closed`));
    };
    const timer = setTimeout(() => {
      const types = this.frames.map((frame) => frame.type).join(", ");
      reject(new Error(`Waited ${patience} ms for ${what}; came: ${types}`));
    }, patience);
    this.#waiting.add(check);
    check();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(check);
    }
  }
}
