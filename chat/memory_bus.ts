import type { Bus, BusEvent } from "./bus.ts";

/** Between the instances of one process; a lone one, the usual case, has nobody to tell. */
export class MemoryBus implements Bus {
  readonly waiting = 0;
  #heard: ((event: BusEvent) => void) | undefined;

  /** @param peers shared by the instances that hear each other */
  constructor(private readonly peers = new Set<MemoryBus>()) {
    peers.add(this);
  }

  publish(event: BusEvent): void {
    for (const peer of this.peers) if (peer !== this) peer.#heard?.(event);
  }

  subscribe(heard: (event: BusEvent) => void): Promise<void> {
    this.#heard = heard;
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.peers.delete(this);
    return Promise.resolve();
  }
}
