import { gather, type Gatherer } from "@/utils/gather.ts";
import type { BusEvent } from "./bus.ts";
import { type ChatMetrics, noteBatch } from "./metrics.ts";

/** Beyond this, others are told to sync: better than filling the memory while the bus is away. */
const queueMax = 10_000;

/** Events on their way to other instances: what comes up during a sending goes with the next. */
export function openBusQueue(
  send: (events: BusEvent[]) => Promise<void>,
  metrics: Pick<ChatMetrics, "batches">,
): Gatherer<BusEvent, void> {
  const run = async (events: BusEvent[]) => {
    await send(events);
    return events.map(() => undefined);
  };
  return gather(run, {
    max: 1_000,
    queue: {
      max: queueMax,
      refuse: () => new Error("Too many events are waiting to be told to other instances"),
    },
    observe: (events, ms) => noteBatch(metrics.batches.bus, events, ms),
  });
}
