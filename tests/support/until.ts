/** Looks again and again until something is so; fails if it is not in time. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  patienceMs = 20_000,
): Promise<void> {
  const end = Date.now() + patienceMs;
  while (!await isSo()) {
    if (Date.now() > end) throw new Error(`Waited ${patienceMs / 1_000} s in vain`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Whether somebody listens on this port of 127.0.0.1. */
export async function isListening(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}
