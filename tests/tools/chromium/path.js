/**
 * Unpacks Chromium once into `.cache/` here and prints the path of a script that starts it.
 * Run with this folder's deno.json, which installs it: see tests/support/tools.ts.
 */
import chromium, { inflate } from "@sparticuz/chromium";
import { chmod, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const packageDir = dirname(
  dirname(fileURLToPath(import.meta.resolve("@sparticuz/chromium"))),
);
const { version } = JSON.parse(await readFile(join(packageDir, "package.json"), "utf8"));
const cache = join(import.meta.dirname, ".cache");
const home = join(cache, version);

/** The system's fonts where it has some, and the package's own in any case. */
const fonts = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>${join(home, "fonts")}</dir>
  <cachedir>${join(home, "fonts-cache")}</cachedir>
</fontconfig>
`;

/**
 * The libraries that a server's system lacks come with the package. It has no sandbox helper of
 * its own, and some systems refuse an unknown program the kernel's: the tests open our pages only.
 */
const start = `#!/bin/sh
here=$(dirname "$0")
export LD_LIBRARY_PATH="$here/al2023/lib" FONTCONFIG_FILE="$here/fonts.conf"
exec "$here/chromium" --no-sandbox "$@"
`;

/** Unpacks beside the final place and renames, so that a run cut short leaves no half of it. */
async function unpack() {
  await mkdir(cache, { recursive: true });
  const unfinished = await mkdtemp(join(cache, "unpacking-"));
  try {
    process.env.TMPDIR = unfinished; // where the package unpacks to
    await chromium.executablePath();
    await inflate(join(packageDir, "bin", "al2023.tar.br"));
    await writeFile(join(unfinished, "fonts.conf"), fonts);
    await writeFile(join(unfinished, "start"), start);
    await chmod(join(unfinished, "start"), 0o755);
    await rename(unfinished, home);
  } catch (error) {
    await rm(unfinished, { recursive: true });
    // Another run may have been quicker; its result is as good.
    if (!await exists(home)) throw error;
  }
}

function exists(path) {
  return stat(path).then(() => true, () => false);
}

if (!await exists(home)) await unpack();
console.log(join(home, "start"));
