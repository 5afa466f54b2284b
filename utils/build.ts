/**
 * Builds the page with esbuild: one script, one style sheet, hashed names, compressed copies.
 *
 * @module
 */
import * as esbuild from "esbuild";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const root = decodeURIComponent(new URL("../", import.meta.url).pathname);

/** Files of an earlier build stay this long: an open page may still fetch a part of its own. */
const staleMs = 60 * 60_000;

/** Where the page goes, and for whom it is built. */
export interface BuildOptions {
  /** The folder that receives `assets/`, the static files and `manifest.json`. */
  outDir: string;
  /** Readable and uncompressed, for a build on every change. */
  dev?: boolean;
}

/** What the server needs to know of a finished build: the addresses to put into its HTML. */
interface Manifest {
  js: string;
  css: string;
  /** Parts that the script begins with importing, to be fetched along with it. */
  preload: string[];
}

/**
 * Builds the page once.
 *
 * @throws {Error} when the page cannot be compiled; the folder then keeps its earlier build.
 */
export async function buildPage(options: BuildOptions): Promise<void> {
  await esbuild.build(workerConfiguration(options));
  await esbuild.build(statusConfiguration(options));
  await esbuild.build(configuration(options));
  await esbuild.stop();
}

/**
 * Builds the page, and again whenever one of its files changes.
 *
 * @returns a function that stops watching
 */
export async function watchPage(options: BuildOptions): Promise<() => Promise<void>> {
  const contexts = await Promise.all([
    esbuild.context(workerConfiguration(options)),
    esbuild.context(statusConfiguration(options)),
    esbuild.context(configuration(options)),
  ]);
  for (const context of contexts) {
    await context.rebuild();
    await context.watch();
  }
  return async () => {
    for (const context of contexts) await context.dispose();
    await esbuild.stop();
  };
}

function configuration(options: BuildOptions): esbuild.BuildOptions & { write: false } {
  return {
    ...commonConfiguration(options),
    entryPoints: { app: "frontend/main.tsx" },
    entryNames: "assets/[name]-[hash]",
    assetNames: "assets/[name]-[hash]",
    chunkNames: "assets/[name]-[hash]",
    splitting: true,
    write: false,
    metafile: true,
    format: "esm",
    jsx: "automatic",
    jsxImportSource: "preact",
    loader: { ".woff2": "file" },
    plugins: [protocolConstants(), publish(options)],
  };
}

/** The service worker is a file of its own, whose address never changes: browsers know it by it. */
function workerConfiguration(options: BuildOptions): esbuild.BuildOptions {
  return {
    ...commonConfiguration(options),
    entryPoints: { sw: "frontend/worker/main.ts" },
    format: "iife",
  };
}

/** The operator's page is by itself: nobody else loads any of it. */
function statusConfiguration(options: BuildOptions): esbuild.BuildOptions {
  return {
    ...commonConfiguration(options),
    entryPoints: { status: "frontend/status/main.tsx" },
    assetNames: "assets/[name]-[hash]",
    format: "esm",
    jsx: "automatic",
    jsxImportSource: "preact",
    loader: { ".woff2": "file" },
    plugins: [protocolConstants()],
  };
}

function commonConfiguration({ outDir, dev }: BuildOptions): esbuild.BuildOptions {
  return {
    absWorkingDir: root,
    outdir: outDir,
    bundle: true,
    target: ["chrome112", "firefox116", "safari17"],
    alias: { "@": root.slice(0, -1) },
    minify: !dev,
    sourcemap: dev ? "linked" : true,
    legalComments: "none",
    logLevel: "warning",
  };
}

/**
 * Gives the page the protocol's plain constants and leaves its schemas behind: esbuild cannot
 * prove that building them has no side effect, and would carry them and their library along.
 */
export function protocolConstants(): esbuild.Plugin {
  return {
    name: "protocol-constants",
    setup(build) {
      build.onLoad({ filter: /[/\\]chat[/\\]protocol\.ts$/ }, async ({ path }) => {
        const protocol: Record<string, unknown> = await import(`file://${path}`);
        const contents = Object.entries(protocol)
          .filter(([, value]) => isPlain(value))
          .map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};`)
          .join("\n");
        return { contents, loader: "js", watchFiles: [path] };
      });
    },
  };
}

/** Whether a value is data through and through; a schema holds functions. */
function isPlain(value: unknown): boolean {
  if (typeof value === "function" || value === undefined) return false;
  if (typeof value !== "object" || value === null) return true;
  return Object.values(value).every(isPlain);
}

/** Puts a finished build into its folder; the manifest comes last, so that it never points ahead. */
function publish({ outDir, dev }: BuildOptions): esbuild.Plugin {
  return {
    name: "publish",
    setup(build) {
      build.onEnd(async (result) => {
        if (result.errors.length > 0) return;
        const outputs = result.outputFiles ?? [];
        await Deno.mkdir(`${outDir}/assets`, { recursive: true });
        const kept = new Set<string>();
        for (const { path, contents } of outputs) {
          const name = path.slice(path.lastIndexOf("/") + 1);
          kept.add(name);
          await Deno.writeFile(`${outDir}/assets/${name}`, contents);
          if (dev || !/\.(js|css|map)$/.test(name)) continue;
          for (const [ending, bytes] of compressed(contents)) {
            kept.add(name + ending);
            await Deno.writeFile(`${outDir}/assets/${name}${ending}`, bytes);
          }
        }
        await copyFolder(`${root}frontend/static`, outDir);
        await writeManifest(outDir, [...kept], result.metafile);
        await removeOld(`${outDir}/assets`, kept);
        if (!dev) report(outputs);
      });
    },
  };
}

function compressed(contents: Uint8Array): [string, Uint8Array][] {
  return [
    [".gz", gzipSync(contents, { level: 9 })],
    [".br", brotliCompressSync(contents, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } })],
  ];
}

async function copyFolder(from: string, to: string): Promise<void> {
  for await (const entry of Deno.readDir(from)) {
    if (entry.isFile) await Deno.copyFile(`${from}/${entry.name}`, `${to}/${entry.name}`);
  }
}

async function writeManifest(
  outDir: string,
  names: string[],
  metafile: esbuild.Metafile | undefined,
): Promise<void> {
  const address = (ending: string) => {
    const name = names.find((one) => one.startsWith("app-") && one.endsWith(ending));
    if (name === undefined) throw new Error(`Cannot find the built page's ${ending} file`);
    return `/assets/${name}`;
  };
  const js = address(".js");
  const preload = importsOf(metafile?.outputs ?? {}, js.slice(1));
  const manifest: Manifest = { js, css: address(".css"), preload };
  await Deno.writeTextFile(`${outDir}/manifest.json.new`, JSON.stringify(manifest));
  await Deno.rename(`${outDir}/manifest.json.new`, `${outDir}/manifest.json`);
}

/** What a built file imports before it runs, itself and by way of others. */
function importsOf(outputs: esbuild.Metafile["outputs"], file: string): string[] {
  const found = new Set<string>();
  const follow = (ending: string) => {
    const [, output] = Object.entries(outputs).find(([path]) => path.endsWith(ending)) ?? [];
    for (const { path, kind } of output?.imports ?? []) {
      const address = path.slice(path.lastIndexOf("/assets/"));
      if (kind !== "import-statement" || found.has(address)) continue;
      found.add(address);
      follow(address);
    }
  };
  follow(file);
  return [...found];
}

/** Removes what earlier builds left, once no page that was opened with it is likely to ask. */
async function removeOld(folder: string, kept: Set<string>): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    if (kept.has(name)) continue;
    const { mtime } = await Deno.stat(`${folder}/${name}`);
    if (Date.now() - (mtime?.getTime() ?? 0) > staleMs) await Deno.remove(`${folder}/${name}`);
  }
}

/** Prints the sizes that a visitor pays for. */
function report(outputs: esbuild.OutputFile[]): void {
  const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`.padStart(9);
  let total = 0;
  for (const { path, contents } of outputs) {
    if (!/\.(js|css)$/.test(path)) continue;
    const zipped = gzipSync(contents, { level: 9 }).length;
    total += zipped;
    const name = path.slice(path.lastIndexOf("/") + 1);
    console.log(
      `${name.padEnd(20)} ${kilobytes(contents.length)}, gzipped ${kilobytes(zipped)}`,
    );
  }
  console.log(`${"together".padEnd(20)} ${" ".repeat(9)}  gzipped ${kilobytes(total)}`);
}

if (import.meta.main) {
  await buildPage({ outDir: Deno.args[0] ?? `${root}dist` });
}
