/** Looks again and again until something is so; fails if it is not within 20 s. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000;
  while (!await isSo()) {
    if (Date.now() > end) throw new Error("Waited 20 s in vain");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
