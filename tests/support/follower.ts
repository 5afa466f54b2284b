import type { Message, ServerFrame } from "@/chat/protocol.ts";
import type { TestSocket } from "./client.ts";

/**
 * What a member's device holds of one conversation, by the rules of docs/protocol.md: it takes what
 * comes, and syncs after it connected, when it is told to, and never otherwise.
 */
export class Follower {
  /** By `rev`. The conversation's first message has the first. */
  readonly held = new Map<number, Message>();
  #socket: TestSocket | undefined;
  #asking = Promise.resolve();

  constructor(private readonly conversationId: string) {}

  /** The device has another socket. */
  follow(socket: TestSocket): void {
    this.#socket = socket;
    for (const frame of socket.frames) this.#take(frame, socket);
    socket.onFrame = (frame) => this.#take(frame, socket);
    this.#sync(socket);
  }

  /** Resolves when no sync is under way any more. */
  settled(): Promise<void> {
    return this.#asking;
  }

  #take(frame: ServerFrame, socket: TestSocket): void {
    if (socket !== this.#socket) return;
    if (frame.type === "sync_needed") this.#sync(socket);
    if (frame.type === "new_message" || frame.type === "message_sent") this.#hold(frame.message);
    if (frame.type !== "sync_result") return;
    for (const { messages } of frame.conversations) for (const one of messages) this.#hold(one);
  }

  #hold(message: Message): void {
    if (message.conversationId === this.conversationId) this.held.set(message.rev, message);
  }

  #sync(socket: TestSocket): void {
    this.#asking = this.#asking.then(async () => {
      let rev = 0;
      while (this.held.has(rev + 1)) rev++;
      const heads = { [this.conversationId]: { rev, marksRev: 0 } };
      // One that was closed meanwhile is followed by another.
      await socket.request({ type: "sync", heads }).catch(() => {});
    });
  }
}
