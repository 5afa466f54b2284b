/**
 * What the contract says of an input and of its answer: docs/protocol.md, as a check.
 *
 * @module
 */
import {
  clientFrames,
  type ClientFrameType,
  type ErrorCode,
  limits,
  Problem,
  serverFrames,
} from "@/chat/protocol.ts";
import type { CallSpec } from "@/routes/api.ts";
import * as v from "valibot";

/** What a client frame must be answered with. */
export type Expected =
  | { close: number }
  | {
    replyTo: string | undefined;
    /** The type of the answer; null where there is none. */
    answer: string | null;
    /** What may be refused instead. */
    errors: ErrorCode[];
  };

/** What answers a frame; those that are not here have none. */
const answers: Partial<Record<ClientFrameType, string>> = {
  ping: "pong",
  auth: "authenticated",
  send_message: "message_sent",
  join_conversation: "conversation_history",
  sync: "sync_result",
};

/** Refusals of what is well formed. Not `internal`, ever; not `unavailable`, with all in order. */
const refusals: ErrorCode[] = ["not_found", "forbidden", "rate_limited"];

export function expectFrame(data: string | Uint8Array): Expected {
  if (typeof data !== "string") return { close: 1008 };
  if (new TextEncoder().encode(data).length > limits.frameBytes) return { close: 1009 };
  const input = parse(data);
  const isObject = typeof input === "object" && input !== null && !Array.isArray(input);
  const { id, type } = (isObject ? input : {}) as { id?: unknown; type?: unknown };
  const replyTo = typeof id === "string" && id.length <= 64 ? id : undefined;
  const schema = Object.entries(clientFrames).find(([name]) => name === type)?.[1];
  if (!isObject || !schema || !v.is(schema as v.GenericSchema, input)) {
    return { replyTo, answer: null, errors: ["invalid_input"] };
  }
  const name = type as ClientFrameType;
  const own: ErrorCode[] = name === "auth"
    ? ["unauthenticated"]
    // To oneself, with attachments, or of a type that needs one.
    : name === "send_message"
    ? ["invalid_input"]
    : [];
  return { replyTo, answer: answers[name] ?? null, errors: [...refusals, ...own] };
}

/** Whether a frame must be answered one way or the other. */
export const mustAnswer = (expected: Exclude<Expected, { close: number }>): boolean =>
  expected.answer !== null || expected.errors.length === 1;

/** Throws if it is no frame of the server's. */
export function checkServerFrame(frame: { type: string }): void {
  const schema = serverFrames[frame.type as keyof typeof serverFrames] as v.GenericSchema;
  const result = v.safeParse(schema, frame);
  if (!result.success) {
    throw new Error(`Not a server frame: ${result.issues[0].message} in ${JSON.stringify(frame)}`);
  }
}

/** A request, as it is sent. */
export interface Request {
  spec: CallSpec;
  path: string;
  query: [name: string, value: string][];
  token: string | undefined;
  body: string | undefined;
}

/** @param isToken whether the server takes the request's token */
export function checkResponse(
  { spec, query, body, token }: Request,
  isToken: boolean,
  response: { status: number; contentType: string; text: string },
): void {
  const { status, contentType, text } = response;
  if (status >= 400 && !(status in spec.answers)) {
    const problem = v.parse(Problem, JSON.parse(text));
    if (contentType !== "application/problem+json") throw new Error(`Content type ${contentType}`);
    if (problem.status !== status) throw new Error(`Says ${problem.status}, is ${status}`);
    if (["internal", "unavailable", "too_large"].includes(problem.code)) {
      const isLarge = body !== undefined && body.length * 3 > limits.frameBytes;
      if (problem.code !== "too_large" || !isLarge) throw new Error(`Answered ${text}`);
    }
    return;
  }
  if (!spec.anonymous && (token === undefined || !isToken)) throw new Error("Needs no token");
  if (spec.body && !v.is(spec.body, parse(body?.replace(/^\ufeff/, "") ?? ""))) {
    throw new Error("Took a wrong body");
  }
  if (spec.query && !v.is(spec.query, firstOfEach(query))) throw new Error("Took a wrong query");
  const answer = spec.answers[status];
  if (answer === undefined) throw new Error("Is not in the reference");
  if (answer === null) {
    if (text !== "") throw new Error(`Expected no body, got ${text}`);
  } else if (typeof answer !== "string") {
    const { success, issues } = v.safeParse(answer, JSON.parse(text));
    if (!success) throw new Error(`Answered ${issues[0].message} in ${text}`);
  }
}

/** Of a name given twice the first counts. */
function firstOfEach(query: [string, string][]): Record<string, string> {
  return Object.fromEntries(query.toReversed());
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
