import type { Clock } from "@/utils/clock.ts";

/** A clock that nobody sets: both its readings go on together. */
export const steadyClock = (now: () => number): Clock => ({ now, elapsed: now });

/** A clock to turn, and to set. */
export class SetClock implements Clock {
  #now: number;
  #elapsed = 0;

  constructor(now: number = Date.now()) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  elapsed(): number {
    return this.#elapsed;
  }

  /** Lets time go by. */
  pass(ms: number): void {
    this.#now += ms;
    this.#elapsed += ms;
  }

  /** Puts the machine's clock forward, or back. */
  jump(ms: number): void {
    this.#now += ms;
  }
}
