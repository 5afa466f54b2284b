import type { ClientFrameInput, Message, ServerFrame } from "@/chat/protocol.ts";
import type { Account } from "./plan.ts";
import type { Tally } from "./tally.ts";

const textBytes = 120;
/** As the page does: marks for one burst of messages go out as one. */
const marksGatherMs = 50;

interface Sent {
  content: string;
  at: number;
  acknowledged: boolean;
  delivered: boolean;
}

/** A member at their socket, who writes to one other and checks all that comes. */
export class Member {
  /** Set once both are there. */
  peer!: Member;
  #socket: WebSocket;
  #sending = false;
  #number = 0;
  readonly #underWay = new Map<string, Sent>();
  /** The conversation's last seq before the load, and which came after it. */
  #seqBefore = 0;
  readonly #seen: boolean[] = [];
  #ownSeq = 0;
  #peerSeq = 0;
  #peerMark = 0;
  #markTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #joined = Promise.withResolvers<void>();

  constructor(
    url: string,
    private readonly account: Account,
    private readonly conversationId: string,
    private readonly options: { window: number; marks: boolean; tally: Tally },
  ) {
    const address = `${url.replace("http", "ws")}/api/messages/ws`;
    this.#socket = new WebSocket(address, ["parley.v1", `bearer.${account.token}`]);
    this.#socket.onmessage = ({ data }) => this.#hear(JSON.parse(data));
    this.#socket.onclose = ({ code, reason }) => {
      const what = `A socket was closed with ${code} ${reason}`;
      this.#joined.reject(new Error(what));
      this.options.tally.fault(what);
    };
  }

  /** Resolves when the conversation is open, and says where it stood. */
  get joined(): Promise<void> {
    return this.#joined.promise;
  }

  start(): void {
    this.#sending = true;
    for (let n = 0; n < this.options.window; n++) this.#write();
  }

  stop(): void {
    this.#sending = false;
  }

  /** Whether all this member sent is acknowledged and delivered, and the peer knows it is. */
  get settled(): boolean {
    return this.#underWay.size === 0 &&
      (!this.options.marks || this.#peerMark >= this.peer.#peerSeq);
  }

  /** Closes the socket, and says what is missing. */
  async finish(): Promise<void> {
    const { tally } = this.options;
    for (const { acknowledged } of this.#underWay.values()) {
      tally.fault(acknowledged ? "Acknowledged but never delivered" : "Never acknowledged");
    }
    for (let n = 0; n < this.#seen.length; n++) {
      if (!this.#seen[n]) tally.fault(`No message came with seq ${this.#seqBefore + n + 1}`);
    }
    clearTimeout(this.#markTimer);
    await new Promise<void>((resolve) => {
      this.#socket.onclose = () => resolve();
      this.#socket.close();
    });
  }

  #say(frame: ClientFrameInput): void {
    this.#socket.send(JSON.stringify(frame));
  }

  #write(): void {
    const clientId = crypto.randomUUID();
    const content = `${++this.#number} `.padEnd(textBytes, "lorem ipsum ");
    this.#underWay.set(clientId, {
      content,
      at: performance.now(),
      acknowledged: false,
      delivered: false,
    });
    this.#say({
      type: "send_message",
      clientId,
      conversationId: this.conversationId,
      content,
    });
  }

  #hear(frame: ServerFrame): void {
    switch (frame.type) {
      case "ping":
        return this.#say({ type: "pong" });
      case "connected":
        return this.#say({
          type: "join_conversation",
          conversationId: this.conversationId,
          limit: 1,
        });
      case "conversation_history":
        this.#ownSeq = this.#peerSeq = this.#seqBefore = frame.messages.at(-1)?.seq ?? 0;
        return this.#joined.resolve();
      case "message_sent":
        return this.#acknowledged(frame.message);
      case "new_message":
        return this.#received(frame.message);
      case "message_delivered":
        if (frame.userId === this.peer.account.id) this.#peerMark = frame.seq;
        return;
      case "error":
        return this.options.tally.fault(`An error came: ${frame.code} ${frame.message}`);
    }
  }

  #acknowledged(message: Message): void {
    const { tally } = this.options;
    const sent = this.#underWay.get(message.clientId ?? "");
    if (!sent || sent.acknowledged) return tally.fault("Acknowledged twice");
    sent.acknowledged = true;
    tally.acknowledged();
    this.#note(message);
    if (message.seq <= this.#ownSeq) tally.fault("Acknowledged out of order");
    this.#ownSeq = message.seq;
    this.#settle(message, sent);
    if (this.#sending) this.#write();
  }

  #received(message: Message): void {
    const { tally } = this.options;
    const sent = this.peer.#underWay.get(message.clientId ?? "");
    if (!sent || sent.delivered) return tally.fault("Delivered twice");
    sent.delivered = true;
    tally.delivered(performance.now() - sent.at);
    this.#note(message);
    if (message.seq <= this.#peerSeq) tally.fault("Delivered out of order");
    if (message.content !== sent.content) tally.fault("Delivered with another content");
    this.#peerSeq = message.seq;
    this.peer.#settle(message, sent);
    if (this.options.marks) this.#markTimer ??= setTimeout(() => this.#mark(), marksGatherMs);
  }

  #settle(message: Message, sent: Sent): void {
    if (!sent.acknowledged || !sent.delivered) return;
    this.#underWay.delete(message.clientId ?? "");
    this.options.tally.done();
  }

  /** Every member sees every seq once, whoever wrote it. */
  #note({ seq }: Message): void {
    const place = seq - this.#seqBefore - 1;
    if (this.#seen[place]) this.options.tally.fault(`Two messages came with seq ${seq}`);
    this.#seen[place] = true;
  }

  #mark(): void {
    this.#markTimer = undefined;
    this.options.tally.marked();
    this.#say({
      type: "mark_delivered",
      conversationId: this.conversationId,
      seq: this.#peerSeq,
    });
  }
}
