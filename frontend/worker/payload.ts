import type { PushPayload } from "@/chat/protocol.ts";

/** What a push carries; undefined if it cannot be read, as one of a later version may be. */
export function readPayload(text: string | undefined): PushPayload | undefined {
  let payload: Partial<PushPayload> | null;
  try {
    payload = JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
  if (typeof payload?.conversationId !== "string") return undefined;
  const isMessages = payload.type === "messages" && typeof payload.title === "string" &&
    typeof payload.body === "string";
  return isMessages || payload.type === "read" ? payload as PushPayload : undefined;
}
