import { announcement } from "../state/announcement.ts";

/** Tells screen readers of messages that come in. */
export function Announcer() {
  return <div class="visually-hidden" aria-live="polite">{announcement.value}</div>;
}
