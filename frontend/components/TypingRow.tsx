import type { Conversation } from "@/chat/protocol.ts";
import { namesOf } from "../lib/people.ts";
import { selfId } from "../state/chat.ts";
import { typists } from "../state/typing.ts";

/** "Ana is typing", below the messages. Keeps its height, so that nothing moves when it shows. */
export function TypingRow({ view }: { view: Conversation }) {
  const ids = typists.value.get(view.id);
  const names = view.participants
    .filter(({ userId }) => userId !== selfId.value && ids?.has(userId))
    .map(({ displayName }) => displayName);
  return (
    <div class={`typing ${names.length > 0 ? "is-shown" : ""}`} role="status">
      {names.length > 0 && (
        <>
          <span class="typing-dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          <span dir="auto">
            {names.length > 3
              ? "Several people are typing…"
              : `${namesOf(names)} ${names.length > 1 ? "are" : "is"} typing…`}
          </span>
        </>
      )}
    </div>
  );
}
