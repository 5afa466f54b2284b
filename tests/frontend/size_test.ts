import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { buildPage } from "@/utils/build.ts";

/** What the page may weigh, gzipped, in bytes. Whoever raises it says what the weight is for. */
const mostBytes = 38_000;

Deno.test("the script and the styles that every visitor loads stay light", async () => {
  const outDir = await Deno.makeTempDir();
  try {
    await buildPage({ outDir });
    const { js, css } = JSON.parse(await readFile(`${outDir}/manifest.json`, "utf8"));
    let bytes = 0;
    for (const path of [js, css]) {
      bytes += gzipSync(await readFile(outDir + path), { level: 9 }).length;
    }
    assert.ok(bytes <= mostBytes, `${bytes} bytes are more than ${mostBytes}`);
  } finally {
    await Deno.remove(outDir, { recursive: true });
  }
});
