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
const postgres = values.pglite ? undefined : await openPostgres();
try {
  const figures = await fuzz({
    seed: Number(values.seed),
    inputs: Number(values.frames),
    databaseUrl: await postgres?.createDatabase(),
    report: console.log,
  });
  console.log(JSON.stringify(figures));
} finally {
  await postgres?.stop();
}
