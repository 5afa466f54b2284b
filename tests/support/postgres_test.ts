import { deepEqual, equal, rejects } from "node:assert/strict";
import postgres from "postgres";
import { createTestDatabase, openPostgres, startPostgres, testPostgresUrl } from "./postgres.ts";

async function query(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return [...await sql.unsafe(statement)];
  } finally {
    await sql.end();
  }
}

const ignore = !testPostgresUrl;

Deno.test({
  name: "createTestDatabase() copies a template",
  ignore,
  async fn() {
    const template = await createTestDatabase(testPostgresUrl!);
    await query(template, "create table t as select 1 as x");
    const copy = await createTestDatabase(testPostgresUrl!, template);
    deepEqual(await query(copy, "select x from t"), [{ x: 1 }]);
  },
});

Deno.test({
  name: "openPostgres() drops what it made on a server that was there before",
  ignore,
  async fn() {
    const run = await openPostgres();
    const name = new URL(await run.createDatabase()).pathname.slice(1);
    const count = `select count(*)::int as n from pg_database where datname = '${name}'`;
    deepEqual(await query(testPostgresUrl!, count), [{ n: 1 }]);
    await run.stop();
    deepEqual(await query(testPostgresUrl!, count), [{ n: 0 }]);
  },
});

for (const ending of ["is killed", "ends without stopping it"]) {
  Deno.test({
    name: `startPostgres() leaves nothing behind when its process ${ending}`,
    ignore,
    async fn() {
      const folder = await Deno.makeTempDir();
      await Deno.chmod(folder, 0o1777); // as /tmp is, for the server may run as another user
      const child = new Deno.Command(Deno.execPath(), {
        args: [
          "eval",
          "--quiet",
          `import { startPostgres } from ${JSON.stringify(import.meta.resolve("./postgres.ts"))};
          console.log((await startPostgres()).url);
          if (${ending === "is killed"}) setInterval(() => {}, 1000);`,
        ],
        env: { TMPDIR: folder },
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const said = child.stdout.getReader();
      const { value } = await said.read();
      await said.cancel();
      if (ending === "is killed") child.kill("SIGKILL");
      // The shell that keeps the server holds this pipe until it has cleaned up.
      equal(await new Response(child.stderr).text(), "");
      await child.status;
      await rejects(query(new TextDecoder().decode(value).trim(), "select 1"), {
        code: "ECONNREFUSED",
      });
      await Deno.remove(folder); // fails if there is something in it
    },
  });
}

Deno.test({
  name: "startPostgres() comes back at the same address when restarted",
  ignore,
  async fn() {
    const own = await startPostgres();
    await query(own.url, "create table t as select 1 as x");
    await own.restart("immediate");
    deepEqual(await query(own.url, "select x from t"), [{ x: 1 }]);
    await own.stop();
    await rejects(query(own.url, "select 1"), { code: "ECONNREFUSED" });
  },
});
