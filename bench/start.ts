import type { TestPostgres } from "@/tests/support/postgres.ts";
import { startParley } from "./targets.ts";

/** Seconds from the command to the first good answer of `/api/ready`. */
export interface StartTimes {
  /** On nothing: the database is made, or brought to the schema, first. */
  cold: number;
  /** On what the cold start left. */
  warm: number;
}

async function measure(at: Parameters<typeof startParley>[0]): Promise<StartTimes> {
  const cold = await startParley(at);
  await cold.stop();
  const warm = await startParley(at);
  await warm.stop();
  return { cold: cold.secondsToReady, warm: warm.secondsToReady };
}

export async function measureStartOnPGlite(): Promise<StartTimes> {
  const folder = await Deno.makeTempDir({ prefix: "parley-bench-" });
  try {
    return await measure({ folder });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

export async function measureStartOnPostgres(postgres: TestPostgres): Promise<StartTimes> {
  return await measure({ databaseUrl: await postgres.createDatabase() });
}
