/**
 * Calls to the server over HTTP.
 *
 * @module
 */
import type { ErrorCode, InputIssue, Problem } from "@/chat/protocol.ts";

/** A call or frame that failed, with the server's reason or the lack of a connection. */
export class ApiError extends Error {
  constructor(
    readonly code: ErrorCode | "no_connection",
    message: string,
    readonly details: { errors?: InputIssue[] | undefined; retryAfter?: number | undefined } = {},
  ) {
    super(message);
  }

  /** Whether the same call may succeed later, without anybody changing it. */
  get isTransient(): boolean {
    return ["no_connection", "unavailable", "rate_limited", "internal", "unauthenticated"]
      .includes(this.code);
  }
}

/** What a person is told about an error, whatever it was. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof ApiError)) return "Something went wrong. Please try again.";
  if (error.code === "no_connection") return "The server cannot be reached.";
  if (error.code === "rate_limited") {
    return `Please try again in ${Math.ceil((error.details.retryAfter ?? 0) / 60)} min.`;
  }
  if (error.code === "unavailable" || error.code === "internal") {
    return "The server has trouble answering. Please try again in a moment.";
  }
  return error.message;
}

export interface RequestOptions {
  body?: unknown;
  token?: string;
  signal?: AbortSignal;
}

/**
 * Sends a request and reads its JSON answer; undefined where there is none (204).
 *
 * @throws {ApiError} when the server refuses, or cannot be reached
 */
export async function request<T>(
  method: string,
  path: string,
  { body, token, signal }: RequestOptions = {},
): Promise<T> {
  const headers = new Headers();
  if (body !== undefined) headers.set("content-type", "application/json");
  if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
  const response = await fetch(path, {
    method,
    headers,
    body: body === undefined ? null : JSON.stringify(body),
    signal: signal ?? AbortSignal.timeout(20_000),
  }).catch((error: Error) => {
    throw new ApiError("no_connection", error.message);
  });
  if (!response.ok) throw await problemOf(response);
  const isEmpty = response.status === 204;
  return (isEmpty ? undefined : await response.json().catch(() => undefined)) as T;
}

/** Reads why the server refused. */
export async function problemOf(response: Response): Promise<ApiError> {
  const problem: Partial<Problem> = await response.json().catch(() => ({}));
  const seconds = Number(response.headers.get("retry-after") ?? NaN);
  return new ApiError(
    problem.code ?? (response.status === 401 ? "unauthenticated" : "unavailable"),
    problem.detail ?? problem.title ?? `The server answered ${response.status}`,
    { errors: problem.errors, retryAfter: Number.isFinite(seconds) ? seconds : undefined },
  );
}
