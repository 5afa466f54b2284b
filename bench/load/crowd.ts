import type { ClientFrameInput } from "@/chat/protocol.ts";
import type { Account } from "./plan.ts";

/** Handshakes under way at once, where nothing is measured meanwhile. */
const atOnce = 100;

/**
 * Opens a socket for each member, as Parley's protocol has it.
 *
 * @param hear is given a frame's text and whose it is, and returns an answer if there is one
 * @param ended is told when a socket is closed
 * @returns when all are connected
 */
export async function openCrowd(
  url: string,
  accounts: Account[],
  hear: (text: string, member: number) => ClientFrameInput | undefined,
  ended: (why: string) => void,
  limit = atOnce,
): Promise<WebSocket[]> {
  const sockets: WebSocket[] = [];
  const waiting = [...accounts.entries()].reverse();
  const openInTurn = async () => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const [member, { token }] = next;
      const address = `${url.replace("http", "ws")}/api/messages/ws`;
      const socket = new WebSocket(address, ["parley.v1", `bearer.${token}`]);
      sockets[member] = socket;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      socket.onmessage = ({ data }) => {
        if (data.startsWith('{"type":"connected"')) resolve();
        const answer = data === '{"type":"ping"}' ? pong : hear(data, member);
        if (answer) socket.send(JSON.stringify(answer));
      };
      socket.onclose = ({ code, reason }) => {
        const why = `A socket was closed: ${code} ${reason}`;
        reject(new Error(why));
        ended(why);
      };
      await promise;
    }
  };
  await Promise.all(Array.from({ length: limit }, openInTurn));
  return sockets;
}

const pong = { type: "pong" } as const;
