/** A connection that sends what bytes it likes, for requests that no client would make. */
export class RawHttp {
  private constructor(readonly connection: Deno.TcpConn) {}

  /** Connects and sends a beginning. */
  static async open(server: { url: string }, text: string): Promise<RawHttp> {
    const { hostname, port } = new URL(server.url);
    const raw = new RawHttp(await Deno.connect({ hostname, port: Number(port) }));
    await raw.write(text);
    return raw;
  }

  async write(text: string | Uint8Array): Promise<void> {
    const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
    for (let at = 0; at < bytes.length;) at += await this.connection.write(bytes.subarray(at));
  }

  /** The first answer, as far as its own length says; "" if it is hung up on. */
  async answer(): Promise<string> {
    const chunk = new Uint8Array(65_536);
    const decoder = new TextDecoder();
    let text = "";
    while (!isWhole(text)) {
      const length = await this.connection.read(chunk).catch(() => null);
      if (length === null) break;
      text += decoder.decode(chunk.subarray(0, length), { stream: true });
    }
    return text;
  }

  close(): void {
    this.connection.close();
  }
}

function isWhole(text: string): boolean {
  const [head, ...rest] = text.split("\r\n\r\n");
  const length = /content-length: (\d+)/i.exec(head ?? "")?.[1];
  return rest.length > 0 && rest.join("\r\n\r\n").length >= Number(length ?? 0);
}
