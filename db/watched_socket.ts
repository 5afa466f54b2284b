import { Socket } from "node:net";

/** Types of messages: what asks (Sync, Query), what ends an answer (ReadyForQuery). */
const type = { sync: 0x53, query: 0x51, ready: 0x5a };

/**
 * A connection's socket that ends itself when an answer is overdue. A network that swallows
 * everything, as a dead machine or a forgetful firewall does, ends nothing by itself for a quarter
 * of an hour, and who waits for an answer, or behind one, would wait as long.
 *
 * Given to postgres.js, which writes before it is connected. Beneath TLS nothing can be seen from
 * here, so that nothing is watched.
 *
 * @param limitMs longer than the server takes to give a statement up
 */
export function watchedSocket(
  { host, port, path }: { host: string[]; port: number[]; path?: string | false },
  limitMs: number,
): Socket {
  const socket = new Socket();
  // First: connecting puts `write` back to what it was.
  if (path) socket.connect(path);
  else socket.connect(port[0] as number, host[0] as string);
  let unanswered = 0;
  let isTls = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const settle = () => {
    clearTimeout(timer);
    timer = undefined;
  };
  const expectAnswer = () => {
    timer ??= setTimeout(() => {
      const overdue = new Error(`No answer from the database within ${limitMs / 1_000} s`);
      socket.destroy(Object.assign(overdue, { code: "ETIMEDOUT" }));
    }, limitMs);
  };

  const sent = messages((sort) => {
    if (sort === type.sync || sort === type.query) unanswered++;
  });
  const received = messages((sort) => {
    if (sort === type.ready) unanswered--;
  });
  let hasBegun = false;
  const write = socket.write;
  socket.write = function (this: Socket, ...given: Parameters<typeof write>) {
    const chunk = given[0] as Uint8Array;
    // The first message bears no type; it is answered as a statement is.
    if (hasBegun) sent(chunk);
    else unanswered++;
    hasBegun = true;
    expectAnswer();
    return write.apply(this, given);
  } as typeof write;
  socket.on("data", (chunk: Uint8Array) => {
    settle();
    // One byte, not a message: what follows is TLS.
    if (chunk.length === 1) isTls = true;
    if (isTls) return;
    received(chunk);
    if (unanswered > 0) expectAnswer();
  });
  socket.on("close", settle);
  return Object.assign(socket, { host: host[0], port: port[0] });
}

/** Tells the type of each message of a stream that comes in chunks, however they are cut. */
function messages(tell: (type: number) => void): (chunk: Uint8Array) => void {
  const head: number[] = [];
  let left = 0;
  return (chunk) => {
    for (let at = 0; at < chunk.length;) {
      const skipped = Math.min(left, chunk.length - at);
      at += skipped;
      left -= skipped;
      if (at === chunk.length) return;
      head.push(chunk[at++] as number);
      if (head.length < 5) continue;
      const [sort = 0, a = 0, b = 0, c = 0, d = 0] = head.splice(0);
      // The length counts itself.
      left = (a << 24 | b << 16 | c << 8 | d) - 4;
      tell(sort);
    }
  };
}
