import type { Profile } from "@/chat/protocol.ts";
import { paths } from "../state/router.ts";
import { Avatar } from "./Avatar.tsx";

/** Somebody one may write to, found by searching. */
export function PersonRow({ person }: { person: Profile }) {
  return (
    <li>
      <a class="conversation" href={paths.new(person.id)}>
        <Avatar of={person} online={person.online} />
        <span class="conversation-body">
          <span class="conversation-top">
            <span class="conversation-name" dir="auto">{person.displayName}</span>
          </span>
          <span class="preview">@{person.username}</span>
        </span>
      </a>
    </li>
  );
}
