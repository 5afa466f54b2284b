import type { ChatError } from "@/chat/errors.ts";
import type { ErrorCode, Problem, ServerFrame } from "@/chat/protocol.ts";
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";

const statuses: Record<ErrorCode, [status: ContentfulStatusCode, title: string]> = {
  invalid_input: [400, "Bad Request"],
  unauthenticated: [401, "Unauthorized"],
  forbidden: [403, "Forbidden"],
  not_found: [404, "Not Found"],
  conflict: [409, "Conflict"],
  too_large: [413, "Content Too Large"],
  rate_limited: [429, "Too Many Requests"],
  internal: [500, "Internal Server Error"],
  unavailable: [503, "Service Unavailable"],
};

/** An error over HTTP: RFC 9457 problem details, with the headers that were set before it. */
export function problemResponse(c: Context, error: ChatError): Response {
  const [status, title] = statuses[error.code];
  const problem: Problem = {
    type: "about:blank",
    title,
    status,
    detail: error.message,
    code: error.code,
    ...error.details.errors && { errors: error.details.errors },
  };
  const { retryAfter } = error.details;
  return c.body(JSON.stringify(problem), status, {
    "content-type": "application/problem+json",
    // Not even where what was asked for may be kept: it may be there in a moment.
    "cache-control": "no-store",
    ...retryAfter !== undefined && { "retry-after": String(retryAfter) },
    ...error.code === "unauthenticated" && { "www-authenticate": "Bearer" },
  });
}

/** An error over a socket. `replyTo` is the `id` of the frame it answers. */
export function errorFrame(error: ChatError, replyTo: string | undefined): ServerFrame {
  const { errors, retryAfter } = error.details;
  return {
    type: "error",
    code: error.code,
    message: error.message,
    ...errors && { errors },
    ...retryAfter !== undefined && { retryAfter },
    ...replyTo !== undefined && { replyTo },
  };
}
