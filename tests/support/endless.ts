/**
 * A process that sends messages without an end: `endless.ts <url> <token or -> <sockets> <megabytes>`.
 *
 * Reads what comes unless there are many sockets, and ignores it. Says, as JSON, how many megabytes
 * each socket was rid of before the server ended it, if it did.
 *
 * @module
 */
import { encodeFrame, RawSocket } from "./raw_socket.ts";

const [url = "", token = "-", sockets = "1", megabytes = "1"] = Deno.args;
const payload = new Uint8Array(60_000).fill(97);
const few = payload.subarray(0, 1);
const first = encodeFrame({ opcode: "text", payload, fin: false });
const more = encodeFrame({ opcode: "continuation", payload, fin: false });

async function sendEndless(): Promise<{ megabytes: number; ended: boolean }> {
  const socket = await RawSocket.open({ url }, {
    ...token !== "-" && { token },
    reads: Number(sockets) === 1,
  });
  let sent = 0;
  try {
    await socket.write(first);
    for (sent = payload.length; sent < Number(megabytes) * 1e6; sent += payload.length) {
      await socket.write(more);
    }
    // The end may come later: go on, slowly.
    for (let turns = 0; turns < 100; turns++) {
      await socket.write(encodeFrame({ opcode: "continuation", payload: few, fin: false }));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } catch {
    return { megabytes: sent / 1e6, ended: true };
  }
  return { megabytes: sent / 1e6, ended: false };
}

const results = await Promise.all(Array.from({ length: Number(sockets) }, sendEndless));
console.log(JSON.stringify(results));
Deno.exit();
