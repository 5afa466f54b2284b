/**
 * Numbers of a running server, as Prometheus reads them. Each server has its own.
 *
 * @module
 */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { processUsage } from "./process_usage.ts";
import { within } from "./within.ts";

/** What takes longer to be read than this is left out: whoever asks must get the rest. */
const readMs = 1_000;

/** A number that only grows. To count is one addition; it is read when somebody asks. */
export interface Count {
  value: number;
}

/** Counts of known kinds; what is of no known kind is counted as "other". */
export class Counts<Kind extends string = string> {
  readonly #byKind: Map<string, Count>;
  readonly #other: Count = { value: 0 };

  constructor(kinds: readonly Kind[]) {
    this.#byKind = new Map(kinds.map((kind) => [kind, { value: 0 }]));
  }

  add(kind: Kind | "other" | (string & Record<never, never>), count = 1): void {
    (this.#byKind.get(kind) ?? this.#other).value += count;
  }

  /** Every kind with its count. */
  entries(): [kind: string, count: number][] {
    return [...this.#byKind, ["other", this.#other] as const]
      .map(([kind, { value }]) => [kind, value]);
  }
}

/** Numbers that were observed: how many, their sum, and, for Prometheus, how they spread. */
export class Spread {
  count = 0;
  sum = 0;

  constructor(private readonly histogram: { observe(value: number): void }) {}

  observe(value: number): void {
    this.count++;
    this.sum += value;
    this.histogram.observe(value);
  }
}

/** One server's numbers. A name is given once; labels are of few and known values. */
export class Metrics {
  readonly #registry = new Registry();
  readonly contentType = this.#registry.contentType;

  constructor() {
    // Those of prom-client's own collection that mean something on Deno.
    this.#growing(
      "process_cpu_seconds_total",
      "Processor time, seconds",
      () => processUsage().cpuSeconds,
    );
    const startedAt = Math.round(performance.timeOrigin / 1_000);
    this.gauge("process_start_time_seconds", "When the process began, Unix time", () => startedAt);
    this.gauge(
      "process_resident_memory_bytes",
      "Memory of the process",
      () => processUsage().memoryBytes,
    );
  }

  /** Everything, as Prometheus takes it. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  count(name: string, help: string): Count {
    const count = { value: 0 };
    this.#growing(name, help, () => count.value);
    return count;
  }

  counts<Kind extends string>(
    name: string,
    help: string,
    label: string,
    kinds: readonly Kind[],
  ): Counts<Kind> {
    const counts = new Counts(kinds);
    new Counter({
      ...this.#common(name, help),
      labelNames: [label],
      collect() {
        this.reset();
        for (const [kind, count] of counts.entries()) this.inc({ [label]: kind }, count);
      },
    });
    return counts;
  }

  gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      ...this.#common(name, help),
      collect() {
        this.set(read());
      },
    });
  }

  /** @param read what it cannot say, or not soon, is left out */
  gauges(
    name: string,
    help: string,
    label: string,
    read: () => Promise<Record<string, number>>,
  ): void {
    new Gauge({
      ...this.#common(name, help),
      labelNames: [label],
      async collect() {
        const reading = read();
        const isRead = await within(readMs, reading).catch(() => false);
        this.reset();
        for (const [of, value] of Object.entries(isRead ? await reading : {})) {
          this.set({ [label]: of }, value);
        }
      },
    });
  }

  spread(name: string, help: string, buckets: number[]): Spread {
    return new Spread(new Histogram({ ...this.#common(name, help), buckets }));
  }

  spreads<Kind extends string>(
    name: string,
    help: string,
    buckets: number[],
    label: string,
    kinds: readonly Kind[],
  ): Record<Kind, Spread> {
    const histogram = new Histogram({ ...this.#common(name, help), buckets, labelNames: [label] });
    return Object.fromEntries(kinds.map((kind) => [kind, new Spread(histogram.labels(kind))])) as //
    Record<Kind, Spread>;
  }

  /** For where labels are not known beforehand; they must be few all the same. */
  countBy<Label extends string>(
    name: string,
    help: string,
    labelNames: Label[],
  ): (labels: Record<Label, string>) => void {
    const counter = new Counter({ ...this.#common(name, help), labelNames });
    return (labels) => counter.inc(labels);
  }

  /** Likewise. */
  spreadBy<Label extends string>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: Label[],
  ): (labels: Record<Label, string | number>, value: number) => void {
    const histogram = new Histogram({ ...this.#common(name, help), buckets, labelNames });
    return (labels, value) => histogram.observe(labels, value);
  }

  #growing(name: string, help: string, read: () => number): void {
    new Counter({
      ...this.#common(name, help),
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }

  #common(name: string, help: string) {
    return { name, help, registers: [this.#registry] };
  }
}
