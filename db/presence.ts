import { sql } from "drizzle-orm";
import { type Database, select } from "./database.ts";
import { uuids } from "./users.ts";

/**
 * Says that an instance runs.
 *
 * @returns whether its row had to be made, or made again
 */
export async function upsertInstance(
  db: Database,
  id: string,
): Promise<"inserted" | "updated"> {
  const [row] = await select<{ inserted: boolean }>(
    db,
    sql`insert into instances (id, heard_at) values (${id}, clock_timestamp())
      on conflict (id) do update set heard_at = excluded.heard_at
      returning xmax = 0 as inserted`,
  );
  return row?.inserted ? "inserted" : "updated";
}

/** Notes that members have connections on an instance. */
export async function insertPresence(
  db: Database,
  userIds: string[],
  instanceId: string,
): Promise<void> {
  if (userIds.length === 0) return;
  await db.execute(sql`insert into presence (user_id, instance_id)
    select user_id, ${instanceId} from unnest(${uuids(userIds)}) as user_id
    on conflict do nothing`);
}

/** Notes that members no longer have connections on an instance. */
export async function deletePresence(
  db: Database,
  userIds: string[],
  instanceId: string,
): Promise<void> {
  if (userIds.length === 0) return;
  await db.execute(sql`delete from presence
    where user_id = any(${uuids(userIds)}) and instance_id = ${instanceId}`);
}

/**
 * Which of these members have a connection on an instance.
 *
 * @param notOn an instance that does not count
 */
export async function selectOnline(
  db: Database,
  userIds: string[],
  notOn?: string,
): Promise<string[]> {
  const rows = await select<{ userId: string }>(
    db,
    sql`select distinct user_id as "userId" from presence
      where user_id = any(${uuids(userIds)})
        and instance_id is distinct from ${notOn ?? null}::uuid`,
  );
  return rows.map((row) => row.userId);
}

/**
 * Notes that members are active, wherever they are connected: frames that come by POST may come to
 * another instance than the one that holds the stream.
 *
 * @param at milliseconds since 1970
 */
export async function updateActive(db: Database, userIds: string[], at: number): Promise<void> {
  if (userIds.length === 0) return;
  await db.execute(sql`
    with present as (
      select user_id, instance_id from presence where user_id = any(${uuids(userIds)})
      order by user_id, instance_id for no key update
    )
    update presence p set active_at = ${iso(at)}::timestamptz from present
    where p.user_id = present.user_id and p.instance_id = present.instance_id`);
}

/**
 * Notes that members are no longer active, unless another instance has heard of them since.
 *
 * @param since when it was last written that they are, in milliseconds since 1970
 */
export async function clearActive(
  db: Database,
  members: { userId: string; since: number }[],
): Promise<void> {
  if (members.length === 0) return;
  await db.execute(sql`
    with present as (
      select p.user_id, p.instance_id
      from presence p
      join json_to_recordset(${
    JSON.stringify(members.map(({ userId, since }) => ({ userId, since: iso(since) })))
  }::json) as i("userId" uuid, since timestamptz)
        on i."userId" = p.user_id and p.active_at <= i.since
      order by p.user_id, p.instance_id for no key update of p
    )
    update presence p set active_at = null from present
    where p.user_id = present.user_id and p.instance_id = present.instance_id`);
}

/**
 * Which of these members were active since a time on another instance than this.
 *
 * @param since milliseconds since 1970
 */
export async function selectActive(
  db: Database,
  userIds: string[],
  since: number,
  notOn: string,
): Promise<string[]> {
  const rows = await select<{ userId: string }>(
    db,
    sql`select distinct user_id as "userId" from presence
      where user_id = any(${uuids(userIds)}) and instance_id <> ${notOn}
        and active_at > ${iso(since)}::timestamptz`,
  );
  return rows.map((row) => row.userId);
}

/** An instance, and when it was heard of last, by the database's clock. Good for comparing alone. */
export interface Heard {
  id: string;
  at: string;
}

/** All instances that have not been removed. */
export function selectInstances(db: Database): Promise<Heard[]> {
  return select<Heard>(db, sql`select id, heard_at::text as at from instances`);
}

/**
 * Removes those of these instances that have not been heard of since. Of several that look at once,
 * one finds each.
 *
 * @returns the members who had sockets there
 */
export function deleteSilentInstances(db: Database, silent: Heard[]): Promise<string[]> {
  if (silent.length === 0) return Promise.resolve([]);
  return db.transaction(async (tx) => {
    const gone = await select<{ id: string }>(
      tx,
      sql`select i.id from instances i
        join json_to_recordset(${JSON.stringify(silent)}::json) as s(id uuid, at text)
          on s.id = i.id and s.at::timestamptz = i.heard_at
        for update of i skip locked`,
    );
    return deleteInstances(tx, gone.map((row) => row.id));
  });
}

/** Removes instances. @returns the members who had sockets there */
export async function deleteInstances(db: Database, ids: string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const rows = await select<{ userId: string }>(
    db,
    sql`delete from presence where instance_id = any(${uuids(ids)})
      returning user_id as "userId"`,
  );
  await db.execute(sql`delete from instances where id = any(${uuids(ids)})`);
  return [...new Set(rows.map((row) => row.userId))];
}

const iso = (time: number) => new Date(time).toISOString();
