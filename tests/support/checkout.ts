/**
 * Copies of the project to run the program in: what it writes lands there, and a page that is
 * missing there is missing for nobody else.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { type Program, startProgram } from "./process.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What the server is made of. */
const parts = [
  "chat",
  "db",
  "drizzle",
  "routes",
  "utils",
  "vendor",
  "main.ts",
  "deno.json",
  "deno.lock",
];

export interface Checkout {
  folder: string;
  /** Runs `main.ts <command>` there, as its task would, with these settings alone. */
  start(command: string, env: Record<string, string>): Program;
  [Symbol.asyncDispose](): Promise<void>;
}

/** @param options `built`: whether the page lies in `dist/`, as far as the program looks at it */
export async function makeCheckout({ built = true } = {}): Promise<Checkout> {
  const folder = await Deno.makeTempDir();
  for (const part of parts) await copy(`${root}${part}`, `${folder}/${part}`);
  for (const member of ["frontend", "frontend/worker"]) {
    await Deno.mkdir(`${folder}/${member}`);
    await Deno.copyFile(`${root}${member}/deno.json`, `${folder}/${member}/deno.json`);
  }
  await Deno.symlink(`${root}node_modules`, `${folder}/node_modules`);
  if (built) {
    await Deno.mkdir(`${folder}/dist`);
    const manifest = { js: "/assets/app.js", css: "/assets/app.css", preload: [] };
    await Deno.writeTextFile(`${folder}/dist/manifest.json`, JSON.stringify(manifest));
  }
  return {
    folder,
    start: (command, env) => startProgram(command, env, folder),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

async function copy(from: string, to: string): Promise<void> {
  if ((await Deno.stat(from)).isFile) return await Deno.copyFile(from, to);
  await Deno.mkdir(to);
  for await (const { name } of Deno.readDir(from)) await copy(`${from}/${name}`, `${to}/${name}`);
}
