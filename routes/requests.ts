import type { Chat } from "@/chat/chat.ts";
import { newId } from "@/utils/ids.ts";
import type { Metrics } from "@/utils/metrics.ts";
import { traceRequest } from "@/utils/tracing.ts";
import type { Context, MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";

declare module "hono" {
  interface ContextVariableMap {
    /** Names the request in every line that is logged of it. */
    requestId: string;
    /** Whose token it bears, once that is known. */
    userId: string | undefined;
  }
}

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const methods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** What asks again and again, or comes along with a page: nobody reads a line for each. */
const quiet =
  /^\/(?:api\/(?:health|ready|admin\/status)|metrics|(?:assets\/|docs\/.+)?:file|docs\/.+)$/;

/**
 * Counts each request, gives it a span, and logs it in one line: by its route, since a path may hold
 * ids and a query a token.
 */
export function noteRequests(chat: Chat, metrics: Metrics): MiddlewareHandler {
  const observe = metrics.spreadBy(
    "parley_http_request_seconds",
    "How long requests took until their answer began, by route",
    seconds,
    ["method", "route", "status"],
  );
  return async (c, next) => {
    const begun = performance.now();
    const requestId = requestIdOf(c);
    c.set("requestId", requestId);
    await traceRequest(c.req.raw, async () => {
      await next();
      return { route: routeOf(c), status: c.res.status };
    });
    const ms = performance.now() - begun;
    const route = routeOf(c) ?? "other";
    const { status } = c.res;
    const method = methods.has(c.req.method) ? c.req.method : "other";
    observe({ method, route, status }, ms / 1_000);
    const userId = c.get("userId");
    chat.log[quiet.test(route) ? "debug" : "info"]("Request", {
      method,
      route,
      status,
      ms: Math.round(ms),
      ...userId !== undefined && { userId },
      requestId,
    });
  };
}

/** The pattern that the request was answered by, without its parameters' forms. */
function routeOf(c: Context): string | undefined {
  const route = matchedRoutes(c).findLast(({ method }) => method !== "ALL");
  return route?.path.replace(/\{.*?\}/g, "");
}

/** The proxy's name for it, if it gives a harmless one, so that both logs can be read together. */
function requestIdOf(c: Context): string {
  const given = c.req.header("x-request-id") ?? "";
  return /^[\w-]{8,64}$/.test(given) ? given : newId();
}
