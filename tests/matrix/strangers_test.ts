/**
 * What one may not know of is answered like what does not exist, to the byte: for every call and
 * every frame that takes an id, as the reference documents have it.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { ClientFrameInput, ClientFrameType, ServerFrame } from "@/chat/protocol.ts";
import { call, TestSocket } from "../support/client.ts";
import { type Answer, ask, post, type Request, requestOf } from "./ask.ts";
import { calls } from "./calls.ts";
import { frameOf, frames } from "./frames.ts";
import { foreignId, idFieldsOf, kindOf, type Secret, withId } from "./ids.ts";
import { anyDatabase, openWorld, type World } from "./world.ts";

/** Everyone who is no owner of anything that is asked for. */
const askers = ["stranger", "former", "other", "moderator", "admin", "member"] as const;
type Asker = (typeof askers)[number];

// deno-lint-ignore no-explicit-any
const documentOf = async (world: World, name: string): Promise<any> =>
  (await call(world.server, "GET", `/api/${name}.json`)).body;

/** What may differ: the id itself, as the asker named it. */
function withoutId(answer: Answer, id: string): Answer {
  return JSON.parse(JSON.stringify(answer).replaceAll(id, "(the id)"));
}

/** Asks for what is there and for what is not, and compares the answers. */
async function compare(
  what: string,
  existing: string,
  asking: (id: string) => Promise<Answer>,
): Promise<Answer> {
  const missing = crypto.randomUUID();
  const [one, other] = [await asking(existing), await asking(missing)];
  assert.deepEqual(withoutId(one, existing), withoutId(other, missing), what);
  return one;
}

Deno.test("a call answers about what is another's as about nothing", async () => {
  const world = await openWorld(await anyDatabase.open());
  await using _ = world.server;
  const { paths } = await documentOf(world, "openapi");
  const asked = new Set<string>();
  for (const [route, row] of Object.entries(calls)) {
    const [method, path] = route.split(" ") as [string, string];
    const operation = paths[path.replace(/:(\w+)/g, "{$1}")]?.[method.toLowerCase()];
    const params = [...path.matchAll(/:(\w+Id)\b/g)].map(([, param]) => param as string);
    const schema = operation?.requestBody?.content["application/json"].schema;
    for (const asker of askers) {
      for (const param of params) {
        const kind = kindOf(param);
        if (kind === "open") continue;
        asked.add(`${route} ${param}`);
        await compare(`${route} as ${asker}`, foreignId(world, asker, kind), (id) => {
          const named = { ...row, params: () => ({ ...row.params?.(world), [param]: id }) };
          return ask(world, asker, requestOf(route, named, world));
        });
      }
      for (const field of idFieldsOf(schema)) {
        const kind = kindOf(field);
        if (kind === "open") continue;
        asked.add(`${route} ${field}`);
        const request = requestOf(route, row, world);
        for (const conversationId of placesOf(world, asker, kind, request.body)) {
          await compare(
            `${route} ${field} as ${asker}`,
            foreignId(world, asker, kind),
            (id) => {
              const body = withId({ ...request.body, ...conversationId }, field, id);
              return ask(world, asker, { ...request, body } satisfies Request);
            },
          );
        }
      }
    }
  }
  assert.ok(asked.has("GET /api/messages/conversations/:conversationId conversationId"));
  assert.ok(asked.has("POST /api/messages/send replyToId"));
  assert.ok(asked.has("POST /api/messages/sync heads"));
  assert.ok(asked.size >= 11, [...asked].join("\n"));
});

Deno.test("a frame answers about what is another's as about nothing", async () => {
  const world = await openWorld(await anyDatabase.open());
  await using _ = world.server;
  const { channels } = await documentOf(world, "asyncapi");
  const { messages } = channels.socket;
  const refused = new Map<string, number>();
  for (const asker of askers) {
    const user = world.users[asker];
    const socket = await TestSocket.connect(world.server, user);
    for (const type of Object.keys(frames) as ClientFrameType[]) {
      for (const field of idFieldsOf(messages[`client-${type}`].payload)) {
        const kind = kindOf(field);
        if (kind === "open") continue;
        const frame = { ...frameOf(type, world, user) };
        for (const conversationId of placesOf(world, asker, kind, frame)) {
          const what = `${type} ${field} as ${asker}`;
          const of = (id: string) =>
            withId({ ...frame, ...conversationId }, field, id) as ClientFrameInput;
          const existing = foreignId(world, asker, kind);
          const { status } = await compare(what, existing, (id) => post(world, asker, of(id)));
          await compare(what, existing, (id) => askSocket(socket, of(id)));
          refused.set(type, status);
        }
      }
    }
    await socket.close();
  }
  const { leave_conversation, sync, ...others } = Object.fromEntries(refused);
  assert.deepEqual([leave_conversation, sync], [204, 200]);
  assert.deepEqual(new Set(Object.values(others)), new Set([404]));
  assert.equal(Object.keys(others).length, 6);
});

/** A message can be asked for in its conversation and in one's own. */
function placesOf(
  world: World,
  asker: Asker,
  kind: Secret,
  body: Record<string, unknown> | undefined,
): { conversationId?: string }[] {
  if (kind !== "message" || body?.conversationId === undefined) return [{}];
  return [
    { conversationId: foreignId(world, asker, "conversation") },
    { conversationId: world.own[asker] as string },
  ];
}

/** The answer of a socket; or that there was none. */
async function askSocket(socket: TestSocket, frame: ClientFrameInput): Promise<Answer> {
  const id = "asked";
  socket.frames.length = 0;
  socket.send({ ...frame, id });
  // Takes more of the database than any frame without an answer does.
  await socket.request({ type: "sync", heads: {} });
  await socket.request({ type: "sync", heads: {} });
  const isIts = (one: ServerFrame) => "replyTo" in one && one.replyTo === id;
  return { status: 0, headers: {}, text: JSON.stringify(socket.frames.find(isIts)) ?? "" };
}
