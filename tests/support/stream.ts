import type { ServerFrame } from "@/chat/protocol.ts";
import type { TestUser } from "./server.ts";
import { Ear } from "./ear.ts";

/** A stream of server-sent events that remembers every frame. `await using stream = …`. */
export class TestStream extends Ear {
  private constructor(private readonly ending: AbortController) {
    super();
  }

  /** Opens a stream of this member and waits for its `connected`. */
  static async open(server: { url: string }, user: TestUser): Promise<TestStream> {
    const ending = new AbortController();
    const { body } = await fetch(new URL("/api/messages/events", server.url), {
      headers: { authorization: `Bearer ${user.token}` },
      signal: ending.signal,
    });
    const stream = new TestStream(ending);
    stream.#read(body as ReadableStream<Uint8Array>);
    await stream.until(() => stream.frames[0], "connected");
    return stream;
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    let text = "";
    try {
      for await (const piece of body.pipeThrough(new TextDecoderStream())) {
        const events = (text + piece).split("\n\n");
        text = events.pop() as string;
        for (const event of events) {
          if (event.startsWith("data: ")) this.hear(JSON.parse(event.slice(6)) as ServerFrame);
        }
      }
    } catch {
      // It was ended, here or there.
    }
    this.end();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.ending.abort();
    return Promise.resolve();
  }
}
