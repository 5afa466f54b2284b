/**
 * The accessibility of a screen, as axe judges it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

let source: Promise<string> | undefined;

interface AxeViolation {
  id: string;
  impact: string | null;
  nodes: { html: string }[];
}

/** Fails if axe finds something serious on what a page shows now, in light or in dark. */
export async function findsNothingSerious(page: Page, screen: string): Promise<void> {
  source ??= readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.evaluate(atRest);
    // Told to the engine rather than put into the page, whose policy takes no foreign script.
    await page.evaluate(await source);
    const found = await page.evaluate(async () => {
      const { axe } = globalThis as unknown as {
        axe: { run(): Promise<{ violations: AxeViolation[] }> };
      };
      const { violations } = await axe.run();
      return violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
    });
    assert.deepEqual(found, [], `${screen}, ${colorScheme}`);
  }
}

/**
 * Resolves, in the page, once what was just changed is drawn: colours on their way have another
 * contrast. A text, since the names of the page's world mean nothing here.
 */
const atRest = `(async () => {
  for (let frame = 0; frame < 2; frame++) {
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
  const ending = document.getAnimations()
    .filter((animation) => animation.effect.getComputedTiming().endTime !== Infinity);
  await Promise.allSettled(ending.map((animation) => animation.finished));
})()`;
