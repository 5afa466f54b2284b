import { Component } from "preact";
import type { Message, Participant } from "@/chat/protocol.ts";
import { clockTime, fullTime } from "../lib/dates.ts";
import type { Delivery } from "../lib/rows.ts";
import { serverNow } from "../state/clock.ts";
import { jumpTo } from "../state/messages.ts";
import { Avatar } from "./Avatar.tsx";
import { Icon } from "./Icon.tsx";
import { MessageText } from "./MessageText.tsx";

export interface MessageRowProps {
  id: string;
  message: Message;
  isOwn: boolean;
  isFirst: boolean;
  isLast: boolean;
  /** In a group, who wrote it; null where that goes without saying. */
  sender: Participant | null;
  /** On one's own: how far it has come, and when and by whom it was read, as far as known. */
  delivery: Delivery | null;
  deliveryTitle: string;
}

/** Messages that came just now slide in; those of the past are simply there. */
const freshMs = 4_000;

/** One stored message. Draws again only when something in it has changed. */
export class MessageRow extends Component<MessageRowProps> {
  readonly #isFresh = serverNow() - Date.parse(this.props.message.createdAt) < freshMs;

  override shouldComponentUpdate(next: MessageRowProps): boolean {
    const keys = Object.keys(next) as (keyof MessageRowProps)[];
    return keys.some((key) => next[key] !== this.props[key]);
  }

  override render({ id, message, isOwn, isFirst, isLast, sender, ...rest }: MessageRowProps) {
    if (message.type === "system") {
      return (
        <li class="row-system" data-key={id} data-seq={message.seq} dir="auto">
          {message.content}
        </li>
      );
    }
    const side = isOwn ? "is-own" : "is-other";
    const place = `${isFirst ? "is-first" : ""} ${isLast ? "is-last" : ""}`;
    return (
      <li
        class={`row ${side} ${place} ${this.#isFresh ? "is-fresh" : ""}`}
        data-key={id}
        data-seq={message.seq}
      >
        {sender && (
          <span class="row-face">
            {isLast && <Avatar of={sender} size="small" />}
          </span>
        )}
        <div class="bubble">
          {sender && isFirst && <span class="sender" dir="auto">{sender.displayName}</span>}
          {message.replyTo && <Quote message={message.replyTo} />}
          <div class="said" dir="auto">
            {message.deletedAt
              ? <p class="words is-gone">This message was deleted</p>
              : <MessageText text={message.content} />}
            <span class="stamp">
              {message.editedAt && <span>edited</span>}
              <time dateTime={message.createdAt} title={fullTime(message.createdAt)}>
                {clockTime(message.createdAt)}
              </time>
              {rest.delivery && (
                <DeliveryMark
                  delivery={rest.delivery}
                  title={rest.deliveryTitle}
                />
              )}
            </span>
          </div>
        </div>
      </li>
    );
  }
}

function Quote({ message }: { message: NonNullable<Message["replyTo"]> }) {
  return (
    <button type="button" class="quote" dir="auto" onClick={() => jumpTo(message.seq)}>
      {message.content}
    </button>
  );
}

const deliveryLabels = { sent: "Sent", delivered: "Delivered", read: "Read" };

function DeliveryMark({ delivery, title }: { delivery: Delivery; title: string }) {
  return (
    <span class={`delivery is-${delivery}`} title={title}>
      <Icon name={delivery === "sent" ? "sent" : "two"} label={deliveryLabels[delivery]} />
    </span>
  );
}
