import { findPostgres } from "@/tests/support/postgres_binaries.ts";
import type { TestPostgres } from "@/tests/support/postgres.ts";
import { firstExisting } from "@/tests/support/tools.ts";
import postgres from "postgres";

const clients = 10;
const textBytes = 120;

export interface InsertRate {
  perSecond: number;
  /** Mean, milliseconds. */
  latency: number;
}

/**
 * Prepares to let `pgbench` insert messages one by one, each in a transaction of its own: what a
 * database does for a server that stores each message as it comes.
 *
 * @returns measures so many seconds; undefined, said on stderr, where there is no `pgbench`
 */
export async function openInserts(
  on: TestPostgres,
): Promise<((seconds: number) => Promise<InsertRate>) | undefined> {
  const program = await findPgbench();
  if (program === undefined) {
    console.error("pgbench is not installed: single-row inserts are not measured");
    return undefined;
  }
  const databaseUrl = await on.createDatabase();
  const client = postgres(databaseUrl, { max: 1 });
  await client`
    create table plain_messages (
      id uuid primary key,
      content text not null,
      created_at timestamptz not null default now()
    )
  `;
  await client.end();
  return (seconds) => measure(program, databaseUrl, seconds);
}

/** Beside the Postgres that is measured, or where the system has it. */
async function findPgbench(): Promise<string | undefined> {
  const folders = [await findPostgres(), ...(Deno.env.get("PATH") ?? "").split(":")];
  return await firstExisting(folders.map((folder) => `${folder}/pgbench`));
}

async function measure(
  program: string,
  databaseUrl: string,
  seconds: number,
): Promise<InsertRate> {
  const script = await Deno.makeTempFile({ prefix: "parley-bench-" });
  const content = "m".repeat(textBytes);
  await Deno.writeTextFile(
    script,
    `insert into plain_messages (id, content) values (gen_random_uuid(), '${content}');\n`,
  );
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [
      ...["--no-vacuum", "--protocol=prepared", `--client=${clients}`, "--jobs=2"],
      ...[`--time=${seconds}`, `--file=${script}`, databaseUrl],
    ],
    stdin: "null",
    signal: AbortSignal.timeout((seconds + 20) * 1000),
  }).output();
  await Deno.remove(script);
  if (!success) throw new Error(`Cannot run pgbench: ${new TextDecoder().decode(stderr)}`);
  const said = new TextDecoder().decode(stdout);
  return {
    perSecond: Number(/^tps = ([\d.]+)/m.exec(said)?.[1]),
    latency: Number(/^latency average = ([\d.]+) ms/m.exec(said)?.[1]),
  };
}
