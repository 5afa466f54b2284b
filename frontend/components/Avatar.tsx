import { useState } from "preact/hooks";
import type { Conversation } from "@/chat/protocol.ts";
import { initialsOf, othersIn, titleOf, toneOf } from "../lib/people.ts";
import { presence, selfId } from "../state/chat.ts";

/** What a member's picture is made of. */
export interface Face {
  username: string;
  displayName: string;
  avatarUrl?: string | null;
}

interface AvatarProps {
  of: Face;
  size?: "small" | "large";
  /** Shows the presence dot; left out where presence means nothing. */
  online?: boolean | undefined;
}

/** A member's picture, or their initials on a colour of their own. */
export function Avatar({ of: { username, displayName, avatarUrl }, size, online }: AvatarProps) {
  const [failedUrl, setFailedUrl] = useState<string | null>(null);
  const url = avatarUrl === failedUrl ? null : avatarUrl;
  const { hue, isDeep } = toneOf(username);
  return (
    <span
      class={`avatar ${size ? `avatar-${size}` : ""} ${isDeep ? "is-deep" : ""}`}
      style={{ "--hue": String(hue) }}
      aria-hidden="true"
    >
      {url
        ? <img src={url} alt="" loading="lazy" onError={() => setFailedUrl(url)} />
        : <span class="avatar-initials">{initialsOf(displayName)}</span>}
      {online && <span class="presence-dot" />}
    </span>
  );
}

/** The other one's picture, with their presence; a group's is made of its title. */
export function ConversationAvatar({ view }: { view: Conversation }) {
  const [other] = othersIn(view, selfId.value);
  if (view.kind === "direct" && other) {
    return <Avatar of={other} online={presence.value.get(other.userId)?.online} />;
  }
  return <Avatar of={{ username: view.id, displayName: titleOf(view, selfId.value) }} />;
}
