/**
 * What happened, as far as it takes to judge the end and to tell how a message got lost.
 *
 * @module
 */

/** A message as its writer wrote it. */
export interface Written {
  readonly clientId: string;
  /** Counts all messages of the run; its content is made from it. */
  readonly n: number;
  readonly authorId: string;
  readonly device: string;
  readonly tab: number;
  readonly to: { conversationId: string } | { recipientId: string };
  /** Whether it is one that the server must refuse. */
  readonly isBad: boolean;
  /** Milliseconds since the run began, as all times here. */
  readonly at: number;
  /** When a page of its writer first heard that it is stored. */
  storedAt: number | undefined;
  /** Whether its page was killed before the browser had kept it: it may be gone. */
  mayBeGone: boolean;
}

interface Entry {
  at: number;
  what: string;
}

interface Sighting extends Entry {
  memberId: string;
}

/** Faults and sightings beyond this are forgotten, the oldest first. */
const faultsMax = 20_000;
const sightingsMax = 50_000;
/** Faults this long after a message was written may have to do with it, if it never arrived. */
const relevantMs = 60_000;

export class Journal {
  readonly written = new Map<string, Written>();
  /** How often each kind of fault happened. */
  readonly faultCounts = new Map<string, number>();
  readonly delays = new Delays();
  acknowledged = 0;
  readonly #began = performance.now();
  /** The same moment, in milliseconds since 1970. */
  readonly beganAt = Date.now();
  readonly #faults: Entry[] = [];
  readonly #sightings = new Map<string, Sighting[]>();

  now(): number {
    return performance.now() - this.#began;
  }

  write(message: Omit<Written, "n" | "at" | "storedAt" | "mayBeGone">): void {
    this.written.set(message.clientId, {
      ...message,
      n: this.written.size,
      at: this.now(),
      storedAt: undefined,
      mayBeGone: false,
    });
  }

  /** A page of the writer has heard that a message is stored. */
  acknowledge(clientId: string): void {
    const message = this.written.get(clientId);
    if (message === undefined || message.storedAt !== undefined) return;
    message.storedAt = this.now();
    this.acknowledged++;
    this.delays.add(message.storedAt - message.at);
  }

  /** A page of somebody else has been told of a message; again and again, maybe. */
  see(clientId: string, memberId: string, where: string): void {
    const seen = this.#sightings.get(clientId) ?? [];
    const what = `seen by ${where}`;
    if (seen.some((one) => one.what === what)) return;
    seen.push({ at: this.now(), what, memberId });
    this.#sightings.set(clientId, seen);
    if (this.#sightings.size > sightingsMax) {
      this.#sightings.delete(this.#sightings.keys().next().value as string);
    }
  }

  /** The members whose pages were told of a message, as far as that is not forgotten. */
  seenBy(clientId: string): Set<string> {
    return new Set(this.#sightings.get(clientId)?.map(({ memberId }) => memberId));
  }

  /** @param what the fault; what stands in front of a colon is where */
  fault(what: string): void {
    const kind = what.replace(/^.*?: /, "").replace(/ (for|by) \d+ .*$/, "")
      .replace(/ (up|down|both)\b/, "");
    this.faultCounts.set(kind, (this.faultCounts.get(kind) ?? 0) + 1);
    this.#faults.push({ at: this.now(), what });
    if (this.#faults.length > faultsMax) this.#faults.splice(0, faultsMax / 4);
  }

  /** All that is known of a message, in the order in which it happened. */
  story(clientId: string): string {
    const message = this.written.get(clientId);
    if (message === undefined) return `${clientId} was written by nobody`;
    const { n, at, storedAt, device, tab, to } = message;
    const until = (storedAt ?? at) + relevantMs;
    const isOurs = ({ what }: Entry) => {
      const [where] = /^[^:]+(?=: )/.exec(what) ?? [];
      return where === undefined || where.startsWith(device);
    };
    const entries: Entry[] = [
      { at, what: `written on ${device}, tab ${tab}, to ${Object.values(to)[0]}` },
      ...storedAt === undefined ? [] : [{ at: storedAt, what: "acknowledged" }],
      ...this.#sightings.get(clientId) ?? [],
      // Single connections come and go all the time; what befell servers and devices tells more.
      ...this.#faults.filter((one) =>
        one.at >= at - 5_000 && one.at <= until && isOurs(one) && !/connection|bytes/.test(one.what)
      ),
    ].sort((a, b) => a.at - b.at);
    const lines = entries.map((one) => `    ${(one.at / 1_000).toFixed(3)} s  ${one.what}`);
    return [`  message ${n}, ${clientId}`, ...lines].join("\n");
  }
}

/** How long things took, in buckets that grow by a tenth: as exact as it takes, in little memory. */
class Delays {
  readonly #buckets = new Map<number, number>();
  #count = 0;
  most = 0;

  add(ms: number): void {
    const bucket = Math.ceil(Math.log(Math.max(ms, 1)) / Math.log(1.1));
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + 1);
    this.#count++;
    this.most = Math.max(this.most, ms);
  }

  /** So many milliseconds, or less, took this part of all. */
  percentile(part: number): number {
    let left = this.#count * part;
    for (const [bucket, count] of [...this.#buckets].sort(([a], [b]) => a - b)) {
      left -= count;
      if (left <= 0) return 1.1 ** bucket;
    }
    return 0;
  }
}

/** What message `n` says; the longer ones cross the bus in pieces. */
export function contentOf(n: number): string {
  const length = n % 97 === 0 ? 6_000 : n % 11 === 0 ? 400 : 20;
  return `Message ${n} ${"grüße ".repeat(Math.ceil(length / 6))}`.trim();
}

/** What the server refuses for its length. */
export function tooLongContent(n: number): string {
  return `Message ${n} ${"x".repeat(8_100)}`;
}
