import { dropDrafts } from "./drafts.ts";
import { fetchLater, later } from "./later.ts";
import { dropOutbox, outboxWritten } from "./outbox.ts";
import { navigate, paths } from "./router.ts";
import { logout } from "./session.ts";

/** Signing out does not wait for the server longer than this, in milliseconds. */
const patienceMs = 2_000;

/** Signs out. @param keeps whether what is not sent waits here for the member; else nothing of them stays */
export async function leave(keeps: boolean): Promise<void> {
  await Promise.race([fetchLater().then(() => later.value?.forgetPush()), after(patienceMs)]);
  if (!keeps) {
    dropOutbox();
    dropDrafts();
  }
  await Promise.race([outboxWritten(), after(patienceMs)]);
  logout();
  navigate(paths.login);
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
