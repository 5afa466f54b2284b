import type { ServerFrame } from "@/chat/protocol.ts";
import { type Link, type LinkListener, lostCode } from "./link.ts";

/** Opens a WebSocket; the token travels as a subprotocol, so that it stays out of the address. */
export function openWebSocket(token: string, listener: LinkListener): Link {
  const url = new URL("/api/messages/ws", location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(url, ["parley.v1", `bearer.${token}`]);
  let isOver = false;
  const close = (code: number) => {
    if (isOver) return;
    isOver = true;
    listener.closed(code || lostCode);
  };
  socket.onmessage = ({ data }) => {
    if (isOver || typeof data !== "string") return;
    listener.frame(JSON.parse(data) as ServerFrame);
  };
  socket.onclose = ({ code }) => close(code);
  return {
    send: (frame) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
    },
    close: () => {
      isOver = true;
      socket.close(1000);
    },
  };
}
