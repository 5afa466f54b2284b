import type { ClientFrameInput, Message, ServerFrame } from "@/chat/protocol.ts";
import { TestSocket } from "./client.ts";
import type { TestUser } from "./server.ts";

/** A member's socket, opened again when it was closed, as pages do. */
export class Device {
  #socket: Promise<TestSocket>;
  /** The code that each socket but the present one was closed with. */
  readonly closeCodes: number[] = [];
  #opened: (socket: TestSocket) => void = () => {};

  constructor(private readonly server: { url: string }, private readonly user: TestUser) {
    this.#socket = this.#open();
  }

  /** Calls back with the present socket, and with each one that follows. */
  async onOpened(opened: (socket: TestSocket) => void): Promise<void> {
    const socket = await this.#socket;
    this.#opened = opened;
    opened(socket);
  }

  get reconnects(): number {
    return this.closeCodes.length;
  }

  /** Asks until there is an answer. */
  async request(frame: ClientFrameInput): Promise<ServerFrame> {
    for (;;) {
      const socket = await this.#socket;
      try {
        return await socket.request(frame);
      } catch (error) {
        if (socket.socket.readyState === WebSocket.OPEN) throw error;
        await socket.closed;
      }
    }
  }

  /** Says a text until it is stored, again and again under one client id. */
  async insist(conversationId: string, content: string): Promise<Message> {
    const clientId = crypto.randomUUID();
    for (;;) {
      const frame = { type: "send_message", clientId, conversationId, content } as const;
      const answer = await this.request(frame);
      if (answer.type === "message_sent") return answer.message;
      if (answer.type !== "error" || answer.code !== "unavailable") {
        throw new Error(`Not sent: ${JSON.stringify(answer)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /** Closes it for good. */
  async close(): Promise<void> {
    const last = await this.#socket;
    this.#socket = Promise.reject(new Error("It is closed"));
    this.#socket.catch(() => {});
    await last.close();
  }

  /** The next one is opened as soon as this one is closed: nobody need ask for it. */
  async #open(): Promise<TestSocket> {
    for (;;) {
      const socket = await TestSocket.connect(this.server, this.user).catch(() => undefined);
      if (!socket) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        continue;
      }
      this.#opened(socket);
      socket.closed.then(({ code }) => this.#renew(socket, code));
      return socket;
    }
  }

  async #renew(socket: TestSocket, code: number): Promise<void> {
    const current = await this.#socket.catch(() => undefined);
    if (current !== socket) return;
    this.closeCodes.push(code);
    this.#socket = this.#open();
  }
}
