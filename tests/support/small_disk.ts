/**
 * A disk that is soon full.
 *
 * @module
 */

/** Mounted at `folder`, in memory. */
export interface SmallDisk {
  folder: string;
  /** Takes all the room that is left. */
  fill(): Promise<void>;
  /** Gives it back. */
  free(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Only root may mount, and only on Linux is there a tmpfs. */
export const canMount: boolean = Deno.build.os === "linux" && Deno.uid() === 0 && await tries();

/** @param options `readOnly`: nothing can be written at all */
export async function mountSmallDisk(
  megabytes: number,
  { readOnly = false } = {},
): Promise<SmallDisk> {
  const folder = await Deno.makeTempDir({ prefix: "parley-disk-" });
  const options = `size=${megabytes}m,mode=777${readOnly ? ",ro" : ""}`;
  await run("mount", "-t", "tmpfs", "-o", options, "tmpfs", folder);
  const filler = `${folder}/filler`;
  return {
    folder,
    async fill() {
      const file = await Deno.open(filler, { write: true, create: true, append: true });
      const block = new Uint8Array(4_096);
      try {
        for (;;) await file.write(block);
      } catch {
        // It is full.
      } finally {
        file.close();
      }
    },
    free: () => Deno.remove(filler),
    async [Symbol.asyncDispose]() {
      // Lazily: whoever still has a file open there keeps it, and nobody else.
      await run("umount", "--lazy", folder);
      await Deno.remove(folder);
    },
  };
}

/** A container's root may not mount. */
async function tries(): Promise<boolean> {
  try {
    await (await mountSmallDisk(1))[Symbol.asyncDispose]();
    return true;
  } catch {
    return false;
  }
}

async function run(command: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args }).output();
  if (!success) throw new Error(`Cannot ${command}: ${new TextDecoder().decode(stderr).trim()}`);
}
