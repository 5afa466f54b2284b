import type { Account } from "./plan.ts";
import { NatsWire } from "./wires/nats.ts";
import { ParleyWire } from "./wires/parley.ts";
import { SocketIoWire } from "./wires/socketio.ts";

/** What a kind of server speaks. */
export type Protocol = "parley" | "socketio" | "nats";

/** Where a member is, and to whom they write. */
export interface Place {
  /** The server's address, without a slash at its end. */
  url: string;
  account: Account;
  peerId: string;
  conversationId: string;
}

/**
 * How a member speaks with one kind of server: the least that its protocol allows, so that the load
 * costs about the same with each.
 */
export interface Wire {
  write(clientId: string, content: string): void;
  /** All up to here reached this member. Only for those whose messages have a `seq`. */
  mark(seq: number): void;
  close(): Promise<void>;
}

/** What a member hears. `seq` is the conversation's, where the server counts. */
export interface Ear {
  /** All is ready; the conversation stands at this `seq`. */
  joined(seq: number): void;
  acknowledged(clientId: string, seq?: number): void;
  received(clientId: string, content: string, seq?: number): void;
  /** The peer's mark. */
  marked(seq: number): void;
  refused(what: string): void;
  /** The connection ended by itself. */
  closed(why: string): void;
}

const wires = { parley: ParleyWire, socketio: SocketIoWire, nats: NatsWire };

export function openWire(protocol: Protocol, place: Place, ear: Ear): Wire {
  return new wires[protocol](place, ear);
}
