import { sql } from "drizzle-orm";
import type { Database } from "./database.ts";

/** Says each payload on a channel, in order. Postgres takes up to 7,999 bytes a payload. */
export async function notify(db: Database, channel: string, payloads: string[]): Promise<void> {
  await db.execute(sql`
    select pg_notify(${channel}, payload)
    from json_array_elements_text(${JSON.stringify(payloads)}::json) as payload`);
}
