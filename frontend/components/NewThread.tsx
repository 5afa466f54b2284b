import type { Profile } from "@/chat/protocol.ts";
import { loadConversationsWith } from "../state/conversations.ts";
import { enqueue, outbox } from "../state/outbox.ts";
import { call } from "../state/session.ts";
import { Avatar } from "./Avatar.tsx";
import { Composer } from "./Composer.tsx";
import { Notice } from "./Notice.tsx";
import { PendingRow } from "./PendingRow.tsx";
import { ThreadSkeleton } from "./Skeleton.tsx";
import { BackLink } from "./ThreadHeader.tsx";
import { useLoad } from "./useLoad.ts";

/** The person; the page goes to the conversation with them by itself if there turns out to be one. */
async function findPerson(userId: string): Promise<Profile> {
  const person = await call<Profile>("GET", `/api/users/${encodeURIComponent(userId)}`);
  await loadConversationsWith(person);
  return person;
}

/** A conversation that begins with its first message. */
export function NewThread({ userId }: { userId: string }) {
  const { data: person, error, retry } = useLoad(userId, () => findPerson(userId));
  const lines = outbox.value.filter((line) => line.recipientId === userId);
  return (
    <section class="thread" aria-label="New conversation">
      <header class="thread-header">
        <BackLink />
        {person && (
          <>
            <Avatar of={person} online={person.online} />
            <div class="thread-title">
              <h1 dir="auto">{person.displayName}</h1>
              <p>@{person.username}</p>
            </div>
          </>
        )}
      </header>
      {error
        ? <Notice title="This person cannot be written to" text={error} retry={retry} />
        : !person
        ? <ThreadSkeleton />
        : (
          <>
            <div class="timeline">
              <div class="timeline-scroller">
                <ol class="rows">
                  <li class="row-beginning">
                    Say hello to{" "}
                    <bdi>{person.displayName}</bdi>. The conversation begins with your first
                    message.
                  </li>
                  {lines.map((line, index) => (
                    <PendingRow
                      key={line.clientId}
                      line={line}
                      isFirst={index === 0}
                      isLast={index === lines.length - 1}
                    />
                  ))}
                </ol>
              </div>
            </div>
            <Composer
              draftKey={userId}
              placeholder={`Message ${person.displayName}`}
              onSend={(text) => enqueue(text, { recipientId: userId })}
            />
          </>
        )}
    </section>
  );
}
