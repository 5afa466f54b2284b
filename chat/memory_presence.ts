import type { Presence } from "./presence.ts";

/** For one instance alone: who is online is who is here. */
export class MemoryPresence implements Presence {
  readonly #here = new Set<string>();

  arrive(userId: string): Promise<boolean> {
    this.#here.add(userId);
    return Promise.resolve(false);
  }

  leave(userId: string): Promise<boolean> {
    this.#here.delete(userId);
    return Promise.resolve(false);
  }

  online(userIds: string[]): Promise<Set<string>> {
    return Promise.resolve(new Set(userIds.filter((userId) => this.#here.has(userId))));
  }

  active(): Promise<Set<string>> {
    return Promise.resolve(new Set());
  }

  beat(): Promise<string[]> {
    return Promise.resolve([]);
  }

  close(): Promise<string[]> {
    const gone = [...this.#here];
    this.#here.clear();
    return Promise.resolve(gone);
  }
}
