import { clockTime } from "../lib/dates.ts";
import { connection } from "../state/chat.ts";
import { prependDraft } from "../state/drafts.ts";
import { removeLine, retryLine } from "../state/outbox.ts";
import type { OutboxLine } from "../state/outbox_line.ts";
import { Icon } from "./Icon.tsx";
import { MessageText } from "./MessageText.tsx";

interface PendingRowProps {
  line: OutboxLine;
  isFirst: boolean;
  isLast: boolean;
  /** The conversation is gone, which the screen says, and there is no field to take it back into. */
  isStranded?: boolean;
}

/** A message on its way, or one that was refused and waits for a decision. */
export function PendingRow({ line, isFirst, isLast, isStranded }: PendingRowProps) {
  const hasFailed = line.failure !== undefined;
  const state = hasFailed
    ? "Not sent"
    : connection.status.value === "open"
    ? "Sending"
    : "Waiting for the connection";
  const edit = () => {
    prependDraft(line.conversationId ?? line.recipientId ?? "", line.content);
    removeLine(line.clientId);
    document.getElementById("composer")?.focus();
  };
  return (
    <li
      class={`row is-own is-fresh ${hasFailed ? "has-failed" : "is-pending"} ${
        isFirst ? "is-first" : ""
      } ${isLast ? "is-last" : ""}`}
      data-key={line.clientId}
    >
      <div class="bubble">
        <div class="said" dir="auto">
          <MessageText text={line.content} />
          <span class="stamp">
            <time dateTime={line.createdAt}>{clockTime(line.createdAt)}</time>
            <span class="delivery">
              <Icon name={hasFailed ? "alert" : "clock"} label={state} />
            </span>
          </span>
        </div>
      </div>
      {hasFailed && (
        <div class="failure" role="alert">
          <span>Not sent. {!isStranded && line.failure}</span>
          <span>
            <button type="button" class="link-button" onClick={() => retryLine(line.clientId)}>
              Try again
            </button>
            {!isStranded && <button type="button" class="link-button" onClick={edit}>Edit</button>}
            <button type="button" class="link-button" onClick={() => removeLine(line.clientId)}>
              Delete
            </button>
          </span>
        </div>
      )}
    </li>
  );
}
