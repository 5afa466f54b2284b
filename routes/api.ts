import type { Chat } from "@/chat/chat.ts";
import { ChatError, invalidInput } from "@/chat/errors.ts";
import { Id, limits } from "@/chat/protocol.ts";
import { type RateName, spend } from "@/chat/rates.ts";
import type { Tokens } from "@/utils/jwt.ts";
import type { Context, Hono } from "hono";
import * as v from "valibot";
import { clientAddress } from "./address.ts";
import { readBody } from "./body.ts";
import { bearerToken, openTokenSession, type Session } from "./session.ts";
import { parseJson, validate } from "./validate.ts";

/** A call of the API as it is checked, and as it is documented. */
export interface CallSpec {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Hono's form: `/api/users/:userId`. Every parameter is an id. */
  path: string;
  summary: string;
  /** What it counts as, by member and address; null: as nothing, or it counts by itself. */
  rate: RateName | null;
  /** Open to those without a token. */
  anonymous?: true;
  query?: v.GenericSchema;
  body?: v.GenericSchema;
  /** What it answers, by status; null where there is no body, a string for another content type. */
  answers: Record<number, v.GenericSchema | string | null>;
}

type OutputOf<Schema> = Schema extends v.GenericSchema ? v.InferOutput<Schema> : undefined;

/** A request that has passed its checks. */
export interface CallRequest<Spec extends CallSpec> {
  c: Context;
  session: Spec["anonymous"] extends true ? undefined : Session;
  query: OutputOf<Spec["query"]>;
  body: OutputOf<Spec["body"]>;
  /** A path parameter: a UUID. */
  id(name: string): string;
}

/**
 * The API: a Hono app whose calls each say what they take and give. The checks and the reference
 * come from the same spec, so that neither can be forgotten.
 */
export class Api {
  readonly specs: CallSpec[] = [];

  constructor(
    readonly app: Hono,
    readonly chat: Chat,
    readonly tokens: Tokens,
  ) {}

  /** Adds a call. The handler runs once the token, the query and the body are found right. */
  on<const Spec extends CallSpec>(
    spec: Spec,
    handle: (request: CallRequest<Spec>) => Response | Promise<Response>,
  ): void {
    this.specs.push(spec);
    this.app.on(spec.method, spec.path, async (c) => {
      const session = spec.anonymous ? undefined : await openTokenSession(
        this.chat,
        this.tokens,
        bearerToken(c.req.header("authorization")),
      );
      c.set("userId", session?.user.id);
      if (spec.rate) {
        const member = session?.user.id;
        await spend(this.chat, spec.rate, { ...member && { member }, address: clientAddress(c) });
      }
      return handle({
        c,
        session,
        query: spec.query && validate(spec.query, c.req.query()),
        body: spec.body && validate(spec.body, await readJson(c)),
        id: (name: string) => readId(c, name),
      } as CallRequest<Spec>);
    });
  }
}

async function readJson(c: Context): Promise<unknown> {
  if (!/^application\/json\b/i.test(c.req.header("content-type") ?? "")) {
    throw new ChatError("invalid_input", "Expected a body of content type application/json");
  }
  return parseJson(decode(await readBody(c, limits.frameBytes)));
}

/** Nothing is stored that is not what was sent: bytes that are no text are refused, not mended. */
function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw invalidInput("", "Expected UTF-8");
  }
}

function readId(c: Context, name: string): string {
  return validate(v.object({ [name]: Id }), { [name]: c.req.param(name) })[name] as string;
}
