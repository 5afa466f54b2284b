import { newId } from "@/utils/ids.ts";
import { type SQL, sql } from "drizzle-orm";
import { type Database, databaseError, isTransient, select } from "./database.ts";
import { getSecret } from "./secrets.ts";

/** Of the server: it, and its timeline. */
const server = sql`concat_ws(' ',
  (select system_identifier from pg_control_system()),
  substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))`;

/** What a server says that only follows another one, and may be promoted in a moment. */
const isRecovering = (error: unknown) => databaseError(error)?.code === "55000";

/**
 * Which history a Postgres database tells. It becomes another one when the database is restored from
 * a dump (its tables lie in new files), to a point in time or on a promoted copy (a new timeline), as
 * another database or on another server; and when an operator deletes the secret `epoch`, since a
 * snapshot of the disk does not show that it is one.
 *
 * Where the server tells nothing of itself, as some that are rented do not, it is made of the rest.
 */
export async function selectEpoch(db: Database): Promise<string> {
  const mark = await getSecret(db, "epoch", newId);
  try {
    return await hash(db, mark, server);
  } catch (error) {
    if (databaseError(error) === undefined || isTransient(error) || isRecovering(error)) {
      throw error;
    }
    return await hash(db, mark, sql`''`);
  }
}

async function hash(db: Database, mark: string, ofServer: SQL): Promise<string> {
  const [row] = await select<{ epoch: string }>(
    db,
    sql`select md5(concat_ws(' ', ${mark}::text, ${ofServer},
      (select oid from pg_database where datname = current_database()),
      pg_relation_filenode('conversations'))) as epoch`,
  );
  return (row as { epoch: string }).epoch;
}
