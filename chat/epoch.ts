import type { OpenDatabase } from "@/db/database.ts";
import type { Chat } from "./chat.ts";
import { closeCodes } from "./protocol.ts";

/**
 * Which history the database tells. A database that was restored, or failed over to a copy that
 * lagged behind, numbers its next changes as it did others before that clients have seen: nothing
 * of what they hold can be compared with it any more.
 */
export class Epoch {
  private constructor(private readonly database: OpenDatabase, public current: string) {}

  static async open(database: OpenDatabase): Promise<Epoch> {
    return new Epoch(database, await database.epoch());
  }

  /** @returns whether it is another one than before */
  async renew(): Promise<boolean> {
    const before = this.current;
    this.current = await this.database.epoch();
    return this.current !== before;
  }
}

/** To be called every few seconds: notices that the database is another one, and has all start anew. */
export async function watchEpoch(chat: Chat): Promise<void> {
  if (!await chat.epoch.renew()) return;
  chat.log.warn("The database was restored or has failed over: clients load everything anew");
  await chat.connections.closeAll(closeCodes.restart, "The database was replaced");
}
