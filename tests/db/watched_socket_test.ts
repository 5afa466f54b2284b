import { watchedSocket } from "@/db/watched_socket.ts";
import assert from "node:assert/strict";
import postgres from "postgres";
import { makeCertificate } from "../support/certificate.ts";
import { type OwnPostgres, startPostgres, testPostgresUrl } from "../support/postgres.ts";
import { until } from "../support/until.ts";

/** Has a server speak TLS as well, as those that are rented do. */
async function allowTls({ url }: OwnPostgres): Promise<void> {
  const admin = postgres(url, { max: 1 });
  const { cert, key } = makeCertificate();
  // By the server itself: it takes a key that is its own alone.
  for (const [file, text] of [["server.crt", cert], ["server.key", key]] as const) {
    const write = `umask 077; echo ${btoa(text)} | base64 -d >${file}`;
    await admin.unsafe(`copy (select 1) to program '${write}'`);
  }
  await admin.unsafe("alter system set ssl = on");
  await admin.unsafe("select pg_reload_conf()");
  await until(async () => {
    const other = postgres(url, { max: 1 });
    const [row] = await other`show ssl`;
    await other.end();
    return row?.ssl === "on";
  });
  await admin.end();
}

/** One connection, which is given up after a second without an answer. */
function connect(url: string, ssl: "require" | "prefer" | false = false) {
  const options = {
    max: 1,
    ssl,
    socket: (to: Parameters<typeof watchedSocket>[0]) => watchedSocket(to, 1_000),
  };
  const client = postgres(url, options);
  return {
    client,
    pid: async () => (await client`select pg_backend_pid() as pid`)[0]?.pid,
    /** @returns the code of the error */
    dawdle: () => client`select pg_sleep(2)`.then(() => undefined, (error) => error.code),
  };
}

Deno.test({
  name: "a connection by TLS is not taken for dead while it is slow, since nothing of it is seen",
  ignore: testPostgresUrl === undefined,
  async fn() {
    const server = await startPostgres();
    await allowTls(server);
    for (const ssl of ["require", "prefer"] as const) {
      const { client, pid, dawdle } = connect(server.url, ssl);
      const [row] = await client`select ssl from pg_stat_ssl where pid = pg_backend_pid()`;
      assert.equal(row?.ssl, true);
      const before = await pid();
      assert.equal(await dawdle(), undefined);
      assert.equal(await pid(), before);
      await client.end();
    }
    await server.stop();
  },
});

Deno.test({
  name: "what is asked in the very moment in which a connection is given up is not forgotten",
  ignore: testPostgresUrl === undefined,
  async fn() {
    const { client, pid, dawdle } = connect(testPostgresUrl as string);
    const before = await pid();
    // At once, as the writer goes on with what waits: the socket has failed and not yet closed.
    const next = dawdle().then((code) => [code, pid().catch((error) => error.code)] as const);
    const [code, answer] = await next;
    assert.equal(code, "ETIMEDOUT");
    assert.equal(await answer, "CONNECTION_CLOSED");
    assert.notEqual(await pid(), before);
    await client.end();
  },
});
