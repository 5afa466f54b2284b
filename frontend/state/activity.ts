/**
 * Telling the server whether the member looks at this page and uses it: whoever does needs no mail
 * and no push.
 *
 * @module
 */
import { activityAt } from "../lib/activity.ts";
import { connection, onOpened } from "./chat.ts";

const uses = ["pointerdown", "pointermove", "keydown", "wheel", "scroll", "touchstart", "focus"];

/** Whoever opens the page is there. */
let usedAt = Date.now();
/** What was told on this connection. */
let isToldActive = false;
let timer: number | undefined;

function tell(): void {
  clearTimeout(timer);
  const isVisible = document.visibilityState === "visible";
  const { active, nextMs } = activityAt({ isVisible, usedAt, now: Date.now() });
  if (active || isToldActive) connection.send({ type: "set_activity", active });
  isToldActive = active;
  if (nextMs !== null) timer = setTimeout(tell, nextMs);
}

function noteUse(): void {
  usedAt = Date.now();
  if (!isToldActive) tell();
}

/** Called once; the connection may stand already. */
export function startActivity(): void {
  for (const use of uses) addEventListener(use, noteUse, { capture: true, passive: true });
  addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") noteUse();
    else tell();
  });
  onOpened(() => {
    isToldActive = false;
    tell();
  });
  tell();
}
