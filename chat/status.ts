import { newId } from "@/utils/ids.ts";
import { processUsage } from "@/utils/process_usage.ts";
import { within } from "@/utils/within.ts";
import type { Chat } from "./chat.ts";
import { ChatError } from "./errors.ts";
import { statusFigures, type StatusResult, statusSeconds } from "./protocol.ts";
import { isoTime } from "./views.ts";

/** How long the job queue may take to say how much waits. */
const jobsMs = 1_000;

type Seconds = StatusResult["seconds"];
type Second = { [Name in keyof Seconds]: number };

/** What this instance did in each of the last seconds, for whoever looks at it live. */
export class Status {
  readonly #instanceId = newId();
  readonly #startedAt: number;
  #seconds: Second[] = [];
  #before: Totals;
  #beforeAt: number;

  constructor(private readonly chat: Chat) {
    this.#startedAt = chat.clock.now();
    this.#before = totalsOf(chat);
    this.#beforeAt = chat.clock.elapsed();
  }

  /** To be called every second. */
  readonly sample = (): void => {
    const { connections, writer, marker, bus, clock } = this.chat;
    const [before, now] = [this.#before, totalsOf(this.chat)];
    const passed = Math.max(1, clock.elapsed() - this.#beforeAt) / 1_000;
    this.#before = now;
    this.#beforeAt = clock.elapsed();
    const batches = now.batches - before.batches;
    const mean = (sum: number, count: number) => count === 0 ? 0 : sum / count;
    this.#seconds.push({
      connections: connections.size,
      messages: rounded((now.messages - before.messages) / passed),
      framesIn: rounded((now.framesIn - before.framesIn) / passed),
      framesOut: rounded((now.framesOut - before.framesOut) / passed),
      batchSize: rounded(mean(now.batchItems - before.batchItems, batches)),
      batchMs: rounded(mean(now.batchSeconds - before.batchSeconds, batches) * 1_000),
      writerWaiting: writer.waiting,
      markerWaiting: marker.waiting,
      busWaiting: bus.waiting,
      busLagMs: rounded(mean(now.lagSeconds - before.lagSeconds, now.lags - before.lags) * 1_000),
      cpuPercent: rounded((now.cpuSeconds - before.cpuSeconds) / passed * 100),
      memoryMegabytes: rounded(processUsage().memoryBytes / 1e6),
    });
    if (this.#seconds.length > statusSeconds) this.#seconds.shift();
  };

  /**
   * @param user who asks
   * @throws {ChatError} `not_found` to all but admins
   */
  async show(user: { role: string }): Promise<StatusResult> {
    if (user.role !== "admin") throw new ChatError("not_found", "There is nothing here");
    const { chat } = this;
    const jobs = chat.queue?.depths() ?? Promise.resolve(null);
    // While the database is away, the rest is what one wants to see.
    const areKnown = await within(jobsMs, jobs).catch(() => false);
    const seconds = statusFigures.map((name) => [name, this.#seconds.map((one) => one[name])]);
    return {
      instanceId: this.#instanceId,
      startedAt: isoTime(this.#startedAt),
      at: isoTime(chat.clock.now()),
      members: chat.connections.members,
      messages: chat.metrics.messages.value,
      jobsWaiting: areKnown ? await jobs : null,
      seconds: Object.fromEntries(seconds) as Seconds,
    };
  }
}

/** Numbers that only grow. */
type Totals = ReturnType<typeof totalsOf>;

function totalsOf({ metrics }: Chat) {
  const { size, seconds } = metrics.batches.writer;
  const sum = (counts: [string, number][]) => counts.reduce((all, [, count]) => all + count, 0);
  return {
    messages: metrics.messages.value,
    framesIn: sum(metrics.framesIn.entries()),
    framesOut: sum(metrics.framesOut.entries()),
    batches: size.count,
    batchItems: size.sum,
    batchSeconds: seconds.sum,
    lags: metrics.busLag.count,
    lagSeconds: metrics.busLag.sum,
    cpuSeconds: processUsage().cpuSeconds,
  };
}

const rounded = (value: number) => Math.round(value * 10) / 10;
