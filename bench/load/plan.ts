/**
 * What a load is told on its standard input, and what it answers, both as JSON.
 *
 * @module
 */

import type { Protocol } from "./wire.ts";

/** Two members and the conversation in which they write to each other. */
export interface Pair {
  conversationId: string;
  members: [Account, Account];
}

export interface Account {
  id: string;
  token: string;
}

export interface Plan {
  protocol: Protocol;
  /** The server's address, without a slash at its end. */
  url: string;
  /** The server's process, whose processor time is told. */
  serverPid: number;
  /** Postgres' first process, where there is one. */
  databasePid?: number | undefined;
  pairs: Pair[];
  /** Messages that each member keeps under way; undefined: a rate is set. */
  window: number | undefined;
  /** Messages a second of all members together, in turn; undefined: a window is set. */
  rate: number | undefined;
  warmupSeconds: number;
  seconds: number;
  /** Whether recipients answer what reaches them with `mark_delivered`. */
  marks: boolean;
}

/** Times in milliseconds; processor time in cores, undefined where the system does not tell. */
export interface Outcome {
  /** Stored, acknowledged and delivered, in each measured second. */
  perSecond: number;
  /**
   * From the send to the recipient's frame; at a rate, from when the message was due, so that one
   * that waits behind a slow one shows it.
   */
  p50: number;
  p99: number;
  max: number;
  /** Delivery marks sent in each measured second. */
  marksPerSecond: number;
  /** All that was acknowledged, warm-up included: so many rows the database must have more. */
  acknowledged: number;
  /** Delivered after one that was sent later. */
  outOfOrder: number;
  /** Whether the rate was held, if one was set. */
  isHeld: boolean;
  loadCores: number;
  serverCores: number | undefined;
  databaseCores: number | undefined;
  /** All that ran on the machine. */
  machineCores: number | undefined;
  /** How late the load's own timers were, 99th percentile. */
  lagP99: number;
  /** What was lost, doubled, altered or out of order, or any other surprise; empty: nothing. */
  faults: string[];
}

/** What the load on members who are away is told. */
export interface AwayPlan
  extends Pick<Plan, "url" | "serverPid" | "databasePid" | "warmupSeconds"> {
  /** Those who write. Each two have a conversation, for the warm-up. */
  pairs: Pair[];
  /** The conversations with members who are away; those who write have them in turn. */
  conversationIds: string[];
  /** Messages a second; undefined: each writes the next one when one is acknowledged. */
  rate: number | undefined;
}

/** What it answers. Delays are from the send to the acknowledgement. */
export interface AwayOutcome extends Omit<Outcome, "isHeld"> {
  /** Bytes that the server held after the warm-up. */
  residentBefore: number | undefined;
}
