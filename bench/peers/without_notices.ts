/**
 * Parley on Postgres that tells nobody of what they miss: its write path notes no message for those
 * who are away, and everything else is as ever. What notices cost is measured against it.
 *
 * @module
 */
import { announceText } from "@/chat/chat.ts";
import { createWriter } from "@/chat/writer.ts";
import { openPostgres } from "@/db/database.ts";
import { serve } from "@/main.ts";
import { readConfig } from "@/utils/config.ts";
import { createLog } from "@/utils/log.ts";

const config = readConfig(Deno.env.toObject(), "production");
const log = createLog(config.logLevel, "json");
const database = await openPostgres(config.databaseUrl as string);
const { chat } = await serve(config, database, { log });
chat.writer = createWriter(chat.db, {
  clock: chat.clock,
  log,
  announce: (to, frame, audience) => announceText(chat, to, frame, audience),
  noticed: () => {},
});
