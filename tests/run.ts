/**
 * Runs the tests: `deno task test [arguments of deno test]`.
 *
 * Builds the page and opens one Postgres for all files, whose address it hands them, and ends with one
 * line that people and CI can rely on: `N passed, N failed`, and `, N skipped` where something was.
 *
 * @module
 */
import { buildPage } from "@/utils/build.ts";
import { fileURLToPath } from "node:url";
import { openPostgres, type TestPostgres } from "./support/postgres.ts";
import { closingLine, countResults, type Results } from "./support/results.ts";
import { isCi, warnMissing } from "./support/tools.ts";

await buildPage({ outDir: fileURLToPath(new URL("../dist", import.meta.url)) });
const results = await runTests(Deno.args);
const skippedInCi = isCi && results.skipped > 0;
if (skippedInCi) console.error("CI may skip no test");
console.log(closingLine(results));
Deno.exit(results.passed > 0 && results.failed === 0 && !skippedInCi ? 0 : 1);

async function runTests(args: string[]): Promise<Results> {
  let postgres: TestPostgres | undefined;
  try {
    postgres = await openPostgres();
  } catch (error) {
    const remedy = "Install PostgreSQL, or name a server in TEST_DATABASE_URL";
    warnMissing("a Postgres server", remedy, error);
    if (isCi) return { passed: 0, failed: 1, skipped: 0 };
  }
  try {
    return await denoTest(args, postgres?.url ?? "");
  } finally {
    await postgres?.stop();
  }
}

/** Runs `deno test`, on all files unless the arguments name some, and shows what it says. */
async function denoTest(args: string[], databaseUrl: string): Promise<Results> {
  const named = args.some((arg) => /^(\.\/)?tests\b/.test(arg));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "--allow-all", ...args, ...(named ? [] : ["tests/"])],
    env: { TEST_DATABASE_URL: databaseUrl },
    stdin: "null",
    stdout: "piped",
  }).spawn();
  // Ended early, it still comes to the end here, where what was made for it is dropped.
  const end = () => child.kill("SIGTERM");
  Deno.addSignalListener("SIGINT", end);
  Deno.addSignalListener("SIGTERM", end);
  const [shown, kept] = child.stdout.tee();
  const [{ success }, output] = await Promise.all([
    child.status,
    new Response(kept).text(),
    shown.pipeTo(Deno.stdout.writable, { preventClose: true }),
  ]);
  Deno.removeSignalListener("SIGINT", end);
  Deno.removeSignalListener("SIGTERM", end);
  return countResults(output, success);
}
