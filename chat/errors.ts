import { isTransient } from "@/db/database.ts";
import type { Log } from "@/utils/log.ts";
import { HashingBusy } from "@/utils/password.ts";
import type { ErrorCode, InputIssue } from "./protocol.ts";

/**
 * What a caller did, or met, that cannot be done. `code` is for programs, the message for people;
 * both are told to the caller, so neither holds anything that is not theirs to know.
 */
export class ChatError extends Error {
  override name = "ChatError";

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: {
      /** What was wrong with which part of the input. */
      errors?: InputIssue[];
      /** Seconds until trying again makes sense. */
      retryAfter?: number;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: details.cause });
  }
}

/** The answer about what does not exist and about what is not the caller's: one and the same. */
export const notFound = (what: string, id: string) =>
  new ChatError("not_found", `Cannot find ${what} ${id}`);

/** Input that is well formed but cannot be meant. */
export const invalidInput = (path: string, message: string) =>
  new ChatError("invalid_input", message, { errors: [{ path, message }] });

/** What a caller is told of an error. What is no {@linkcode ChatError} is a bug, and logged. */
export function toChatError(error: unknown, log: Log): ChatError {
  if (error instanceof ChatError) return error;
  if (isTransient(error)) {
    log.warn("The database does not answer", { error });
    return new ChatError("unavailable", "The service is not available right now: try again", {
      retryAfter: 1,
      cause: error,
    });
  }
  if (error instanceof HashingBusy) {
    log.warn("Too many passwords to check at once");
    return new ChatError("unavailable", "Too much is going on right now: try again", {
      retryAfter: error.retryAfter,
      cause: error,
    });
  }
  log.error("Unexpected error", { error });
  return new ChatError("internal", "Something went wrong on our side");
}
