import type { Bus, BusEvent, BusListener } from "./bus.ts";

/** Between the instances of one process; a lone one, the usual case, has nobody to tell. */
export class MemoryBus implements Bus {
  readonly waiting = 0;
  #listener: BusListener | undefined;

  /** @param peers shared by the instances that hear each other */
  constructor(private readonly peers = new Set<MemoryBus>()) {
    peers.add(this);
  }

  publish(event: BusEvent): void {
    for (const peer of this.peers) if (peer !== this) peer.#listener?.heard(event);
  }

  subscribe(listener: BusListener): Promise<void> {
    this.#listener = listener;
    return Promise.resolve();
  }

  /** All hear everything. */
  join(): Promise<void> {
    return Promise.resolve();
  }

  leave(): void {}

  close(): Promise<void> {
    this.peers.delete(this);
    return Promise.resolve();
  }
}
