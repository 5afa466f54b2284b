import type { ClientFrameInput, ServerFrame } from "@/chat/protocol.ts";
import type { Account } from "./plan.ts";
import type { Tally } from "./tally.ts";

const content = "lorem ipsum ".repeat(10);

/** A member at their socket, who writes to members who are not there. */
export class Sender {
  readonly #socket: WebSocket;
  /** What is under way, and what to call when it is acknowledged. */
  readonly #underWay = new Map<string, () => void>();
  readonly #connected = Promise.withResolvers<void>();

  constructor(url: string, { token }: Account, private readonly tally: Tally) {
    const address = `${url.replace("http", "ws")}/api/messages/ws`;
    this.#socket = new WebSocket(address, ["parley.v1", `bearer.${token}`]);
    this.#socket.onmessage = ({ data }) => this.#hear(JSON.parse(data));
    this.#socket.onclose = ({ code, reason }) => {
      const what = `A socket was closed with ${code} ${reason}`;
      this.#connected.reject(new Error(what));
      tally.fault(what);
    };
  }

  get connected(): Promise<void> {
    return this.#connected.promise;
  }

  /** Resolves when the message is acknowledged. */
  write(conversationId: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const clientId = crypto.randomUUID();
    const at = performance.now();
    this.tally.sent();
    this.#underWay.set(clientId, () => {
      this.tally.acknowledged();
      this.tally.delivered(at);
      this.tally.done();
      resolve();
    });
    const frame: ClientFrameInput = { type: "send_message", clientId, conversationId, content };
    this.#socket.send(JSON.stringify(frame));
    return promise;
  }

  close(): void {
    this.#socket.onclose = null;
    this.#socket.close();
  }

  #hear(frame: ServerFrame): void {
    if (frame.type === "connected") return this.#connected.resolve();
    if (frame.type === "ping") return this.#socket.send('{"type":"pong"}');
    if (frame.type === "error") return this.tally.fault(`${frame.code} ${frame.message}`);
    if (frame.type !== "message_sent") return;
    const clientId = frame.message.clientId ?? "";
    const acknowledge = this.#underWay.get(clientId);
    if (!acknowledge) return this.tally.fault("Acknowledged twice");
    this.#underWay.delete(clientId);
    acknowledge();
  }
}
