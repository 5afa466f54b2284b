/**
 * A real Chromium for the tests of the page.
 *
 * @module
 */
import { delimiter, join } from "node:path";
import { firstExisting, installTool, isCi, onlyNpmTools, warnMissing } from "./tools.ts";

/** Arguments for a headless browser that opens our own pages and calls nobody else. */
export const launchArgs: string[] = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-default-apps",
  "--disable-dev-shm-usage",
  "--disable-gpu",
  "--disable-quic",
  "--disable-sync",
  "--no-default-browser-check",
  "--no-first-run",
  // Chromium refuses to run as root in its sandbox.
  ...(Deno.build.os !== "windows" && Deno.uid() === 0 ? ["--no-sandbox"] : []),
];

let found: Promise<string | undefined> | undefined;

/**
 * Returns the browser's path: the environment's `CHROMIUM_PATH`, else an installed Chromium or
 * Chrome, else that of the npm package, installed if need be. Where none can be had it says so on
 * stderr and returns undefined, so that the tests can be skipped; in CI it throws instead.
 */
export function chromiumPath(): Promise<string | undefined> {
  found ??= findChromium().catch((error) => {
    if (isCi) throw error;
    warnMissing("a browser", "Install chromium, or name one in CHROMIUM_PATH", error);
    return undefined;
  });
  return found;
}

async function findChromium(): Promise<string> {
  const chosen = Deno.env.get("CHROMIUM_PATH");
  if (chosen) {
    if (await firstExisting([chosen])) return chosen;
    throw new Error(`Cannot find CHROMIUM_PATH ${chosen}`);
  }
  const installed = onlyNpmTools ? undefined : await firstExisting(usualPaths());
  if (installed) return installed;
  if (Deno.build.target !== "x86_64-unknown-linux-gnu") {
    throw new Error(`Cannot install Chromium from npm: it has none for ${Deno.build.target}`);
  }
  return await installTool("chromium");
}

function usualPaths(): string[] {
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
  const folders = ["/usr/bin", ...(Deno.env.get("PATH") ?? "").split(delimiter)];
  return [
    ...folders.flatMap((folder) => names.map((name) => join(folder, name))),
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  ];
}
