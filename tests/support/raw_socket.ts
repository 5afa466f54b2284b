/**
 * A WebSocket client that keeps to no rule: it sends what bytes it likes, and answers nothing.
 *
 * @module
 */

const opcodes = { continuation: 0x0, text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa };

export interface RawFrame {
  opcode: keyof typeof opcodes;
  payload: Uint8Array;
  /** Whether the message ends with it. */
  fin: boolean;
}

/** A frame as it goes over the wire, masked with zeros. */
export function encodeFrame({ opcode, payload, fin }: RawFrame): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const bytes = new Uint8Array(head + 4 + length);
  const view = new DataView(bytes.buffer);
  bytes[0] = (fin ? 0x80 : 0) | opcodes[opcode];
  bytes[1] = 0x80 | (head === 2 ? length : head === 4 ? 126 : 127);
  if (head === 4) view.setUint16(2, length);
  if (head === 10) view.setBigUint64(2, BigInt(length));
  bytes.set(payload, head + 4);
  return bytes;
}

/** An open WebSocket, byte by byte. */
export class RawSocket {
  /** Resolves when the server has ended the connection. */
  readonly ended: Promise<void>;

  private constructor(readonly connection: Deno.TcpConn, reads: boolean) {
    this.ended = reads ? this.#drain() : new Promise(() => {});
  }

  /**
   * Makes the handshake; `token` as the page gives it.
   *
   * @param reads whether it reads what comes
   */
  static async open(
    server: { url: string },
    options: { token?: string; reads?: boolean } = {},
  ): Promise<RawSocket> {
    const { hostname, port } = new URL(server.url);
    const connection = await Deno.connect({ hostname, port: Number(port) });
    const lines = [
      "GET /api/messages/ws HTTP/1.1",
      `Host: ${hostname}:${port}`,
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==",
      ...options.token ? [`Sec-WebSocket-Protocol: parley.v1, bearer.${options.token}`] : [],
    ];
    await connection.write(new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`));
    const answer = new Uint8Array(4_096);
    const length = await connection.read(answer) ?? 0;
    const status = new TextDecoder().decode(answer.subarray(0, length)).split("\r\n")[0];
    if (!status?.includes("101")) throw new Error(`Expected a WebSocket, got: ${status}`);
    return new RawSocket(connection, options.reads ?? true);
  }

  /** @throws when the server has ended the connection */
  async send(frame: RawFrame): Promise<void> {
    await this.write(encodeFrame(frame));
  }

  /** Writes all of it. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.connection.write(bytes.subarray(at));
  }

  close(): void {
    try {
      this.connection.close();
    } catch {
      // It was closed by the server.
    }
  }

  async #drain(): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      while (await this.connection.read(buffer) !== null);
    } catch {
      // Reset is an end, too.
    }
  }
}
