import { drafts, isDraftStored } from "./drafts.ts";
import { hasUnstoredLine } from "./outbox.ts";

/** Whether something unsent is in this page alone, and lost with it. */
export function hasUnstored(): boolean {
  return hasUnstoredLine() ||
    [...drafts.value].some(([key, text]) => !isDraftStored(key, text));
}

/** Has the browser ask before the page goes away with it. */
export function startUnstored(): void {
  addEventListener("beforeunload", (event) => {
    if (hasUnstored()) event.preventDefault();
  });
}
