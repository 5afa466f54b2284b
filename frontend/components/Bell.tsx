import { badgeText } from "../lib/text.ts";
import { later } from "../state/later.ts";
import { paths, route } from "../state/router.ts";
import { Icon } from "./Icon.tsx";

/** The way to the list of notifications, with how many have not been seen. */
export function Bell() {
  const count = later.value?.unreadNotifications.value ?? 0;
  return (
    <a
      class="icon-button bell"
      href={paths.notifications}
      aria-label={count > 0 ? `Notifications, ${count} unread` : "Notifications"}
      aria-current={route.value.name === "notifications" ? "page" : undefined}
    >
      <Icon name="bell" />
      {count > 0 && <span class="badge">{badgeText(count)}</span>}
    </a>
  );
}
