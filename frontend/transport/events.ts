import { type ClientFrameInput, closeCodes, type ServerFrame } from "@/chat/protocol.ts";
import { ApiError, problemOf, request } from "../api.ts";
import { type Link, type LinkListener, lostCode } from "./link.ts";

const path = "/api/messages/events";

/**
 * Receives by server-sent events and sends by POST, for networks that let no WebSocket through.
 * The stream is read by fetch rather than EventSource, which could only carry the token in the
 * address.
 *
 * @param silenceMs a stream that brings nothing for so long is taken for dead
 */
export function openEvents(
  token: () => Promise<string>,
  listener: LinkListener,
  silenceMs: number,
): Link {
  const abort = new AbortController();
  let isOver = false;
  let sending: Promise<void> = Promise.resolve();
  const close = (code: number) => {
    if (isOver) return;
    isOver = true;
    abort.abort();
    listener.closed(code);
  };

  async function read(): Promise<void> {
    const response = await fetch(path, {
      headers: { authorization: `Bearer ${await token()}`, accept: "text/event-stream" },
      signal: abort.signal,
      cache: "no-store",
    });
    if (!response.ok || response.body === null) return close(codeOf(await problemOf(response)));
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    let timer = setTimeout(() => close(closeCodes.silent), silenceMs);
    try {
      while (true) {
        const { done, value } = await reader.read();
        if (done || isOver) break;
        clearTimeout(timer);
        timer = setTimeout(() => close(closeCodes.silent), silenceMs);
        const events = (text + value.replaceAll("\r\n", "\n")).split("\n\n");
        text = events.pop() ?? "";
        for (const event of events) {
          const data = dataOf(event);
          if (data !== "" && !isOver) listener.frame(JSON.parse(data) as ServerFrame);
        }
      }
    } finally {
      clearTimeout(timer);
    }
    close(lostCode);
  }

  async function post(frame: ClientFrameInput): Promise<void> {
    try {
      const answer = await request<ServerFrame | undefined>("POST", path, {
        body: frame,
        token: await token(),
      });
      if (answer !== undefined && !isOver) listener.frame(answer);
    } catch (error) {
      if (isOver || !(error instanceof ApiError)) return;
      if (error.code === "unauthenticated") return close(closeCodes.token);
      if (error.code === "no_connection") return close(lostCode);
      listener.frame({
        type: "error",
        code: error.code,
        message: error.message,
        errors: error.details.errors,
        retryAfter: error.details.retryAfter,
        replyTo: frame.id,
      });
    }
  }

  read().catch(() => close(lostCode));
  return {
    // One after the other, so that they arrive in the order in which they were sent.
    send: (frame) => {
      sending = sending.then(() => isOver ? undefined : post(frame));
    },
    close: () => {
      isOver = true;
      abort.abort();
    },
  };
}

function dataOf(event: string): string {
  return event.split("\n")
    .filter((line) => line.startsWith("data:"))
    .map((line) => line.slice(5).trimStart())
    .join("\n");
}

function codeOf(error: ApiError): number {
  if (error.code === "unauthenticated") return closeCodes.token;
  if (error.code === "rate_limited") return closeCodes.tooMany;
  return lostCode;
}
