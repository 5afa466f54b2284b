/**
 * A line to the server that carries frames both ways.
 *
 * Frames arrive in the order in which the server sent them, each at most once; a link that has
 * closed stays closed. The first frame is `connected`. Two implementations: WebSocket, and
 * server-sent events with POST.
 *
 * @module
 */
import type { ClientFrameInput, ServerFrame } from "@/chat/protocol.ts";

export interface Link {
  send(frame: ClientFrameInput): void;
  /** Closes it from this side; `closed` is not called then. */
  close(): void;
}

export interface LinkListener {
  frame(frame: ServerFrame): void;
  /** Called once, with a WebSocket close code or its like. */
  closed(code: number): void;
}

/** What a close without a code from the server counts as. */
export const lostCode = 1006;
