/**
 * Hostile input for as long as one likes: `deno task fuzz --seed N --frames M [--pglite]`.
 *
 * @module
 */
import { openPostgres } from "../support/postgres.ts";
import { parseArgs } from "node:util";
import { fuzz } from "./fuzz.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    frames: { type: "string", default: "100000" },
    pglite: { type: "boolean", default: false },
  },
});
const [seed, inputs] = [Number(values.seed), Number(values.frames)];
if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(inputs) || inputs < 1) {
  console.error("Usage: deno task fuzz --seed <whole number> --frames <how many> [--pglite]");
  Deno.exit(2);
}
const postgres = values.pglite ? undefined : await openPostgres();
try {
  const figures = await fuzz({
    seed,
    inputs,
    databaseUrl: await postgres?.createDatabase(),
    report: console.log,
  });
  console.log(JSON.stringify(figures));
} finally {
  await postgres?.stop();
}
