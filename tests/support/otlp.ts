/**
 * A receiver of OpenTelemetry's export (OTLP over HTTP, as JSON) that keeps what it gets.
 *
 * @module
 */

export interface ReceivedSpan {
  name: string;
  attributes: Record<string, string | number>;
}

interface Exported {
  resourceSpans?: {
    scopeSpans: {
      spans: { name: string; attributes: { key: string; value: Record<string, string> }[] }[];
    }[];
  }[];
}

export class OtlpReceiver {
  /** Everything that came, as it came: spans, log records and metrics. */
  readonly received: string[] = [];
  readonly spans: ReceivedSpan[] = [];
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) =>
      request.text().then((text) => {
        this.received.push(text);
        for (const { scopeSpans } of (JSON.parse(text) as Exported).resourceSpans ?? []) {
          for (const { name, attributes } of scopeSpans.flatMap(({ spans }) => spans)) {
            const plain = attributes.map(({ key, value }) => [key, Object.values(value)[0]]);
            this.spans.push({ name, attributes: Object.fromEntries(plain) });
          }
        }
        return Response.json({});
      }),
  );

  /** What has a program export to here. */
  get env(): Record<string, string> {
    return {
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${this.#server.addr.port}`,
      OTEL_BSP_SCHEDULE_DELAY: "200",
      OTEL_BLRP_SCHEDULE_DELAY: "200",
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.shutdown();
  }
}
