import type { Audience } from "./connections.ts";
import type { ServerFrame } from "./protocol.ts";

/** What members are told who may have missed something. */
export const syncNeeded: string = JSON.stringify({ type: "sync_needed" } satisfies ServerFrame);

/** A frame on its way to the members' connections on other instances. */
export interface BusEvent extends Audience {
  to: string[];
  /** The serialized frame. */
  text: string;
}

/** What to do with what others say. */
export interface BusListener {
  /** An event for members of whom some may be here; perhaps a part of its audience at a time. */
  heard(event: BusEvent): void;
  /** Events for these members may have been lost, or, if none are named, for any that are here. */
  missed(userIds?: string[]): void;
}

/**
 * Carries events between instances, at most once: what is stored is the truth, and an event that
 * gets lost heals by sync. What one publisher tells a member arrives in order. An instance does not
 * hear its own. Publishing never throws and never waits.
 */
export interface Bus {
  publish(event: BusEvent): void;
  /** How many events wait to be told. */
  readonly waiting: number;
  /** Begins to listen; once, before the first member joins. */
  subscribe(listener: BusListener): Promise<void>;
  /**
   * A connection of this member is about to be there. What others tell the member from now on is
   * heard, or said to be missed. Never throws, and waits a second at most.
   */
  join(userId: string): Promise<void>;
  /** To be called once for each `join`: the connection is gone. */
  leave(userId: string): void;
  close(): Promise<void>;
}
