/**
 * What browsers offer on secure pages only, with what does in its place when a developer opens
 * the page by a plain address in the local network.
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
  return navigator.locks ? navigator.locks.request(name, task) : task();
}

/** Runs `task` unless another tab runs one of this name. */
export async function unlessLocked(
  name: string,
  task: () => Promise<void>,
  otherwise: () => void,
): Promise<void> {
  if (!navigator.locks) return task();
  await navigator.locks.request(
    name,
    { ifAvailable: true },
    (lock) => lock === null ? otherwise() : task(),
  );
}
