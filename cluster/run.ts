/**
 * Three servers to try: `deno task cluster`.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { startPostgres } from "@/tests/support/postgres.ts";
import { buildPage } from "@/utils/build.ts";
import { canCluster, openCluster } from "./cluster.ts";

if (!canCluster) Deno.exit(1);
await buildPage({ outDir: fileURLToPath(new URL("../dist", import.meta.url)) });
const postgres = await startPostgres();
const databaseUrl = await postgres.createDatabase();
const cluster = await openCluster(3, {
  DATABASE_URL: databaseUrl,
  JWT_SECRET: crypto.randomUUID() + crypto.randomUUID(),
});
console.log(`
${cluster.url}  HAProxy, before

${cluster.servers.map(({ url, program }) => `  ${url}  process ${program.pid}`).join("\n")}

with ${cluster.redis.url} between them, on
${databaseUrl}

Register two members in two browsers, kill a process, and write on. Ctrl-C ends it all.`);

await new Promise<void>((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, resolve);
  }
});
await cluster[Symbol.asyncDispose]();
await postgres.stop();
Deno.exit(0);
