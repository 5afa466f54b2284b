/**
 * Opens the configured database for a start. Whatever is in the way is told in one line.
 *
 * @module
 */
import type { Config } from "@/utils/config.ts";
import { FolderInUse, lockFolder } from "@/utils/folder_lock.ts";
import { type Log, reasonOf } from "@/utils/log.ts";
import {
  databaseError,
  isTransient,
  type OpenDatabase,
  openEmbedded,
  openPostgres,
} from "./database.ts";
import { migrate, MigrationError } from "./migrate.ts";

/** The database cannot be used, and why; for whoever started the program. */
export class CannotOpen extends Error {
  override name = "CannotOpen";
}

/**
 * Opens the configured database and brings it to this version's schema.
 *
 * @throws {CannotOpen}
 * @throws {FolderInUse} if the embedded one is another process's
 */
export async function openDatabase(config: Config, log: Log): Promise<OpenDatabase> {
  const database = config.databaseUrl === undefined
    ? await openFolder(config, log)
    : await openPostgres(config.databaseUrl);
  try {
    await migrate(database.unhurried);
  } catch (error) {
    throw new CannotOpen(`Cannot start: ${refusal(error, config.databaseUrl)}`, { cause: error });
  }
  return database;
}

/** What the database has against it. */
function refusal(error: unknown, url: string | undefined): string {
  if (error instanceof MigrationError) return error.message;
  const code = databaseError(error)?.code;
  if (isTransient(error)) {
    // What a server without TLS does to who insists on it.
    const hint = code === "ECONNRESET" && /[?&]ssl/.test(url ?? "") ? ": it may take no TLS" : "";
    return `the database of DATABASE_URL does not answer (${code})${hint}`;
  }
  let cause = error;
  while (cause instanceof Error && cause.cause !== undefined) cause = cause.cause;
  const reason = `${reasonOf(cause)}${code === undefined ? "" : ` (${code})`}`;
  return `the database of DATABASE_URL cannot be used: ${reason}`;
}

async function openFolder({ dataDir, mode }: Config, log: Log): Promise<OpenDatabase> {
  const holder = `process ${Deno.pid}, started ${new Date().toISOString()}`;
  const unlock = await lockFolder(dataDir, holder).catch((error) => {
    throw cannotWrite(dataDir, error) ?? error;
  });
  if (mode === "production") {
    log.warn(
      "DATABASE_URL is not set: using the embedded database. It is good for trying out and for " +
        "small sites; it serves one process only and may lose the last moments at a power failure",
      { dataDir },
    );
  }
  const folder = `${dataDir}/postgres`;
  const database = await openEmbedded(folder).catch(async (error) => {
    throw await tryRoom(dataDir).then(
      () =>
        new CannotOpen(
          `Cannot start: the database in ${folder} cannot be opened (${reasonOf(error)}): it is ` +
            "damaged, or of another version of Postgres. Put the folder aside and restore a " +
            'backup, see "Backup and restore" in docs/operations.md',
          { cause: error },
        ),
      (full) => cannotWrite(dataDir, full) ?? full,
    );
  });
  return {
    ...database,
    close: async () => {
      await database.close();
      unlock();
    },
  };
}

/** What the system has against writing there, if that is what it is. */
function cannotWrite(folder: string, error: unknown): CannotOpen | undefined {
  // These say it themselves: somebody else's lock, and a permission that Deno was not given.
  if (error instanceof FolderInUse || error instanceof Deno.errors.NotCapable) return;
  return new CannotOpen(`Cannot start: cannot write to DATA_DIR ${folder}: ${reasonOf(error)}`, {
    cause: error,
  });
}

/** As much as the embedded database asks for at once. */
const roomBytes = 16 * 1024 * 1024;

/** Of a full disk the embedded database only says that it failed. @throws what the system says */
async function tryRoom(folder: string): Promise<void> {
  const path = `${folder}/room`;
  try {
    await Deno.writeFile(path, new Uint8Array(roomBytes));
  } finally {
    await Deno.remove(path).catch(() => {});
  }
}
