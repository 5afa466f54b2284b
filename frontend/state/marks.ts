/**
 * Telling the server what has reached this page and what its member has read.
 *
 * @module
 */
import { applyRead } from "./apply.ts";
import { chat, connection, onEffect, onOpened } from "./chat.ts";

/** Marks for one burst of messages go out together, as one per conversation. */
const gatherMs = 50;

const deliveries = new Map<string, number>();
/** Read here, and not yet confirmed; said again on every new connection. */
const reads = new Map<string, number>();
let timer: number | undefined;

/** Notes that everything up to `seq` has been seen. */
export function markRead(conversationId: string, seq: number): void {
  chat.value = applyRead(chat.value, conversationId, seq);
  if (seq <= (reads.get(conversationId) ?? 0)) return;
  reads.set(conversationId, seq);
  connection.send({ type: "mark_read", conversationId, seq });
}

function deliver(): void {
  timer = undefined;
  for (const [conversationId, seq] of deliveries) {
    // What is read is delivered too.
    const isRead = (reads.get(conversationId) ?? 0) >= seq;
    if (isRead || connection.send({ type: "mark_delivered", conversationId, seq })) {
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
  onOpened(repeatMarks);
}

/** Says again what is not confirmed. */
export function repeatMarks(): void {
  for (const [conversationId, seq] of reads) {
    connection.send({ type: "mark_read", conversationId, seq });
  }
  deliver();
}

/** Forgets everything, for the next member. */
export function clearMarks(): void {
  deliveries.clear();
  reads.clear();
}
