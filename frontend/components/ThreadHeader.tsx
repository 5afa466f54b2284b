import { useState } from "preact/hooks";
import type { Conversation } from "@/chat/protocol.ts";
import { isMuted } from "../lib/mute.ts";
import { othersIn, titleOf } from "../lib/people.ts";
import { safeHref } from "../lib/text.ts";
import { selfId } from "../state/chat.ts";
import { now } from "../state/clock.ts";
import { later } from "../state/later.ts";
import { goBack, paths } from "../state/router.ts";
import { ConversationAvatar } from "./Avatar.tsx";
import { Icon } from "./Icon.tsx";
import { Menu } from "./Menu.tsx";
import { PresenceText } from "./PresenceText.tsx";

/** Whom one is writing with, whether they are there, and what it is about. */
export function ThreadHeader({ view }: { view: Conversation }) {
  const [other] = othersIn(view, selfId.value);
  const isGroup = view.kind === "group";
  const title = titleOf(view, selfId.value);
  const Items = later.value?.MuteMenu;
  const isSilent = isMuted(view, now.value);
  return (
    <header class="thread-header">
      <BackLink />
      <ConversationAvatar view={view} />
      <div class="thread-title">
        <h1 dir="auto" title={title}>{title}</h1>
        <p>
          {isGroup || other === undefined
            ? `${view.participants.length} people`
            : <PresenceText userId={other.userId} otherwise={`@${other.username}`} />}
        </p>
      </div>
      {!isGroup && other && (
        <a class="quiet-button" href={paths.profile(other.username)} aria-label="View profile">
          <Icon name="person" />
          <span>View profile</span>
        </a>
      )}
      <Menu
        label={isSilent ? "Muted: mute and mails" : "Mute and mails"}
        button={<Icon name={isSilent ? "mute" : "bell"} />}
      >
        {(close) => Items && <Items view={view} close={close} />}
      </Menu>
    </header>
  );
}

/** Back to the list, or to what one came from; on a wide page the list is there anyway. */
export function BackLink() {
  const back = (event: Event) => {
    event.preventDefault();
    goBack();
  };
  return (
    <a class="icon-button back" href={paths.inbox} aria-label="Back" onClick={back}>
      <Icon name="back" />
    </a>
  );
}

/** The header of what has no name to show, or not yet. */
export function BareHeader() {
  return (
    <header class="thread-header is-bare">
      <BackLink />
    </header>
  );
}

/** What the conversation is about: a listing, a booking, a pitch. */
export function SubjectCard({ subject }: { subject: NonNullable<Conversation["subject"]> }) {
  const [failedUrl, setFailedUrl] = useState<string | null>(null);
  const href = subject.url === null ? null : safeHref(subject.url);
  const image = subject.imageUrl === failedUrl ? null : subject.imageUrl;
  const content = (
    <>
      {image && (
        <img
          src={image}
          alt=""
          width={40}
          height={40}
          onError={() => setFailedUrl(image)}
        />
      )}
      <span class="subject-title" dir="auto">{subject.title}</span>
      {href && <Icon name="out" />}
    </>
  );
  return href
    ? <a class="subject" href={href} target="_blank" rel="noopener noreferrer">{content}</a>
    : <div class="subject">{content}</div>;
}
