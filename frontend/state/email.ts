/**
 * The address of the member's account: giving another one, and what waits to be confirmed.
 *
 * @module
 */
import { signal } from "@preact/signals";
import type { Self } from "@/chat/protocol.ts";
import { ApiError, reasonOf } from "../api.ts";
import { storage } from "../lib/browser.ts";
import { call, onMember, self } from "./session.ts";

/** The address that the member was reminded of and put off. */
const putOffKey = "parley.putOff";
export const putOff = signal(storage.get(putOffKey));
/** What became of sending the mail to confirm once more. */
export const resent = signal<{ isError: boolean; text: string } | null>(null);
let isSending = false;

/** @throws {ApiError} with `details.errors` for the fields that were wrong */
export async function changeEmail(email: string, password: string): Promise<void> {
  keep(await call<Self>("PUT", "/api/auth/email", { email, password }));
  resent.value = null;
}

/** Has the mail to confirm sent once more. */
export async function resendMail(): Promise<void> {
  if (isSending) return;
  isSending = true;
  resent.value = null;
  const asker = self.value?.id;
  const outcome = await call("POST", "/api/auth/email/resend").then(
    () => ({ isError: false, text: "Sent. It may take a minute." }),
    (error) => ({ isError: true, text: reasonNot(error) }),
  );
  isSending = false;
  if (self.value?.id === asker) resent.value = outcome;
}

function reasonNot(error: unknown): string {
  const seconds = error instanceof ApiError ? error.details.retryAfter : undefined;
  if (seconds === undefined || seconds < 60) return reasonOf(error);
  return `That is enough for now. Try again in ${Math.ceil(seconds / 60)} minutes.`;
}

/** Says no more of the address that waits. */
export function putOffConfirming(): void {
  putOff.value = self.value?.pendingEmail ?? null;
  storage.set(putOffKey, putOff.value);
}

/** Called once. Confirming happens elsewhere: whoever comes back from there sees it. */
export function startEmail(): void {
  const look = () => {
    if (document.visibilityState === "visible" && self.value?.pendingEmail) loadSelf();
  };
  addEventListener("visibilitychange", look);
  addEventListener("focus", look);
  onMember((id) => {
    resent.value = null;
    if (id === null) storage.set(putOffKey, putOff.value = null);
  });
}

async function loadSelf(): Promise<void> {
  await call<Self>("GET", "/api/auth/me").then(keep, () => undefined);
}

/** Unless somebody else has signed in meanwhile. */
function keep(member: Self): void {
  if (member.id === self.value?.id) self.value = member;
}
