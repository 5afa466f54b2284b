/** An instance, and what tells its last beat from the one before. Good for comparing alone. */
export interface Heard {
  id: string;
  at: string;
}

/** An instance that does not beat while we do so often is gone. */
const missedMax = 4;

/**
 * Which other instances beat no more, counted in beats of our own: no clock that jumps, and no time
 * in which what they share was away, makes one gone.
 */
export class Silence {
  /** Of each other instance: its last beat, and how many of ours have come since. */
  readonly #others = new Map<string, { at: string; missed: number }>();

  /** To be called with each beat of ours. @returns those that have missed too many */
  among(others: Heard[]): Heard[] {
    const ids = new Set(others.map(({ id }) => id));
    for (const id of this.#others.keys()) if (!ids.has(id)) this.#others.delete(id);
    return others.filter(({ id, at }) => {
      const before = this.#others.get(id);
      const missed = before?.at === at ? before.missed + 1 : 0;
      this.#others.set(id, { at, missed });
      return missed >= missedMax;
    });
  }
}
