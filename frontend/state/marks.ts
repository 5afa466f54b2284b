/**
 * Telling the server what has reached this page and what its member has read.
 *
 * @module
 */
import { applyRead } from "./apply.ts";
import { chat, connection, onEffect, onFrame, onOpened } from "./chat.ts";

/** Marks for one burst of messages go out together, as one per conversation. */
const gatherMs = 50;

const deliveries = new Map<string, number>();
/** Read here, and not yet confirmed; said again on every new connection. */
const reads = new Map<string, number>();
let timer: number | undefined;
let againTimer: number | undefined;

/** Notes that everything up to `seq` has been seen. */
export function markRead(conversationId: string, seq: number): void {
  chat.value = applyRead(chat.value, conversationId, seq);
  if (seq <= (reads.get(conversationId) ?? 0)) return;
  reads.set(conversationId, seq);
  tell("mark_read", conversationId, seq);
}

/** Marks are confirmed by what they change, not answered; their id tells which one is refused. */
function tell(type: "mark_read" | "mark_delivered", conversationId: string, seq: number): boolean {
  return connection.send({ type, conversationId, seq, id: `${type} ${conversationId}` });
}

function deliver(): void {
  timer = undefined;
  for (const [conversationId, seq] of deliveries) {
    // What is read is delivered too.
    const isRead = (reads.get(conversationId) ?? 0) >= seq;
    if (isRead || tell("mark_delivered", conversationId, seq)) {
      deliveries.delete(conversationId);
    }
  }
}

export function startMarks(): void {
  onEffect((effect) => {
    if (effect.type === "deliver") {
      const { conversationId, seq } = effect;
      deliveries.set(conversationId, Math.max(seq, deliveries.get(conversationId) ?? 0));
      timer ??= setTimeout(deliver, gatherMs);
    }
    if (effect.type === "read" && effect.seq >= (reads.get(effect.conversationId) ?? 0)) {
      reads.delete(effect.conversationId);
    }
    if (effect.type === "anew") clearMarks();
  });
  const tellAll = () => {
    for (const [conversationId, seq] of reads) tell("mark_read", conversationId, seq);
    deliver();
  };
  onOpened(tellAll);
  onFrame((frame) => {
    if (frame.type !== "error" || !frame.retryAfter || !frame.replyTo?.startsWith("mark_")) return;
    const [type, conversationId = ""] = frame.replyTo.split(" ");
    const lastSeq = chat.value.held.get(conversationId)?.view.lastSeq;
    if (type === "mark_delivered" && lastSeq) deliveries.set(conversationId, lastSeq);
    clearTimeout(againTimer);
    againTimer = setTimeout(tellAll, frame.retryAfter * 1_000);
  });
}

/** Forgets everything, for the next member. */
export function clearMarks(): void {
  deliveries.clear();
  reads.clear();
}
