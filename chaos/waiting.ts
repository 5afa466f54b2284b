/** Waits; ends early, without an error, when the signal says so. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done);
  });
}

/**
 * Looks every now and then whether something has come to be.
 *
 * @param mostMs when to give up
 * @returns whether it has
 */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  mostMs: number,
  everyMs = 100,
): Promise<boolean> {
  const end = performance.now() + mostMs;
  while (!await isSo()) {
    if (performance.now() > end) return false;
    await sleep(everyMs);
  }
  return true;
}
