/**
 * How many messages wait, told where it is seen from other tabs and programs: in the title, on the
 * tab's icon and on that of the installed page.
 *
 * @module
 */
import { effect } from "@preact/signals";
import { unreadTotal } from "./conversations.ts";

const title = "Parley";

export function startUnreadBadge(): void {
  effect(() => {
    const count = unreadTotal.value;
    document.title = count > 0 ? `(${count}) ${title}` : title;
    const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
    if (icon) icon.href = count > 0 ? "/favicon-unread.svg" : "/favicon.svg";
    // Where the page is not installed some browsers refuse, and nothing is lost.
    const badge = count > 0 ? navigator.setAppBadge?.(count) : navigator.clearAppBadge?.();
    badge?.catch(() => undefined);
  });
}
