/**
 * What browsers offer on secure pages only, or not to a page in a foreign frame whose storage is
 * blocked, with what does in its place.
 *
 * @module
 */

/** A new random UUID. */
export function newUuid(): string {
  if ("randomUUID" in crypto) return crypto.randomUUID();
  const bytes = (crypto as Crypto).getRandomValues(new Uint8Array(16));
  const hex = [...bytes].map((byte, index) =>
    (index === 6 ? (byte & 0x0f) | 0x40 : index === 8 ? (byte & 0x3f) | 0x80 : byte)
      .toString(16).padStart(2, "0")
  ).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** Runs `task` while no other tab runs one of this name; without locks, at once. */
export function withLock<T>(name: string, task: () => Promise<T>): Promise<T> {
  return requestLock(name, {}, task);
}

/** Runs `task` unless another tab runs one of this name. @returns whether it ran */
export function unlessLocked(name: string, task: () => Promise<void>): Promise<boolean> {
  return requestLock(name, { ifAvailable: true }, async (lock) => {
    if (lock !== null) await task();
    return lock !== null;
  });
}

/** Like `navigator.locks.request`; where there are no locks to be had, every one is free. */
async function requestLock<T>(
  name: string,
  options: LockOptions,
  task: (lock: unknown) => Promise<T>,
): Promise<T> {
  let hasBegun = false;
  const begin = (lock: unknown) => {
    hasBegun = true;
    return task(lock);
  };
  if (!navigator.locks) return await begin(true);
  try {
    return await navigator.locks.request(name, options, begin);
  } catch (error) {
    if (hasBegun) throw error;
    return await begin(true);
  }
}

/** What this browser keeps under names of ours; nothing, where storage is blocked. */
export const storage = {
  get: (key: string): string | null => attempt(() => localStorage.getItem(key), null),
  /** Null removes it. */
  set(key: string, value: string | null): void {
    attempt(
      () => value === null ? localStorage.removeItem(key) : localStorage.setItem(key, value),
      undefined,
    );
  },
  entries: (): [string, string][] => attempt(() => Object.entries({ ...localStorage }), []),
};

/** A full disk or blocked storage costs what would have been kept, and nothing more. */
function attempt<T>(action: () => T, otherwise: T): T {
  try {
    return action();
  } catch {
    return otherwise;
  }
}
