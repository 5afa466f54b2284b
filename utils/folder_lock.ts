/**
 * An exclusive lock on a data folder. Two processes on one embedded database ruin it without an
 * error, so the second one must not even open it. The lock is the kernel's and goes with its
 * process, however that ends.
 *
 * @module
 */

/** The folder is another process's; `holder` is what that one wrote about itself. */
export class FolderInUse extends Error {
  override name = "FolderInUse";
  constructor(folder: string, readonly holder: string) {
    super(`Cannot use ${folder}: ${holder} is using it`);
  }
}

/**
 * Takes the lock of a folder, which is made if it is missing.
 *
 * @param holder how this process is named to whoever comes second
 * @returns gives the lock back
 * @throws {FolderInUse} if another process has it
 */
export async function lockFolder(folder: string, holder: string): Promise<() => void> {
  await Deno.mkdir(folder, { recursive: true });
  const path = `${folder}/parley.lock`;
  const file = await Deno.open(path, { read: true, write: true, create: true });
  if (!await file.tryLock(true)) {
    file.close();
    throw new FolderInUse(folder, (await Deno.readTextFile(path)).trim() || "another process");
  }
  await file.truncate();
  await file.write(new TextEncoder().encode(`${holder}\n`));
  return () => file.close();
}
