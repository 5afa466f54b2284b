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
  const reader = c.req.raw.body?.getReader();
  if (!reader) return new Uint8Array();

  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const seconds = Math.ceil(withinMs / 1_000);
      reject(
        new ChatError("unavailable", `The body took longer than ${seconds} s`, { retryAfter: 1 }),
      );
    }, withinMs);
  });
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    while (true) {
      const { done, value } = await Promise.race([reader.read(), late]);
      if (done) break;
      size += value.length;
      if (size > maxBytes) throw tooLarge();
      chunks.push(value);
    }
  } catch (error) {
    // What has come is let go, and what is yet to come is not kept.
    reader.cancel().catch(() => {});
    if (error instanceof ChatError) throw error;
    throw new ChatError("invalid_input", "The body broke off", { cause: error });
  } finally {
    clearTimeout(timer);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
