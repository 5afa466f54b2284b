import { ChatError } from "@/chat/errors.ts";
import type { Context } from "hono";

/** Long enough for any network on which one can still write, short enough for those who dawdle. */
const patienceMs = 20_000;

/**
 * Reads a request's body, which may be of no more than `maxBytes` and has to come soon: the runtime
 * waits for ever, and would keep for ever what has come so far.
 *
 * @throws {ChatError} `too_large`, `unavailable` if it takes too long, `invalid_input` if it broke off
 */
export async function readBody(
  c: Context,
  maxBytes: number,
  withinMs = patienceMs,
): Promise<Uint8Array<ArrayBuffer>> {
  const tooLarge = () => new ChatError("too_large", `The body is larger than ${maxBytes} bytes`);
  if (Number(c.req.header("content-length")) > maxBytes) throw tooLarge();
  const tooLate = () =>
    new ChatError("unavailable", `The body took longer than ${Math.ceil(withinMs / 1_000)} s`, {
      retryAfter: 1,
    });
  const reader = c.req.raw.body?.getReader();
  if (!reader) return new Uint8Array();

  let isLate = false;
  // Not a race against each read: that would keep every piece for as long as the race goes on.
  const timer = setTimeout(() => {
    isLate = true;
    reader.cancel().catch(() => {});
  }, withinMs);
  // Copied, not kept as it comes: a piece of one byte holds a buffer of tens of thousands.
  let bytes = new Uint8Array(Math.min(4_096, maxBytes));
  let size = 0;
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (isLate) throw tooLate();
      if (done) break;
      const end = size + value.length;
      if (end > maxBytes) throw tooLarge();
      if (end > bytes.length) {
        const larger = new Uint8Array(Math.min(2 * end, maxBytes));
        larger.set(bytes);
        bytes = larger;
      }
      bytes.set(value, size);
      size = end;
    }
  } catch (error) {
    // What has come is let go, and what is yet to come is not kept.
    reader.cancel().catch(() => {});
    if (error instanceof ChatError) throw error;
    throw new ChatError("invalid_input", "The body broke off", { cause: error });
  } finally {
    clearTimeout(timer);
  }
  return bytes.subarray(0, size);
}
