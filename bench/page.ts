import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { deno, runToEnd } from "./processes.ts";

const dist = fileURLToPath(new URL("../dist", import.meta.url));
const buildMs = 60_000;

/** Bytes that a visitor's browser fetches of the page, gzipped. */
export interface PageSize {
  /** What the page begins with. */
  js: number;
  css: number;
  /** Scripts that it fetches when they are first needed. */
  laterJs: number;
}

/** Builds the page as `deno task build` does, so that a server can be started, if there is none. */
export async function ensurePage(): Promise<void> {
  const built = await Deno.stat(`${dist}/manifest.json`).then(() => true, () => false);
  if (!built) await build(dist);
}

async function build(folder: string): Promise<void> {
  await runToEnd(deno(["--allow-all", "utils/build.ts", folder]), "", buildMs);
}

/** Builds the page into a folder of its own, since `dist/` may be older, and measures it. */
export async function measurePage(): Promise<PageSize> {
  const folder = await Deno.makeTempDir({ prefix: "parley-bench-" });
  try {
    await build(folder);
    return await measureFolder(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function measureFolder(folder: string): Promise<PageSize> {
  const { js, css, preload } = JSON.parse(await Deno.readTextFile(`${folder}/manifest.json`));
  const begins = [js, ...preload].map((path) => path.slice(path.lastIndexOf("/") + 1));
  const size = { js: 0, css: 0, laterJs: 0 };
  for await (const { name } of Deno.readDir(`${folder}/assets`)) {
    if (!/\.(js|css)$/.test(name)) continue;
    const kind = begins.includes(name) ? "js" : css.endsWith(name) ? "css" : "laterJs";
    size[kind] += gzipSync(await Deno.readFile(`${folder}/assets/${name}`), { level: 9 }).length;
  }
  return size;
}
