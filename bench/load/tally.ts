import type { Outcome } from "./plan.ts";
import { percentile } from "./percentile.ts";

/** Faults told in full; a server that loses one message tends to lose many. */
const faultsTold = 5;

/** Counts what all members see, between `open()` and `close()`, and keeps what went wrong. */
export class Tally {
  #openedAt = Infinity;
  #closedAt = Infinity;
  #latencies: number[] = [];
  #sent = 0;
  #done = 0;
  #doneMeanwhile = 0;
  #marks = 0;
  #acknowledged = 0;
  #outOfOrder = 0;
  #faults: string[] = [];
  #faultCount = 0;

  open(): void {
    this.#openedAt = performance.now();
  }

  close(): void {
    this.#closedAt = performance.now();
  }

  /** How many are sent and not done. */
  get underWay(): number {
    return this.#sent - this.#done;
  }

  sent(): void {
    this.#sent++;
  }

  /** @param at when it was due: what was due meanwhile counts, however late it comes */
  delivered(at: number): void {
    if (this.#counts(at)) this.#latencies.push(performance.now() - at);
  }

  /** Acknowledged and delivered. */
  done(): void {
    this.#done++;
    if (this.#counts(performance.now())) this.#doneMeanwhile++;
  }

  acknowledged(): void {
    this.#acknowledged++;
  }

  marked(): void {
    if (this.#counts(performance.now())) this.#marks++;
  }

  /** Delivered after one that was sent later. */
  outOfOrder(): void {
    this.#outOfOrder++;
  }

  fault(what: string): void {
    this.#faultCount++;
    if (this.#faults.length < faultsTold) this.#faults.push(what);
  }

  result(): Pick<
    Outcome,
    | "perSecond"
    | "p50"
    | "p99"
    | "max"
    | "marksPerSecond"
    | "acknowledged"
    | "outOfOrder"
    | "faults"
  > {
    const seconds = (this.#closedAt - this.#openedAt) / 1000;
    const untold = this.#faultCount - this.#faults.length;
    return {
      perSecond: this.#doneMeanwhile / seconds,
      p50: percentile(this.#latencies, 0.5),
      p99: percentile(this.#latencies, 0.99),
      max: percentile(this.#latencies, 1),
      marksPerSecond: this.#marks / seconds,
      acknowledged: this.#acknowledged,
      outOfOrder: this.#outOfOrder,
      faults: untold > 0 ? [...this.#faults, `and ${untold} more`] : this.#faults,
    };
  }

  #counts(at: number): boolean {
    return at >= this.#openedAt && at < this.#closedAt;
  }
}
