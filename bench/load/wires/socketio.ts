import type { Ear, Place, Wire } from "../wire.ts";

/**
 * Socket.IO's packets over a WebSocket: engine.io's type (0 open, 2 ping, 3 pong, 4 message), then
 * Socket.IO's (0 connect, 2 event, 3 acknowledgement, 4 refusal), then the acknowledgement's number.
 * Their own client does the same and more, and would be the first to reach its limit.
 */
export class SocketIoWire implements Wire {
  readonly #socket: WebSocket;
  /** By the number of the acknowledgement that is awaited. */
  readonly #clientIds = new Map<number, string>();
  #number = 0;

  constructor(private readonly place: Place, private readonly ear: Ear) {
    const address = `${place.url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`;
    this.#socket = new WebSocket(address);
    this.#socket.onmessage = ({ data }) => this.#hear(data);
    this.#socket.onclose = ({ code, reason }) => ear.closed(`${code} ${reason}`);
  }

  write(clientId: string, content: string): void {
    const { conversationId } = this.place;
    const number = ++this.#number;
    this.#clientIds.set(number, clientId);
    const event = ["send_message", { clientId, conversationId, content }];
    this.#socket.send(`42${number}${JSON.stringify(event)}`);
  }

  mark(): void {
    throw new Error("The Socket.IO peer knows no marks");
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.onclose = () => resolve();
      this.#socket.close();
    });
  }

  #hear(packet: string): void {
    if (packet === "2") return this.#socket.send("3");
    if (packet.startsWith("0")) {
      return this.#socket.send(`40${JSON.stringify({ token: this.place.account.token })}`);
    }
    const body = packet.search(/[[{]/);
    const said = JSON.parse(packet.slice(body));
    switch (packet.slice(0, 2)) {
      case "40":
        return this.ear.joined(0);
      case "42":
        return this.ear.received(said[1].clientId, said[1].content);
      case "43":
        return this.#acknowledged(Number(packet.slice(2, body)), said[0]);
      default:
        return this.ear.refused(packet);
    }
  }

  #acknowledged(number: number, answer: { error?: string }): void {
    const clientId = this.#clientIds.get(number) ?? "";
    this.#clientIds.delete(number);
    if (answer.error !== undefined) return this.ear.refused(answer.error);
    this.ear.acknowledged(clientId);
  }
}
