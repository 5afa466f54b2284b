import type { Conversation } from "@/chat/protocol.ts";
import { fullTime, shortTime } from "../lib/dates.ts";
import { isMuted } from "../lib/mute.ts";
import { titleOf } from "../lib/people.ts";
import { badgeText, oneLine } from "../lib/text.ts";
import { selfId } from "../state/chat.ts";
import { now } from "../state/clock.ts";
import { drafts } from "../state/drafts.ts";
import { openId } from "../state/messages.ts";
import { outbox } from "../state/outbox.ts";
import { paths } from "../state/router.ts";
import { typists } from "../state/typing.ts";
import { ConversationAvatar } from "./Avatar.tsx";
import { Icon } from "./Icon.tsx";

/** One conversation in the list. */
export function ConversationRow({ view }: { view: Conversation }) {
  const title = titleOf(view, selfId.value);
  const isOpen = openId.value === view.id;
  const isUnread = view.unreadCount > 0;
  const isSilent = isMuted(view, now.value);
  return (
    <li data-flip={view.id}>
      <a
        class={`conversation ${isOpen ? "is-open" : ""} ${isUnread ? "is-unread" : ""}`}
        href={paths.thread(view.id)}
        aria-current={isOpen ? "page" : undefined}
      >
        <ConversationAvatar view={view} />
        <span class="conversation-body">
          <span class="conversation-top">
            <span class="conversation-name" dir="auto">{title}</span>
            {isSilent && <Icon name="mute" label="Muted" />}
            {view.pinned && <Icon name="pin" label="Pinned" />}
            {view.lastMessage && (
              <time dateTime={view.updatedAt} title={fullTime(view.updatedAt)}>
                {shortTime(view.updatedAt, now.value)}
              </time>
            )}
          </span>
          <span class="conversation-bottom">
            <Preview view={view} />
            {isUnread && (
              <span
                class={`badge ${isSilent ? "is-silent" : ""}`}
                aria-label={`${view.unreadCount} unread`}
              >
                {badgeText(view.unreadCount)}
              </span>
            )}
          </span>
          {view.subject && <span class="conversation-subject" dir="auto">{view.subject.title}
          </span>}
        </span>
      </a>
    </li>
  );
}

/** What stands under the name: somebody typing, one's draft, what waits to be sent, the last message. */
function Preview({ view }: { view: Conversation }) {
  const isOpen = openId.value === view.id;
  const typing = typists.value.get(view.id);
  if (typing !== undefined && typing.size > 0) {
    return <span class="preview is-typing">typing…</span>;
  }
  const draft = isOpen ? undefined : drafts.value.get(view.id);
  if (draft) {
    return (
      <span class="preview" dir="auto">
        <span class="preview-draft">Draft:</span> {oneLine(draft)}
      </span>
    );
  }
  const waiting = outbox.value.findLast((line) => line.conversationId === view.id);
  if (waiting) {
    return (
      <span class={`preview ${waiting.failure ? "has-failed" : ""}`} dir="auto">
        {waiting.failure ? "Not sent: " : "Sending: "}
        {oneLine(waiting.content)}
      </span>
    );
  }
  const { lastMessage } = view;
  if (lastMessage === null) return <span class="preview is-quiet">No messages yet</span>;
  const sender = view.participants.find(({ userId }) => userId === lastMessage.senderId);
  const prefix = lastMessage.senderId === selfId.value
    ? "You:"
    : view.kind === "group" && sender
    ? `${sender.displayName}:`
    : "";
  return (
    <>
      {prefix && <span class="preview-prefix" dir="auto">{prefix}</span>}
      <span class="preview" dir="auto">
        {lastMessage.deletedAt ? "This message was deleted" : oneLine(lastMessage.content)}
      </span>
    </>
  );
}
