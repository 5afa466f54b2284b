/**
 * What goes over a channel of Redis: whose it is and when it left, by that instance's own watch, and
 * events with their frames as they are, so that a frame is serialized once for all who get it and
 * escaped for none.
 *
 *     019a… 61234.56\n17 {"droppable":true}\n{"type":"…","…":1}\n…
 *
 * @module
 */
import type { Audience } from "./connections.ts";

/** Whom an event is for. On a member's own channel that is the member; without `to`, everybody. */
export interface Header extends Audience {
  to?: string[];
}

/** An event as it is written, and the channels it goes to with the members who are told by each. */
export interface Addressed {
  channels: { channel: string; to: string[] }[];
  record: string;
}

/** One command's worth for a channel. */
export interface Sending {
  channel: string;
  payload: string;
  to: Set<string>;
}

/** Redis drops a listener whom it owes some megabytes. UTF-16 units for bytes will do. */
const payloadLength = 256 * 1024;

/** Puts what goes to one channel together, in order. */
export function pack(events: Addressed[], instanceId: string): Sending[] {
  const head = writeHead(instanceId);
  const sendings: Sending[] = [];
  const open = new Map<string, Sending>();
  for (const { channels, record } of events) {
    for (const { channel, to } of channels) {
      let sending = open.get(channel);
      if (sending === undefined || sending.payload.length > payloadLength) {
        sending = { channel, payload: head, to: new Set() };
        open.set(channel, sending);
        sendings.push(sending);
      }
      sending.payload += record;
      for (const userId of to) sending.to.add(userId);
    }
  }
  return sendings;
}

/** How a payload begins. */
export function writeHead(instanceId: string): string {
  return `${instanceId} ${performance.now().toFixed(2)}`;
}

/** Writes one event. */
export function writeRecord(header: Header, text: string): string {
  return `\n${text.length} ${JSON.stringify(header)}\n${text}`;
}

export interface Payload {
  instanceId: string;
  /** By the `performance.now` of the instance that sent it. */
  sentAt: number;
  records: Iterable<{ header: Header; text: string }>;
}

/** Reads a payload. @throws {Error} if it is not as written here */
export function readPayload(payload: string): Payload {
  const end = payload.indexOf("\n");
  const [instanceId, sentAt] = payload.slice(0, Math.max(end, 0)).split(" ");
  if (!instanceId || !sentAt) throw new Error("The payload does not say whose it is");
  return { instanceId, sentAt: Number(sentAt), records: readRecords(payload, end) };
}

function* readRecords(payload: string, start: number): Iterable<{ header: Header; text: string }> {
  for (let at = start + 1; at < payload.length;) {
    const space = payload.indexOf(" ", at);
    const line = payload.indexOf("\n", space);
    const length = Number(payload.slice(at, space));
    const end = line + 1 + length;
    if (space < 0 || line < 0 || !(end <= payload.length)) throw new Error("An event is cut short");
    yield {
      header: JSON.parse(payload.slice(space + 1, line)),
      text: payload.slice(line + 1, end),
    };
    at = end + 1;
  }
}
