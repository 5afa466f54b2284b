/**
 * Where a call or a frame takes ids, found in the reference documents, and what they are ids of.
 *
 * @module
 */
import type { World } from "./world.ts";

/** What an id names that one may not know of; `open`: what anyone may name, or what is the asker's. */
export type Secret = "conversation" | "message" | "subscription" | "notification";

const kinds: Record<string, Secret | "open"> = {
  conversationId: "conversation",
  heads: "conversation",
  messageId: "message",
  replyToId: "message",
  subscriptionId: "subscription",
  ids: "notification",
  // Everybody's profile is to be found by everybody.
  userId: "open",
  userIds: "open",
  participantIds: "open",
  recipientId: "open",
  // The sender's own.
  clientId: "open",
  // There are none yet.
  attachmentIds: "open",
};

/** The kind of a field. An id of which nobody has said what it names fails. */
export function kindOf(name: string): Secret | "open" {
  const kind = kinds[name];
  if (kind === undefined) throw new Error(`Say in tests/matrix/ids.ts what ${name} names`);
  return kind;
}

interface JsonSchema {
  format?: string;
  properties?: Record<string, JsonSchema>;
  propertyNames?: JsonSchema;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
}

const holdsIds = (schema: JsonSchema): boolean =>
  schema.format === "uuid" || schema.propertyNames?.format === "uuid" ||
  (schema.items !== undefined && holdsIds(schema.items)) ||
  (schema.anyOf ?? []).some(holdsIds);

/** The fields of an input that hold ids. */
export const idFieldsOf = (schema: JsonSchema | undefined): string[] =>
  Object.entries(schema?.properties ?? {}).filter(([, one]) => holdsIds(one)).map(([name]) => name);

/** An input whose field names this. */
export function withId(
  body: Record<string, unknown>,
  field: string,
  id: string,
): Record<string, unknown> {
  if (field === "heads") return { ...body, heads: { [id]: { rev: 0, marksRev: 0 } } };
  // A message is named either by its place or by its id.
  const { seq: _, ...rest } = body;
  if (field === "messageId") return { ...rest, messageId: id };
  return { ...body, [field]: field === "ids" ? [id] : id };
}

/** Something that is there, and not this actor's to know of. */
export function foreignId(world: World, actor: string, kind: Secret): string {
  const isMember = actor === "member";
  switch (kind) {
    case "conversation":
      return isMember ? world.direct : world.group;
    case "message":
      return isMember ? world.directMessage : world.message;
    case "subscription":
      return world.subscription;
    case "notification":
      return world.notification;
  }
}
