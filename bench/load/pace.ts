const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Calls `write` `rate` times a second until it says that this was the last, by the clock, however
 * long an answer takes: what came late because the one before was late is told by when it was due.
 *
 * @param write is given which it is, from 0, and when it was due
 */
export async function pace(
  rate: number,
  write: (n: number, dueAt: number) => boolean,
): Promise<void> {
  const started = performance.now();
  for (let n = 0;; n++) {
    const dueAt = started + n / rate * 1000;
    while (performance.now() < dueAt) await sleep(1);
    if (!write(n, dueAt)) return;
  }
}
