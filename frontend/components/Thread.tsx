import { useEffect } from "preact/hooks";
import { titleOf } from "../lib/people.ts";
import { selfId } from "../state/chat.ts";
import {
  loadThread,
  openConversation,
  openId,
  pendingLines,
  send,
  threadError,
} from "../state/messages.ts";
import { navigate, paths } from "../state/router.ts";
import { typed } from "../state/typing.ts";
import { Composer } from "./Composer.tsx";
import { Notice } from "./Notice.tsx";
import { PendingRow } from "./PendingRow.tsx";
import { ThreadSkeleton } from "./Skeleton.tsx";
import { BareHeader, SubjectCard, ThreadHeader } from "./ThreadHeader.tsx";
import { Timeline } from "./Timeline.tsx";

/** The open conversation. */
export function Thread() {
  const held = openConversation.value;
  const error = threadError.value;
  const id = openId.value;
  useEffect(() => {
    const leave = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented || event.isComposing) return;
      const row = document.querySelector<HTMLElement>(".conversation.is-open");
      navigate(paths.inbox);
      row?.focus();
    };
    addEventListener("keydown", leave);
    return () => removeEventListener("keydown", leave);
  }, []);

  if (error?.isMissing) {
    return (
      <section class="thread" aria-label="Conversation">
        <BareHeader />
        <Notice title="This conversation is not here" text={error.message}>
          <a class="button" href={paths.inbox}>Back to your messages</a>
        </Notice>
        <ol class="unsent" aria-label="Not sent">
          {pendingLines.value.map((line) => (
            <PendingRow key={line.clientId} line={line} isFirst isLast isStranded />
          ))}
        </ol>
      </section>
    );
  }
  if (held === undefined || id === null) {
    return (
      <section class="thread" aria-label="Conversation" aria-busy={error === null}>
        <BareHeader />
        {error ? <Failed message={error.message} /> : <ThreadSkeleton />}
      </section>
    );
  }
  const { view, window } = held;
  const title = titleOf(view, selfId.value);
  return (
    <section class="thread" aria-label={`Conversation with ${title}`}>
      <ThreadHeader view={view} />
      {view.subject && <SubjectCard subject={view.subject} />}
      {window
        ? <Timeline key={id} held={held} window={window} />
        : error
        ? <Failed message={error.message} />
        : <ThreadSkeleton />}
      <Composer
        draftKey={id}
        placeholder={`Message ${title}`}
        onSend={send}
        onTyped={() => typed(id)}
      />
    </section>
  );
}

function Failed({ message }: { message: string }) {
  return <Notice title="The messages could not be loaded" text={message} retry={loadThread} />;
}
