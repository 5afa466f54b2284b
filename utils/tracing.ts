/**
 * What Deno's OpenTelemetry export tells (`OTEL_DENO=true`), mended. Deno's own spans of requests
 * hold whole addresses, in whose query may be a token, before anybody can do anything about it, and
 * what is set again stands beside them. So they are let go of, and ours take their place. Where
 * nothing is exported there is no span, and nothing here does anything.
 *
 * @module
 */
import {
  type Attributes,
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  trace,
} from "@opentelemetry/api";

const tracer = trace.getTracer("parley");

/** Answers a request, within a span that knows of its address the route alone. */
export async function traceRequest(
  request: Request,
  answer: () => Promise<{ route: string | undefined; status: number }>,
): Promise<void> {
  const whole = trace.getActiveSpan();
  if (whole === undefined) {
    await answer();
    return;
  }
  // What does not end is not exported.
  whole.end = () => {};
  const { method, headers } = request;
  const caller = { traceparent: headers.get("traceparent"), tracestate: headers.get("tracestate") };
  const span = tracer.startSpan(
    method,
    { kind: SpanKind.SERVER, attributes: { "http.request.method": method } },
    propagation.extract(ROOT_CONTEXT, caller),
  );
  try {
    const within = trace.setSpan(context.active(), span);
    const { route, status } = await context.with(within, answer);
    span.setAttribute("http.response.status_code", status);
    if (route === undefined) return;
    span.updateName(`${method} ${route}`);
    span.setAttribute("http.route", route);
  } finally {
    span.end();
  }
}

/**
 * A span of its own for work that has just ended.
 *
 * @param attributes asked for where spans are exported, and else not
 */
export function recordSpan(name: string, ms: number, attributes: () => Attributes): void {
  const endedAt = performance.timeOrigin + performance.now();
  const span = tracer.startSpan(name, { root: true, startTime: endedAt - ms });
  if (span.isRecording()) span.setAttributes(attributes());
  span.end(endedAt);
}

/** Like fetch, for an address that is nobody else's to know: its span says nothing of it. */
export function discreetFetch(input: string | URL | Request, init: RequestInit = {}) {
  return fetch(input, {
    ...init,
    // Deno reads this within its span, before it notes the address there. What has ended takes no more.
    get method() {
      trace.getActiveSpan()?.end();
      return init.method ?? "GET";
    },
  });
}
