import type { Outcome } from "./plan.ts";
import { percentile } from "./percentile.ts";

/** Faults told in full; a server that loses one message tends to lose many. */
const faultsTold = 5;

/** Counts what all members see, between `open()` and `close()`, and keeps what went wrong. */
export class Tally {
  #counting = false;
  #latencies: number[] = [];
  #done = 0;
  #marks = 0;
  #acknowledged = 0;
  #faults: string[] = [];
  #faultCount = 0;

  open(): void {
    this.#counting = true;
  }

  close(): void {
    this.#counting = false;
  }

  get counting(): boolean {
    return this.#counting;
  }

  delivered(ms: number): void {
    if (this.#counting) this.#latencies.push(ms);
  }

  /** Acknowledged and delivered. */
  done(): void {
    if (this.#counting) this.#done++;
  }

  acknowledged(): void {
    this.#acknowledged++;
  }

  marked(): void {
    if (this.#counting) this.#marks++;
  }

  fault(what: string): void {
    this.#faultCount++;
    if (this.#faults.length < faultsTold) this.#faults.push(what);
  }

  result(
    seconds: number,
  ): Pick<
    Outcome,
    "perSecond" | "p50" | "p99" | "max" | "marksPerSecond" | "acknowledged" | "faults"
  > {
    const untold = this.#faultCount - this.#faults.length;
    return {
      perSecond: this.#done / seconds,
      p50: percentile(this.#latencies, 0.5),
      p99: percentile(this.#latencies, 0.99),
      max: percentile(this.#latencies, 1),
      marksPerSecond: this.#marks / seconds,
      acknowledged: this.#acknowledged,
      faults: untold > 0 ? [...this.#faults, `and ${untold} more`] : this.#faults,
    };
  }
}
