/**
 * Doing again what the server refused for now. Messages are not among it: the outbox repeats them.
 *
 * @module
 */
import { onFrame } from "./chat.ts";
import { repeatMarks } from "./marks.ts";
import { join } from "./messages.ts";
import { sync } from "./sync.ts";

let timer: number | undefined;

/** Waits as long as the server says; then all that has no answer of its own is said once more. */
export function startRepeating(): void {
  onFrame((frame) => {
    if (frame.type !== "error" || !frame.retryAfter) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      repeatMarks();
      join();
      sync();
    }, frame.retryAfter * 1_000);
  });
}
