/**
 * Asking as one of the actors.
 *
 * @module
 */
import type { ClientFrameInput } from "@/chat/protocol.ts";
import type { TestUser } from "../support/server.ts";
import type { CallRow } from "./calls.ts";
import type { Actor, World } from "./world.ts";

export interface Request {
  method: string;
  path: string;
  body?: Record<string, unknown> | undefined;
}

/** What came back, as bytes came back. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  text: string;
}

/** The cells of a row, one for each of `columns`. */
export function cellsOf(answers: string, columns: readonly string[]): string[] {
  const cells = answers.split(/ +/);
  if (cells.length === 1) return columns.map(() => cells[0] as string);
  if (cells.length !== columns.length) throw new Error(`Expected ${columns.length}: ${answers}`);
  return cells;
}

/** The request that a row describes. */
export function requestOf(route: string, row: CallRow, world: World): Request {
  const [method, pattern] = route.split(" ") as [string, string];
  const params: Record<string, string> = {
    conversationId: world.group,
    userId: world.users.owner.id,
    subscriptionId: world.subscription,
    ...row.params?.(world),
  };
  const path = row.path ?? pattern.replace(/:(\w+)/g, (_, name) => params[name] as string);
  return { method, path, body: row.body?.(world) };
}

/** Asks over HTTP. A stream of events is not waited for. */
export async function ask(world: World, actor: Actor, request: Request): Promise<Answer> {
  const user: TestUser | undefined = actor === "anonymous" ? undefined : world.users[actor];
  const ending = new AbortController();
  const response = await fetch(new URL(request.path, world.server.url), {
    method: request.method,
    redirect: "manual",
    signal: ending.signal,
    headers: {
      ...user && { authorization: `Bearer ${user.token}` },
      ...request.body && { "content-type": "application/json" },
    },
    ...request.body && { body: JSON.stringify(request.body) },
  });
  const { date: _, ...headers } = Object.fromEntries(response.headers);
  const answer = { status: response.status, headers };
  if (headers["content-type"] !== "text/event-stream") {
    return { ...answer, text: await response.text() };
  }
  await response.body?.cancel();
  return { ...answer, text: "" };
}

/** Sends a frame by `POST /api/messages/events`. */
export const post = (world: World, actor: Actor, frame: ClientFrameInput): Promise<Answer> =>
  ask(world, actor, { method: "POST", path: "/api/messages/events", body: { ...frame } });
