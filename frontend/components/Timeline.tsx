import { useMemo, useRef } from "preact/hooks";
import type { Conversation, Message, Participant } from "@/chat/protocol.ts";
import { dayName, fullTime } from "../lib/dates.ts";
import { namesOf, othersIn } from "../lib/people.ts";
import { deliveryOf, type Row, rowsOf } from "../lib/rows.ts";
import { badgeText } from "../lib/text.ts";
import type { Held } from "../state/held.ts";
import type { MessageWindow } from "../state/window.ts";
import { selfId } from "../state/chat.ts";
import { now } from "../state/clock.ts";
import { jumpToEnd, loadingPlace, pendingLines, unreadAfter } from "../state/messages.ts";
import { Icon } from "./Icon.tsx";
import { MessageRow } from "./MessageRow.tsx";
import { PendingRow } from "./PendingRow.tsx";
import { TypingRow } from "./TypingRow.tsx";
import { useTimelineScroll } from "./useTimelineScroll.ts";

/** A conversation's messages, scrolled and loaded as one reads. */
export function Timeline({ held, window }: { held: Held; window: MessageWindow }) {
  const { view } = held;
  const me = selfId.value;
  const scroller = useRef<HTMLDivElement>(null);
  const pending = pendingLines.value;
  const divider = unreadAfter.value;
  const rows = useMemo(() => {
    const { messages, hasAfter } = window;
    return rowsOf({ messages, pending: hasAfter ? [] : pending, unreadAfter: divider, selfId: me });
  }, [window, pending, divider, me]);
  const { isAtEnd, onScroll } = useTimelineScroll(scroller, view, window, rows);
  const others = othersIn(view, me);
  const isFar = !isAtEnd || window.hasAfter;

  return (
    <div class="timeline">
      <div class="timeline-scroller" ref={scroller} onScroll={onScroll} tabIndex={-1}>
        <ol class="rows" aria-label="Messages">
          {window.hasBefore
            ? <Loading place="before" />
            : <Beginning view={view} others={others} />}
          {rows.map((row) => <TimelineRow key={row.key} {...{ row, held, others, me }} />)}
          {window.hasAfter && <Loading place="after" />}
        </ol>
        <TypingRow view={view} />
      </div>
      {isFar && (
        <button
          type="button"
          class="to-end"
          onClick={jumpToEnd}
          aria-label={view.unreadCount > 0
            ? `Jump to latest, ${view.unreadCount} unread`
            : "Jump to latest"}
        >
          <Icon name="down" />
          {view.unreadCount > 0 && <span class="badge">{badgeText(view.unreadCount)}</span>}
        </button>
      )}
    </div>
  );
}

/** By itself, so that the rows are not drawn again when the loading begins and ends. */
function Loading({ place }: { place: "before" | "after" }) {
  return (
    <li class="row-loading" aria-hidden="true">
      {loadingPlace.value === place && <span class="spinner" />}
    </li>
  );
}

interface TimelineRowProps {
  row: Row;
  held: Held;
  others: Participant[];
  me: string;
}

function TimelineRow({ row, held, others, me }: TimelineRowProps) {
  if (row.kind === "day") {
    return (
      <li class="row-day" data-key={row.key}>
        <time dateTime={row.at}>{dayName(row.at, now.value)}</time>
      </li>
    );
  }
  if (row.kind === "unread") {
    return (
      <li class="row-unread" data-key={row.key}>
        <span>New messages</span>
      </li>
    );
  }
  const { isFirst, isLast } = row;
  if (row.kind === "pending") return <PendingRow {...{ line: row.line, isFirst, isLast }} />;
  const { message } = row;
  const isOwn = message.senderId === me;
  const delivery = isOwn ? deliveryOf(message.seq, others) : null;
  const sender = isOwn || held.view.kind === "direct"
    ? null
    : others.find(({ userId }) => userId === message.senderId) ?? null;
  return (
    <MessageRow
      id={row.key}
      {...{ message, isOwn, isFirst, isLast, sender, delivery }}
      deliveryTitle={isOwn ? deliveryTitle(message, held, others) : ""}
    />
  );
}

/** Who has read a message and, where it was seen happening, when. */
function deliveryTitle(message: Message, held: Held, others: Participant[]): string {
  const readers = others.filter(({ lastReadSeq }) => lastReadSeq >= message.seq);
  if (readers.length === 0) {
    const isDelivered = others.some(({ lastDeliveredSeq }) => lastDeliveredSeq >= message.seq);
    return isDelivered ? "Delivered" : "Sent";
  }
  const names = namesOf(readers.map(({ displayName }) => displayName));
  const move = held.reads.find(({ after, seq }) => after < message.seq && message.seq <= seq);
  return move ? `Read by ${names} · ${fullTime(move.at)}` : `Read by ${names}`;
}

function Beginning({ view, others }: { view: Conversation; others: Participant[] }) {
  const names = namesOf(others.map(({ displayName }) => displayName));
  return (
    <li class="row-beginning">
      {view.lastSeq === 0
        ? `Say hello to ${names}.`
        : `The beginning of your conversation with ${names}`}
    </li>
  );
}
