import type { Message, ServerFrame } from "@/chat/protocol.ts";
import type { Device } from "./device.ts";
import { heartbeatSeconds } from "./cluster.ts";
import { contentOf, type Journal, tooLongContent } from "./journal.ts";
import type { LoadPage, PageCode } from "./page_code.ts";
import { PageWindow } from "./window.ts";

/** The names that the page's code finds its globals under. */
export const globalNames = [
  "globalThis",
  "window",
  "self",
  "document",
  "location",
  "history",
  "navigator",
  "localStorage",
  "indexedDB",
  "BroadcastChannel",
  "WebSocket",
  "Date",
  "fetch",
  "addEventListener",
  "removeEventListener",
  "setTimeout",
  "clearTimeout",
  "setInterval",
  "clearInterval",
];

/** All messages that a frame tells of, whether or not the page takes them in. */
function messagesIn(frame: ServerFrame): Message[] {
  switch (frame.type) {
    case "new_message":
    case "message_updated":
      return [frame.message];
    case "conversation_updated":
      return frame.conversation.lastMessage ? [frame.conversation.lastMessage] : [];
    case "sync_result":
      return frame.conversations.flatMap(({ conversation: { lastMessage }, messages }) =>
        lastMessage ? [...messages, lastMessage] : messages
      );
    default:
      return [];
  }
}

/** Whoever sees so many messages wait does not write another one. */
const patienceLines = 15;

let tabs = 0;

/** One page of a member, which runs the page's own code. */
export class Tab {
  readonly number = ++tabs;
  readonly code: PageCode;
  readonly window: PageWindow;

  constructor(
    readonly device: Device,
    private readonly owner: { readonly id: string },
    private readonly journal: Journal,
    load: LoadPage,
    reload: () => void,
  ) {
    this.window = new PageWindow({
      device,
      path: "/messages",
      config: { heartbeatSeconds },
      reload,
    });
    this.code = load(this.window.globals);
    this.code.chat.onEffect((effect) => {
      if (effect.type === "stored") journal.acknowledge(effect.message.clientId ?? "");
    });
    const where = `${device.name}, tab ${this.number}`;
    this.code.chat.onFrame((frame) => {
      for (const { clientId, senderId } of messagesIn(frame)) {
        if (clientId && senderId !== owner.id) journal.see(clientId, owner.id, where);
      }
    });
    this.code.start.start();
  }

  get isSignedIn(): boolean {
    return this.code.session.self.value !== null;
  }

  /** Whether it is connected and has been told all it asked for at the start. */
  get isUp(): boolean {
    return this.code.chat.connection.status.value === "open" &&
      this.code.conversations.isListed.value;
  }

  /** How many messages wait here to be stored. */
  get waiting(): number {
    return this.code.outbox.outbox.value.filter((line) => line.failure === undefined).length;
  }

  get hasPatience(): boolean {
    return this.waiting < patienceLines;
  }

  /** Writes a message as its composer would. */
  write(to: { conversationId: string } | { recipientId: string }, isBad = false): void {
    const { messages, outbox } = this.code;
    const n = this.journal.written.size;
    const content = isBad ? tooLongContent(n) : contentOf(n);
    if ("conversationId" in to && messages.openId.value === to.conversationId) {
      messages.send(content);
    } else {
      outbox.enqueue(content, to);
    }
    const line = outbox.outbox.value.at(-1);
    if (line?.content !== content) throw new Error("The outbox has not taken a message");
    this.journal.write({
      clientId: line.clientId,
      authorId: this.owner.id,
      device: this.device.name,
      tab: this.number,
      to,
      isBad,
    });
  }

  /** Sees what stands at the end of the open conversation, as its timeline would. */
  read(): void {
    const { chat, messages, marks } = this.code;
    const held = chat.chat.value.held.get(messages.openId.value ?? "");
    if (!held?.window) return;
    if (held.window.messages.length > 500) messages.trimThread();
    const seen = held.window.messages.findLast((one) => one.senderId !== this.owner.id);
    if (seen && seen.seq > held.view.lastReadSeq) marks.markRead(held.view.id, seen.seq);
  }

  /** The member looks at it, as after a while elsewhere. */
  glance(): void {
    this.window.dispatch("visibilitychange");
  }

  close(): void {
    this.window.die();
  }
}
