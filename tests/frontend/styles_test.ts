import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../frontend/styles/", import.meta.url));

Deno.test("no rule is for whatever follows: Chromium styles all that follows a new row again", async () => {
  for (const name of await readdir(folder)) {
    const css = (await readFile(folder + name, "utf8")).replaceAll(/\/\*.*?\*\//gs, "");
    assert.doesNotMatch(css, /[+~]\s*[*:]/, name);
  }
});
