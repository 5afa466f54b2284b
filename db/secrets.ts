import { eq } from "drizzle-orm";
import type { Database } from "./database.ts";
import { serverSecrets } from "./schema.ts";

/**
 * A secret that this installation made for itself, the same on all its instances.
 *
 * @param make called if there is none yet; of two that make one at once, the first is kept
 */
export async function getSecret(
  db: Database,
  name: string,
  make: () => string,
): Promise<string> {
  const find = () => db.select().from(serverSecrets).where(eq(serverSecrets.name, name));
  const [found] = await find();
  if (found) return found.value;
  await db.insert(serverSecrets).values({ name, value: make() }).onConflictDoNothing();
  const [made] = await find();
  return (made as { value: string }).value;
}
