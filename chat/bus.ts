import type { Audience } from "./connections.ts";

/** A frame on its way to the members' connections on other instances. */
export interface BusEvent extends Audience {
  to: string[];
  /** The serialized frame. */
  text: string;
}

/**
 * Carries events between instances, at most once: what is stored is the truth, and an event that
 * gets lost heals by sync. Events of one publisher arrive in order. An instance does not hear its
 * own. Publishing never throws and never waits.
 */
export interface Bus {
  publish(event: BusEvent): void;
  /** What to do with the events of others; set once, before the first of them. */
  subscribe(heard: (event: BusEvent) => void): Promise<void>;
  /** How many events wait to be told. */
  readonly waiting: number;
  close(): Promise<void>;
}
