import type { TestPostgres } from "@/tests/support/postgres.ts";
import { firstExisting } from "@/tests/support/tools.ts";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { secret } from "../../accounts.ts";
import type { Pair } from "../../load/plan.ts";
import { freePort, runToEnd, startServer } from "../../processes.ts";
import { postmasterPid, type Target } from "../../targets.ts";

const folder = fileURLToPath(new URL("server", import.meta.url));
const installMs = 300_000;

/**
 * Socket.IO, Express and pg on Node, on the same Postgres as Parley.
 *
 * @returns undefined, said on stderr, where there is no Node
 */
export async function startSocketIo(
  on: TestPostgres,
  pairs: Pair[],
  say: (what: string) => void,
): Promise<Target | undefined> {
  const folders = (Deno.env.get("PATH") ?? "").split(":");
  const node = await firstExisting(folders.map((folder) => `${folder}/node`));
  if (node === undefined) {
    console.error("Node is not installed: its peer is not measured");
    return undefined;
  }
  await install(say);
  const databaseUrl = await on.createDatabase();
  await prepare(databaseUrl, pairs);
  const port = freePort();
  const server = await startServer(port, {
    path: node,
    args: ["server.js"],
    cwd: folder,
    env: {
      PORT: String(port),
      DATABASE_URL: databaseUrl,
      JWT_SECRET: secret,
      NODE_ENV: "production",
    },
  });
  return {
    name: "Socket.IO, Express, pg",
    protocol: "socketio",
    role: "peer",
    server,
    databasePid: await postmasterPid(databaseUrl),
    acknowledged: 0,
    async countStored() {
      await server.stop();
      const sql = postgres(databaseUrl, { max: 1 });
      const [row] = await sql<{ stored: number }[]>`select count(*)::int as stored from messages`;
      await sql.end();
      return row?.stored ?? 0;
    },
  };
}

/** Its packages, exactly as its lock names them, unless they are there. */
async function install(say: (what: string) => void): Promise<void> {
  const [wanted, there] = await Promise.all(
    ["package-lock.json", "node_modules/.package-lock.json"].map((name) =>
      Deno.stat(`${folder}/${name}`).catch(() => undefined)
    ),
  );
  if (there?.mtime && wanted?.mtime && there.mtime >= wanted.mtime) return;
  say("installing the Socket.IO peer's packages, once");
  const args = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
  await runToEnd({ path: "npm", args, cwd: folder }, "", installMs);
}

async function prepare(databaseUrl: string, pairs: Pair[]): Promise<void> {
  const sql = postgres(databaseUrl, { max: 1 });
  await sql.file(`${folder}/schema.sql`);
  const participants = pairs.flatMap(({ conversationId, members }) =>
    members.map(({ id }) => ({ conversation_id: conversationId, user_id: id }))
  );
  await sql`insert into users ${sql(participants.map(({ user_id }) => ({ id: user_id })))}`;
  await sql`insert into conversations ${
    sql(pairs.map(({ conversationId }) => ({ id: conversationId })))
  }`;
  await sql`insert into participants ${sql(participants)}`;
  await sql.end();
}
