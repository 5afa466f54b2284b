/**
 * From the protocol's schemas to inputs: right ones, ones with a single fault, and garbage.
 *
 * What an input deserves is not decided here: the schema is asked again, see `expect.ts`. So nothing
 * is lost when what is meant to be right is wrong, or the other way round.
 *
 * @module
 */
import fc from "fast-check";
import type * as v from "valibot";
import { hostileText } from "./texts.ts";

/** What is there to be named in an input, of one's own and of others. */
export interface World {
  conversationIds: string[];
  userIds: string[];
  messageIds: string[];
  tokens: string[];
}

type Json = unknown;

/** The parts of valibot's schemas and checks that are looked at. */
interface Node {
  type: string;
  pipe?: Node[];
  entries?: Record<string, Node>;
  wrapped?: Node;
  item?: Node;
  items?: Node[];
  key?: Node;
  value?: Node;
  options?: unknown[];
  literal?: unknown;
  requirement?: unknown;
}

/** Values that a schema allows, as far as it says so without its free checks. */
export function valid(schema: v.GenericSchema, world: World): fc.Arbitrary<Json> {
  return ofNode(schema as unknown as Node, "", world);
}

function ofNode(node: Node, name: string, world: World): fc.Arbitrary<Json> {
  const inner = (child: Node) => ofNode(child, name, world);
  switch (node.type) {
    case "object":
    case "loose_object": {
      const entries = Object.entries(node.entries ?? {});
      return fc.record(
        Object.fromEntries(entries.map(([key, child]) => [key, ofNode(child, key, world)])),
        { requiredKeys: entries.filter(([, child]) => !isLeftOut(child)).map(([key]) => key) },
      );
    }
    case "optional":
      return inner(node.wrapped!);
    case "nullable":
      return fc.option(inner(node.wrapped!), { freq: 4 });
    case "array": {
      const { min_length: minLength = 0, max_length: maxLength = 20 } = bounds(node);
      return fc.array(inner(node.item!), { minLength, maxLength });
    }
    case "tuple":
      return fc.tuple(...node.items!.map(inner));
    case "record":
      return fc.dictionary(
        inner(node.key!) as fc.Arbitrary<string>,
        inner(node.value!),
        { maxKeys: 20 },
      );
    case "union":
      return fc.oneof(...(node.options as Node[]).map(inner));
    case "picklist":
      return fc.constantFrom(...node.options!);
    case "literal":
      return fc.constant(node.literal);
    case "boolean":
      return fc.boolean();
    case "number": {
      const { min_value: min = 0, max_value: max = Number.MAX_SAFE_INTEGER } = bounds(node);
      return fc.oneof(
        { weight: 3, arbitrary: fc.integer({ min, max: Math.min(max, 30) }) },
        fc.maxSafeInteger().map((n) => Math.min(max, Math.max(min, n))),
      );
    }
    case "string":
      return ofText(node, name, world);
    default:
      throw new Error(`Cannot make a value of a schema ${node.type}`);
  }
}

/** An id is left out of half the frames; what a query or body may lack is lacking at times. */
const isLeftOut = (node: Node) => node.type === "optional";

function ofText(node: Node, name: string, world: World): fc.Arbitrary<string> {
  const checks = new Map((node.pipe ?? []).map((check) => [check.type, check.requirement]));
  if (checks.has("uuid")) return ofId(name, world);
  if (checks.has("email")) return fc.emailAddress();
  if (checks.has("url")) return fc.webUrl({ validSchemes: ["https"], withQueryParameters: true });
  if (checks.has("iso_timestamp")) {
    return fc.date({ min: new Date(0), max: new Date("9999-12-31"), noInvalidDate: true })
      .map((date) => date.toISOString());
  }
  if (name === "timeZone") return fc.constantFrom("Europe/Lisbon", "Asia/Calcutta", "UTC", "Mars");
  if (name === "token") return fc.constantFrom(...world.tokens);
  if (name === "cursor") {
    return fc.constantFrom(...world.conversationIds)
      .map((id) => btoa(JSON.stringify([new Date().toISOString(), id])));
  }
  const regex = checks.get("regex");
  if (regex instanceof RegExp) return fc.stringMatching(regex);
  const max = (checks.get("max_length") as number | undefined) ?? 300;
  return fc.oneof(
    { weight: 4, arbitrary: fc.lorem({ maxCount: 8 }).map((text) => text.slice(0, max)) },
    { weight: 1, arbitrary: fc.constantFrom(max - 1, max).map((length) => "é".repeat(length)) },
    { weight: 2, arbitrary: hostileText.map((text) => text.slice(0, max)) },
  );
}

function ofId(name: string, world: World): fc.Arbitrary<string> {
  const known = name === "messageId" || name === "replyToId"
    ? world.messageIds
    : name === "recipientId" || name === "participantIds" || name === "userId"
    ? world.userIds
    : world.conversationIds;
  // A client's own id is new, or one it has used before.
  if (name === "clientId") {
    return fc.oneof({ weight: 9, arbitrary: fc.uuid() }, fc.constantFrom(...world.messageIds));
  }
  return fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...known) },
    { weight: 1, arbitrary: fc.constantFrom(...known).map((id) => id.toUpperCase()) },
    { weight: 1, arbitrary: fc.uuid() },
  );
}

function bounds(node: Node): Record<string, number | undefined> {
  return Object.fromEntries(
    (node.pipe ?? []).map((check) => [check.type, check.requirement as number]),
  );
}

/** What stands where something else is expected. As JSON, so that `1e400` can be among them. */
const wrongValues = fc.oneof(
  fc.constantFrom(
    ...["null", "true", "0", "-1", "-0", "1.5", "1e400", "-1e400", "9007199254740993", '"1"'],
    ...['"NaN"', "[]", "{}", '""', '" "', '"\\u0000"', '"\\ud800"', "2147483648", "1e-400"],
    ...['{"__proto__":{"type":"ping"}}', '["a","b"]', '{"toString":1}', '"__proto__"'],
    ...['"constructor"', '"toString"', '"00000000-0000-0000-0000-000000000000"', "[[[[[[]]]]]]"],
    '"{01890a5d-ac96-774b-bcce-b302099a8057}"',
    '"01890a5dac96774bbcceb302099a8057"',
    `"${"x".repeat(8_001)}"`,
    `"${"😀".repeat(4_001)}"`,
  ),
  fc.json({ maxDepth: 2 }),
  hostileText.map((text) => JSON.stringify(text)),
);

const wrongKeys = fc.constantFrom(
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "userId", "senderId", "role", ""],
  ...["id", "type", "seq", "messageId", "conversationId", "recipientId", "createdAt", "rev"],
);

/** The JSON of a right value with one thing wrong in it, wherever that may be. */
export function nearlyValid(base: fc.Arbitrary<Json>): fc.Arbitrary<string> {
  return fc.tuple(base, fc.nat(), fc.constantFrom("replace", "leave out", "add", "twice"))
    .chain(([value, at, how]) =>
      fc.tuple(wrongValues, wrongKeys).map(([wrong, key]) => spoil(value, at, how, { wrong, key }))
    );
}

/** Something only a text can hold, marked until the JSON is written. */
const mark = "\u{f8ff}fuzz\u{f8ff}";

function spoil(value: Json, at: number, how: string, by: { wrong: string; key: string }): string {
  const copy = structuredClone(value);
  const places = objectsIn(copy);
  const place = places[at % places.length];
  if (place === undefined) return by.wrong;
  const keys = Object.keys(place);
  const key = keys[at % Math.max(keys.length, 1)];
  if (how === "leave out" && key !== undefined) delete place[key];
  else if (how === "replace" && key !== undefined) place[key] = mark;
  else {
    // Not by assignment: `__proto__` is to be a key like any other, or one that stands there twice.
    const added = how === "twice" && key !== undefined ? key : by.key;
    place[mark] = mark;
    const text = JSON.stringify(copy);
    return text.replace(`"${mark}":"${mark}"`, () => `${JSON.stringify(added)}:${by.wrong}`);
  }
  return JSON.stringify(copy).replace(`"${mark}"`, () => by.wrong);
}

function objectsIn(value: Json): Record<string, Json>[] {
  if (typeof value !== "object" || value === null) return [];
  const own = Array.isArray(value) ? [] : [value as Record<string, Json>];
  return [...own, ...Object.values(value).flatMap(objectsIn)];
}

/** What is no input at all, as text. */
export function garbage(base: fc.Arbitrary<Json>): fc.Arbitrary<string> {
  return fc.oneof(
    fc.json(),
    hostileText,
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.tuple(base.map((value) => JSON.stringify(value)), fc.double({ min: 0, max: 1, noNaN: true }))
      .map(([text, cut]) => text.slice(0, Math.floor(text.length * cut))),
    fc.constantFrom("[", '{"a":').chain((one) => fc.nat(10_000).map((depth) => one.repeat(depth))),
    fc.nat(20_000).map((depth) => `${"[".repeat(depth)}${"]".repeat(depth)}`),
    base.map((value) => `\u{feff}${JSON.stringify(value)}`),
  );
}
