import type { TargetedUIEvent } from "preact";
import { useEffect } from "preact/hooks";
import {
  hasMoreNotifications,
  isLoadingNotifications,
  loadMoreNotifications,
  loadNotifications,
  notifications,
  notificationsError,
  readAllNotifications,
  unreadNotifications,
} from "../state/notifications.ts";
import { paths } from "../state/router.ts";
import { Icon } from "./Icon.tsx";
import { Notice } from "./Notice.tsx";
import { NotificationRow } from "./NotificationRow.tsx";
import { ListSkeleton } from "./Skeleton.tsx";
import { BackLink } from "./ThreadHeader.tsx";

/** So close to its end the list fetches more, in pixels. */
const edge = 400;

/** What happened while the member was away. */
export function NotificationList() {
  useEffect(() => {
    loadNotifications();
  }, []);
  return (
    <section class="thread" aria-label="Notifications">
      <header class="thread-header">
        <BackLink />
        <div class="thread-title">
          <h1>Notifications</h1>
        </div>
        {unreadNotifications.value > 0 && (
          <button type="button" class="quiet-button" onClick={readAllNotifications}>
            Mark all as read
          </button>
        )}
        <a class="icon-button" href={paths.settings} aria-label="Notification settings">
          <Icon name="settings" />
        </a>
      </header>
      <Entries />
    </section>
  );
}

function Entries() {
  const list = notifications.value;
  const error = notificationsError.value;
  const onScroll = ({ currentTarget: area }: TargetedUIEvent<HTMLDivElement>) => {
    const left = area.scrollHeight - area.scrollTop - area.clientHeight;
    if (left < edge && hasMoreNotifications()) loadMoreNotifications();
  };
  if (list === null) {
    return error === null
      ? <ListSkeleton />
      : <Notice title="The list could not be loaded" text={error} retry={loadNotifications} />;
  }
  if (list.length === 0) {
    return (
      <Notice
        title="Nothing has happened yet"
        text="What comes while you are away is gathered here."
        hasArt
      />
    );
  }
  return (
    <div class="list" onScroll={onScroll}>
      <ul class="notifications">
        {list.map((entry) => <NotificationRow key={entry.id} entry={entry} />)}
      </ul>
      {isLoadingNotifications.value && hasMoreNotifications() && <span class="spinner list-more" />}
      {error !== null && (
        <p class="list-more" role="alert">
          {error}
          <button
            type="button"
            class="link-button"
            onClick={hasMoreNotifications() ? loadMoreNotifications : loadNotifications}
          >
            Try again
          </button>
        </p>
      )}
    </div>
  );
}
