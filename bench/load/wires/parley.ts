import type { ClientFrameInput, ServerFrame } from "@/chat/protocol.ts";
import type { Ear, Place, Wire } from "../wire.ts";

/** Parley's frames, which the relay speaks too. */
export class ParleyWire implements Wire {
  readonly #socket: WebSocket;

  constructor(private readonly place: Place, private readonly ear: Ear) {
    const address = `${place.url.replace("http", "ws")}/api/messages/ws`;
    this.#socket = new WebSocket(address, ["parley.v1", `bearer.${place.account.token}`]);
    this.#socket.onmessage = ({ data }) => this.#hear(JSON.parse(data));
    this.#socket.onclose = ({ code, reason }) => ear.closed(`${code} ${reason}`);
  }

  write(clientId: string, content: string): void {
    const { conversationId } = this.place;
    this.#say({ type: "send_message", clientId, conversationId, content });
  }

  mark(seq: number): void {
    this.#say({ type: "mark_delivered", conversationId: this.place.conversationId, seq });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.onclose = () => resolve();
      this.#socket.close();
    });
  }

  #say(frame: ClientFrameInput): void {
    this.#socket.send(JSON.stringify(frame));
  }

  #hear(frame: ServerFrame): void {
    const { ear, place } = this;
    switch (frame.type) {
      case "ping":
        return this.#say({ type: "pong" });
      case "connected":
        return this.#say({
          type: "join_conversation",
          conversationId: place.conversationId,
          limit: 1,
        });
      case "conversation_history":
        return ear.joined(frame.messages.at(-1)?.seq ?? 0);
      case "message_sent":
        return ear.acknowledged(frame.message.clientId ?? "", frame.message.seq);
      case "new_message": {
        const { clientId, content, seq } = frame.message;
        return ear.received(clientId ?? "", content, seq);
      }
      case "message_delivered":
        if (frame.userId === place.peerId) ear.marked(frame.seq);
        return;
      case "error":
        return ear.refused(`${frame.code} ${frame.message}`);
    }
  }
}
