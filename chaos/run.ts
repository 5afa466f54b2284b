/**
 * Kills, cuts and stalls a real installation while members write to each other, and then proves
 * that nothing was lost: `deno task chaos [options]`.
 *
 * @module
 */
import { buildPage } from "@/utils/build.ts";
import { fileURLToPath } from "node:url";
import { check, type Violation } from "./check.ts";
import { Mess } from "./mess.ts";
import { type Options, readOptions, usage } from "./options.ts";
import { report } from "./report.ts";

const progressMs = 5_000;

async function run(options: Options): Promise<Violation[]> {
  await buildPage({ outDir: fileURLToPath(new URL("../dist", import.meta.url)) });
  const { seed, members, rate } = options;
  console.error(`starting ${members} members, two servers and Postgres, seed ${seed}`);
  await using mess = await Mess.open({ seed, members, rate, ms: options.minutes * 60_000 });
  const timer = setInterval(() => console.error(mess.progress), progressMs);
  try {
    await mess.run();
    const restless = await mess.calm();
    console.error(mess.progress);
    const violations = [
      ...restless.map((found) => ({ invariant: "all becomes calm", found })),
      ...await check(mess),
    ];
    const text = await report(options, mess, violations);
    console.log(text);
    if (options.report !== undefined) await Deno.writeTextFile(options.report, text);
    return violations;
  } finally {
    clearInterval(timer);
  }
}

if (import.meta.main) {
  let options: Options;
  try {
    options = readOptions(Deno.args);
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`.trim());
    Deno.exit((error as Error).message === "" ? 0 : 2);
  }
  const violations = await run(options);
  Deno.exit(violations.length > 0 ? 1 : 0);
}
