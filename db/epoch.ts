import { newId } from "@/utils/ids.ts";
import { sql } from "drizzle-orm";
import { type Database, select } from "./database.ts";
import { getSecret } from "./secrets.ts";

/**
 * Which history a Postgres database tells. It becomes another one when the database is restored from
 * a dump (its tables lie in new files), to a point in time or on a promoted copy (a new timeline), as
 * another database or on another server; and when an operator deletes the secret `epoch`, since a snapshot of the disk
 * does not show that it is one.
 */
export async function selectEpoch(db: Database): Promise<string> {
  const mark = await getSecret(db, "epoch", newId);
  const [row] = await select<{ epoch: string }>(
    db,
    sql`select md5(concat_ws(' ', ${mark}::text,
      (select system_identifier from pg_control_system()),
      substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8),
      (select oid from pg_database where datname = current_database()),
      pg_relation_filenode('conversations'))) as epoch`,
  );
  return (row as { epoch: string }).epoch;
}
