import type { Metrics, Spread } from "@/utils/metrics.ts";
import { recordSpan } from "@/utils/tracing.ts";
import type { Chat } from "./chat.ts";
import { clientFrames, closeCodes, limits, serverFrames } from "./protocol.ts";

/** A frame's type in the protocol's list, as it counts. */
type FrameType = keyof typeof clientFrames | keyof typeof serverFrames;

const sizes = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];
const seconds = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];
/** What gathers its work into batches. */
const queues = ["writer", "marker", "bus"] as const;
export type BatchQueue = (typeof queues)[number];

/** Codes by which sockets may end: ours, and those by which a peer or its way may. */
const codes = [...new Set([1000, 1001, 1005, 1006, ...Object.values(closeCodes)])].map(String);

/** What becomes of notices. */
const noticeStates = ["gathered", "listed", "pushed", "mailed", "ended"] as const;

/** What is counted of the domain. Whoever counts adds to a number, and knows nothing of Prometheus. */
export type ChatMetrics = ReturnType<typeof createChatMetrics>;

export function createChatMetrics(metrics: Metrics) {
  const batchSizes = metrics.spreads(
    "parley_batch_size",
    "Items that shared a round trip",
    sizes,
    "queue",
    queues,
  );
  const batchSeconds = metrics.spreads(
    "parley_batch_seconds",
    "How long a round trip took",
    seconds,
    "queue",
    queues,
  );
  return {
    messages: metrics.count("parley_messages_total", "Messages stored"),
    repeats: metrics.count("parley_messages_repeated_total", "Messages that were stored before"),
    framesIn: metrics.counts(
      "parley_frames_received_total",
      "Frames that clients sent, by type",
      "type",
      Object.keys(clientFrames) as FrameType[],
    ),
    framesOut: metrics.counts(
      "parley_frames_sent_total",
      "Frames for clients, by type, one for each connection",
      "type",
      Object.keys(serverFrames) as FrameType[],
    ),
    closes: metrics.counts(
      "parley_connections_closed_total",
      "Connections that ended, by close code",
      "code",
      codes,
    ),
    notices: metrics.counts(
      "parley_notices_total",
      "What became of notices for members who are away",
      "state",
      noticeStates,
    ),
    job: metrics.countBy(
      "parley_jobs_total",
      "Tries at sending a mail or a push, by how they ended",
      ["queue", "state"],
    ),
    batches: Object.fromEntries(
      queues.map((queue) => [queue, { size: batchSizes[queue], seconds: batchSeconds[queue] }]),
    ) as Record<BatchQueue, Batches>,
    busLag: metrics.spread(
      "parley_bus_lag_seconds",
      "From telling other instances to hearing it oneself",
      seconds,
    ),
    syncConversations: metrics.spread(
      "parley_sync_conversations",
      "Conversations that a sync brought",
      [0, 1, 2, 5, 10, 20, limits.syncConversations],
    ),
    syncMessages: metrics.spread(
      "parley_sync_messages",
      "Messages that a sync brought",
      [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000],
    ),
  };
}

/** Numbers that are as they are when somebody asks. */
export function watchChat(metrics: Metrics, chat: Chat): void {
  const { connections, writer, marker, bus, queue } = chat;
  metrics.gauge("parley_connections", "Open sockets and streams", () => connections.size);
  metrics.gauge("parley_members", "Members who have one or more", () => connections.members);
  metrics.gauges(
    "parley_queue_depth",
    "Items that wait for their batch",
    "queue",
    () =>
      Promise.resolve({
        writer: writer.waiting,
        marker: marker.waiting,
        bus: bus.waiting,
      }),
  );
  if (queue === undefined) return;
  metrics.gauges(
    "parley_jobs_waiting",
    "Mails and pushes that wait or are under way, as counted within the last minute",
    "queue",
    () => queue.depths(),
  );
}

/** How large batches are, and how long they take. */
export interface Batches {
  size: Spread;
  seconds: Spread;
}

/** Notes a write of messages that took so many milliseconds, with a span of its own. */
export function noteWrite(
  { batches }: Pick<ChatMetrics, "batches">,
  drafts: { conversationId: string }[],
  ms: number,
): void {
  noteBatch(batches.writer, drafts, ms);
  recordSpan("write batch", ms, () => ({
    "parley.messages": drafts.length,
    "parley.conversations": new Set(drafts.map((draft) => draft.conversationId)).size,
  }));
}

/** Notes a batch that took so many milliseconds. */
export function noteBatch({ size, seconds }: Batches, items: unknown[], ms: number): void {
  size.observe(items.length);
  seconds.observe(ms / 1_000);
}
