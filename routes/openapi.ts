/**
 * The reference: OpenAPI for the calls, AsyncAPI for the frames, made from what checks the input.
 *
 * @module
 */
import { clientFrames, Problem, serverFrames } from "@/chat/protocol.ts";
import { toJsonSchema } from "@valibot/to-json-schema";
import type { GenericSchema } from "valibot";
import type { CallSpec } from "./api.ts";

type Json = Record<string, unknown>;

const info = {
  title: "Parley",
  version: "1",
  description: "Real-time messaging for web platforms.",
};

/**
 * A schema for documents. Checks that JSON Schema cannot say (text without NUL, one of two fields)
 * are left out; inputs are shown as a client writes them, before defaults are filled in.
 */
function jsonSchema(schema: GenericSchema, typeMode: "input" | "output"): Json {
  const { $schema: _, ...rest } = toJsonSchema(schema, { errorMode: "ignore", typeMode });
  return rest as Json;
}

/** The OpenAPI 3.1 document of these calls. */
export function openApi(specs: CallSpec[], publicUrl: string): Json {
  const paths: Record<string, Json> = {};
  for (const spec of specs) {
    const path = spec.path.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [spec.method.toLowerCase()]: operation(spec) };
  }
  return {
    openapi: "3.1.0",
    info,
    servers: [{ url: publicUrl }],
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
      schemas: { Problem: jsonSchema(Problem, "output") },
    },
  };
}

function operation(spec: CallSpec): Json {
  const inPath = [...spec.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string", format: "uuid" },
  }));
  const query = spec.query ? jsonSchema(spec.query, "input") : {};
  const required = (query.required ?? []) as string[];
  const inQuery = Object.entries((query.properties ?? {}) as Json).map(([name, schema]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema,
  }));
  const answers = Object.entries(spec.answers).map(([status, answer]) => [
    status,
    { description: Number(status) < 300 ? "Success" : "Failure", ...content(answer) },
  ]);
  return {
    summary: spec.summary,
    tags: [spec.path.split("/")[2]],
    ...spec.anonymous && { security: [] },
    ...(inPath.length + inQuery.length > 0) && { parameters: [...inPath, ...inQuery] },
    ...spec.body && {
      requestBody: {
        required: true,
        content: { "application/json": { schema: jsonSchema(spec.body, "input") } },
      },
    },
    responses: {
      ...Object.fromEntries(answers),
      default: {
        description: "Problem details (RFC 9457)",
        content: {
          "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } },
        },
      },
    },
  };
}

function content(answer: GenericSchema | string | null): Json {
  if (answer === null) return {};
  if (typeof answer === "string") return { content: { [answer]: { schema: { type: "string" } } } };
  return { content: { "application/json": { schema: jsonSchema(answer, "output") } } };
}

const frames = { client: clientFrames, server: serverFrames };
type Side = keyof typeof frames;

/** The AsyncAPI 3.0 document of the WebSocket's frames. */
export function asyncApi(publicUrl: string): Json {
  const { host, protocol } = new URL(publicUrl);
  // Both sides have a ping and a pong: whose they are is in their keys.
  const key = (side: Side, name: string) => `${side}-${name}`;
  const messages = (side: Side) =>
    Object.fromEntries(
      Object.entries<GenericSchema>(frames[side]).map(([name, schema]) => {
        const payload = jsonSchema(schema, side === "client" ? "input" : "output");
        return [key(side, name), { name, contentType: "application/json", payload }];
      }),
    );
  const refs = (side: Side) =>
    Object.keys(frames[side])
      .map((name) => ({ $ref: `#/channels/socket/messages/${key(side, name)}` }));
  const channel = { $ref: "#/channels/socket" };
  return {
    asyncapi: "3.0.0",
    info,
    servers: { parley: { host, protocol: protocol === "https:" ? "wss" : "ws" } },
    channels: {
      socket: {
        address: "/api/messages/ws",
        description: "The token comes as ?token= or as the subprotocols parley.v1, bearer.<jwt>.",
        messages: { ...messages("client"), ...messages("server") },
      },
    },
    operations: {
      receive: { action: "receive", channel, messages: refs("client") },
      send: { action: "send", channel, messages: refs("server") },
    },
  };
}
