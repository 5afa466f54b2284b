import type { Account } from "./plan.ts";
import type { Tally } from "./tally.ts";
import { type Ear, openWire, type Place, type Protocol, type Wire } from "./wire.ts";

const textBytes = 120;
/** As the page does: marks for one burst of messages go out as one. */
const marksGatherMs = 50;

interface Sent {
  content: string;
  /** When it was sent, or should have been. */
  at: number;
  acknowledged: boolean;
  delivered: boolean;
}

/** A member at their socket, who writes to one other and checks all that comes. */
export class Member implements Ear {
  /** Set once both are there. */
  peer!: Member;
  readonly #wire: Wire;
  /** Messages kept under way. */
  #window = 0;
  #number = 0;
  readonly #underWay = new Map<string, Sent>();
  /** The conversation's last seq before the load, and which came after it. */
  #seqBefore = 0;
  readonly #seen: boolean[] = [];
  #ownSeq = 0;
  #peerSeq = 0;
  #peerNumber = 0;
  #peerMark = 0;
  #markTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #joined = Promise.withResolvers<void>();

  constructor(
    place: Place,
    private readonly options: { protocol: Protocol; marks: boolean; tally: Tally },
  ) {
    this.#wire = openWire(options.protocol, place, this);
  }

  /** Resolves when the conversation is open, and says where it stood. */
  get opened(): Promise<void> {
    return this.#joined.promise;
  }

  /** Keeps so many messages under way. */
  start(window: number): void {
    this.#window = window;
    for (let n = 0; n < window; n++) this.write(performance.now());
  }

  stop(): void {
    this.#window = 0;
  }

  /** @param at when it was due */
  write(at: number): void {
    const clientId = crypto.randomUUID();
    const content = `${++this.#number} `.padEnd(textBytes, "lorem ipsum ");
    this.#underWay.set(clientId, { content, at, acknowledged: false, delivered: false });
    this.options.tally.sent();
    this.#wire.write(clientId, content);
  }

  /** Whether all this member sent is acknowledged and delivered, and the peer knows it is. */
  get settled(): boolean {
    return this.#underWay.size === 0 &&
      (!this.options.marks || this.#peerMark >= this.peer.#peerSeq);
  }

  /** Leaves, and says what is missing. */
  async finish(): Promise<void> {
    const { tally } = this.options;
    for (const { acknowledged } of this.#underWay.values()) {
      tally.fault(acknowledged ? "Acknowledged but never delivered" : "Never acknowledged");
    }
    for (let n = 0; n < this.#seen.length; n++) {
      if (!this.#seen[n]) tally.fault(`No message came with seq ${this.#seqBefore + n + 1}`);
    }
    clearTimeout(this.#markTimer);
    await this.#wire.close();
  }

  joined(seq: number): void {
    this.#ownSeq = this.#peerSeq = this.#seqBefore = seq;
    this.#joined.resolve();
  }

  acknowledged(clientId: string, seq?: number): void {
    const { tally } = this.options;
    const sent = this.#underWay.get(clientId);
    if (!sent || sent.acknowledged) return tally.fault("Acknowledged twice");
    sent.acknowledged = true;
    tally.acknowledged();
    if (seq !== undefined) {
      this.#note(seq);
      if (seq <= this.#ownSeq) tally.fault("Acknowledged out of order");
      this.#ownSeq = seq;
    }
    this.#settle(clientId, sent);
    if (this.#window > 0) this.write(performance.now());
  }

  received(clientId: string, content: string, seq?: number): void {
    const { tally } = this.options;
    const sent = this.peer.#underWay.get(clientId);
    if (!sent || sent.delivered) return tally.fault("Delivered twice");
    sent.delivered = true;
    tally.delivered(sent.at);
    if (content !== sent.content) tally.fault("Delivered with another content");
    const number = Number.parseInt(content);
    if (number <= this.#peerNumber) tally.outOfOrder();
    this.#peerNumber = number;
    if (seq !== undefined) {
      this.#note(seq);
      if (seq <= this.#peerSeq) tally.outOfOrder();
      this.#peerSeq = seq;
    }
    this.peer.#settle(clientId, sent);
    if (this.options.marks) this.#markTimer ??= setTimeout(() => this.#mark(), marksGatherMs);
  }

  marked(seq: number): void {
    this.#peerMark = seq;
  }

  refused(what: string): void {
    this.options.tally.fault(`An error came: ${what}`);
  }

  closed(why: string): void {
    const what = `A socket was closed: ${why}`;
    this.#joined.reject(new Error(what));
    this.options.tally.fault(what);
  }

  #settle(clientId: string, sent: Sent): void {
    if (!sent.acknowledged || !sent.delivered) return;
    this.#underWay.delete(clientId);
    this.options.tally.done();
  }

  /** Every member sees every seq once, whoever wrote it. */
  #note(seq: number): void {
    const place = seq - this.#seqBefore - 1;
    if (this.#seen[place]) this.options.tally.fault(`Two messages came with seq ${seq}`);
    this.#seen[place] = true;
  }

  #mark(): void {
    this.#markTimer = undefined;
    this.options.tally.marked();
    this.#wire.mark(this.#peerSeq);
  }
}

/** Two members who write to each other. */
export function openPair(
  { conversationId, members: [one, other] }: {
    conversationId: string;
    members: [Account, Account];
  },
  url: string,
  options: { protocol: Protocol; marks: boolean; tally: Tally },
): [Member, Member] {
  const open = (account: Account, { id: peerId }: Account) =>
    new Member({ url, account, peerId, conversationId }, options);
  const members: [Member, Member] = [open(one, other), open(other, one)];
  [members[0].peer, members[1].peer] = [members[1], members[0]];
  return members;
}
