import type { Notification } from "@/chat/protocol.ts";
import { fullTime, timeAgo } from "../lib/dates.ts";
import { sentenceOf } from "../lib/notifications.ts";
import { oneLine } from "../lib/text.ts";
import { chat } from "../state/chat.ts";
import { now } from "../state/clock.ts";
import { readNotification } from "../state/notifications.ts";
import { paths } from "../state/router.ts";
import { Avatar, type Face } from "./Avatar.tsx";
import { Icon, type IconName } from "./Icon.tsx";

const icons: Record<Notification["kind"], IconName> = {
  message: "chat",
  group_added: "chat",
  new_login: "person",
  email_refused: "alert",
};

/** One entry of the list of notifications: leads to what it is about, and is read by that. */
export function NotificationRow({ entry }: { entry: Notification }) {
  const { conversationId, kind } = entry;
  const href = conversationId !== null
    ? paths.thread(conversationId)
    : kind === "email_refused"
    ? paths.settings
    : null;
  const look = `notification ${entry.readAt === null ? "is-unread" : ""}`;
  const read = () => readNotification(entry);
  return (
    <li>
      {href === null
        ? <button type="button" class={look} onClick={read}>{<Body entry={entry} />}</button>
        : <a class={look} href={href} onClick={read}>{<Body entry={entry} />}</a>}
    </li>
  );
}

function Body({ entry }: { entry: Notification }) {
  const { actor, kind, content, createdAt, readAt } = entry;
  const { subject, text } = sentenceOf(entry);
  return (
    <>
      {actor ? <Avatar of={faceOf(entry, actor)} /> : (
        <span class="notification-icon">
          <Icon name={icons[kind]} />
        </span>
      )}
      <span class="notification-body">
        <span class="notification-text">
          <bdi class="notification-subject">{subject}</bdi> <bdi>{text}</bdi>
        </span>
        {kind === "message" && content !== "" && (
          <span class="notification-quote" dir="auto">{oneLine(content)}</span>
        )}
        <time dateTime={createdAt} title={fullTime(createdAt)}>
          {timeAgo(createdAt, now.value)}
        </time>
      </span>
      {readAt === null && <span class="notification-dot" role="img" aria-label="Unread" />}
    </>
  );
}

/** With the name that gives a member's initials their colour, where it is known. */
function faceOf(
  { conversationId }: Notification,
  { userId, displayName, avatarUrl }: NonNullable<Notification["actor"]>,
): Face {
  const view = conversationId === null ? undefined : chat.value.held.get(conversationId)?.view;
  const known = view?.participants.find((one) => one.userId === userId);
  return { username: known?.username ?? userId, displayName, avatarUrl };
}
