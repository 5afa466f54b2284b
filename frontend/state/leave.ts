import { dropDrafts } from "./drafts.ts";
import { fetchLater, later } from "./later.ts";
import { dropOutbox } from "./outbox.ts";
import { navigate, paths } from "./router.ts";
import { logout } from "./session.ts";

/** Signing out does not wait for the server longer than this, in milliseconds. */
const patienceMs = 2_000;

/** Signs out and leaves nothing of the member in this browser. */
export async function leave(): Promise<void> {
  await Promise.race([fetchLater().then(() => later.value?.forgetPush()), after(patienceMs)]);
  await dropOutbox();
  dropDrafts();
  logout();
  navigate(paths.login);
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
