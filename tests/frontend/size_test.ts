import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { buildPage } from "@/utils/build.ts";

/**
 * What the page may weigh, gzipped, in bytes. Whoever raises it says what the weight is for: the
 * last 1,500 are the way to notifications and their settings, the seam to the part that holds them,
 * which is fetched once the page stands, and saying and minding what is not stored.
 */
const mostBytes = 39_500;

Deno.test("the script and the styles that every visitor loads stay light", async () => {
  const outDir = await Deno.makeTempDir();
  try {
    await buildPage({ outDir });
    const { js, css, preload } = JSON.parse(await readFile(`${outDir}/manifest.json`, "utf8"));
    let bytes = 0;
    for (const path of [js, css, ...preload]) {
      bytes += gzipSync(await readFile(outDir + path), { level: 9 }).length;
    }
    assert.ok(bytes <= mostBytes, `${bytes} bytes are more than ${mostBytes}`);
  } finally {
    await Deno.remove(outDir, { recursive: true });
  }
});
