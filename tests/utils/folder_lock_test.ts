import assert from "node:assert/strict";
import { FolderInUse, lockFolder } from "@/utils/folder_lock.ts";

/** Another process, which takes a folder's lock and keeps it until its input ends. */
async function startHolder(folder: string, holder: string) {
  const module = new URL("../../utils/folder_lock.ts", import.meta.url).href;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `import { lockFolder } from ${JSON.stringify(module)};
       await lockFolder(...${JSON.stringify([folder, holder])});
       console.log("locked");
       await new Response(Deno.stdin.readable).text();`,
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value), "locked\n");
  return {
    async end(how: "input" | "SIGKILL") {
      if (how === "SIGKILL") child.kill(how);
      await child.stdin.close().catch(() => "It was killed");
      await child.status;
      await reader.cancel();
    },
  };
}

async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const parent = await Deno.makeTempDir();
  try {
    await test(`${parent}/made/when/missing`);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}

const inUseBy = (folder: string, holder: string) => (error: unknown) => {
  assert.ok(error instanceof FolderInUse);
  assert.equal(error.holder, holder);
  assert.equal(error.message, `Cannot use ${folder}: ${holder} is using it`);
  return true;
};

for (const how of ["input", "SIGKILL"] as const) {
  const end = how === "input" ? "ends" : "is killed";
  Deno.test(`a folder is its first process's alone until that one ${end}`, () =>
    withFolder(async (folder) => {
      const holder = await startHolder(folder, "process 1, started early");
      await assert.rejects(lockFolder(folder, "us"), inUseBy(folder, "process 1, started early"));
      await holder.end(how);
      const unlock = await lockFolder(folder, "us");
      await assert.rejects(lockFolder(folder, "us again"), inUseBy(folder, "us"));
      unlock();
    }));
}

Deno.test("a folder can be locked again once its lock was given back", () =>
  withFolder(async (folder) => {
    (await lockFolder(folder, "one with a long description"))();
    const unlock = await lockFolder(folder, "two");
    await assert.rejects(lockFolder(folder, "three"), inUseBy(folder, "two"));
    unlock();
  }));
