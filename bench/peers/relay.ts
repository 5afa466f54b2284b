/**
 * The ceiling: takes and gives the same frames as Parley over a bare WebSocket, and does nothing
 * else. It stores nothing, checks nothing, and trusts everybody. Takes its port as argument.
 *
 * @module
 */
import type { ClientFrame } from "@/chat/protocol.ts";

interface Room {
  sockets: Set<WebSocket>;
  seq: number;
  /** The last message, serialized. */
  last: string;
}

const rooms = new Map<string, Room>();

function roomOf(conversationId: string): Room {
  const room = rooms.get(conversationId) ?? { sockets: new Set(), seq: 0, last: "" };
  rooms.set(conversationId, room);
  return room;
}

Deno.serve({
  hostname: "127.0.0.1",
  port: Number(Deno.args[0]),
  onListen: () => {},
}, (request) => {
  if (request.headers.get("upgrade") !== "websocket") return new Response("ready");
  const token = request.headers.get("sec-websocket-protocol")?.split(/, */).at(-1) ?? "";
  const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "parley.v1" });
  serve(socket, subject(token));
  return response;
});

/** Whom a token names, unchecked. */
function subject(token: string): string {
  const claims = token.slice("bearer.".length).split(".")[1] ?? "";
  const bytes = Uint8Array.fromBase64(claims, { alphabet: "base64url" });
  return JSON.parse(new TextDecoder().decode(bytes)).sub;
}

function serve(socket: WebSocket, userId: string): void {
  socket.onopen = () => socket.send('{"type":"connected"}');
  socket.onclose = () => {
    for (const room of rooms.values()) room.sockets.delete(socket);
  };
  socket.onmessage = ({ data }) => {
    const frame: ClientFrame = JSON.parse(data);
    switch (frame.type) {
      case "join_conversation": {
        const { sockets, last } = roomOf(frame.conversationId);
        sockets.add(socket);
        return socket.send(`{"type":"conversation_history","messages":[${last}]}`);
      }
      case "send_message":
        return relay(socket, userId, frame);
      case "mark_delivered": {
        const text = JSON.stringify({ ...frame, type: "message_delivered", userId });
        for (const one of roomOf(frame.conversationId).sockets) one.send(text);
      }
    }
  };
}

/** The message is serialized once for its two frames, the least that anyone could do. */
function relay(
  socket: WebSocket,
  userId: string,
  { clientId, conversationId = "", content }: Extract<ClientFrame, { type: "send_message" }>,
): void {
  const room = roomOf(conversationId);
  const seq = ++room.seq;
  room.last = JSON.stringify({
    id: clientId,
    conversationId,
    seq,
    rev: seq,
    clientId,
    senderId: userId,
    type: "text",
    content,
    attachments: [],
    reactions: [],
    replyTo: null,
    createdAt: new Date().toISOString(),
    editedAt: null,
    deletedAt: null,
  });
  const text = `{"type":"new_message","message":${room.last}}`;
  for (const other of room.sockets) {
    if (other !== socket) other.send(text);
  }
  socket.send(`{"type":"message_sent","clientId":"${clientId}","message":${room.last}}`);
}
