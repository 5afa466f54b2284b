import type { Chat } from "@/chat/chat.ts";
import { type AppOptions, createApi } from "@/routes/app.ts";
import type { CallSpec } from "@/routes/api.ts";
import type { Tokens } from "@/utils/jwt.ts";
import { Metrics } from "@/utils/metrics.ts";
import fc from "fast-check";
import { checkResponse, type Request } from "./expect.ts";
import { garbage, nearlyValid, valid, type World } from "./schemas.ts";
import { within } from "./sockets.ts";
import { hostileText } from "./texts.ts";

/** Every call of the API, as the program itself lists them. Nothing is called here. */
function listCalls(): CallSpec[] {
  const options = { publicUrl: "http://localhost", allowedOrigins: [], localAccounts: true };
  const page = { folder: "", dev: false, config: { parentOrigins: [] } };
  const all = { ...options, page, metrics: new Metrics() } as unknown as AppOptions;
  return createApi({} as Chat, {} as Tokens, all).specs;
}

/** Passwords are slow on purpose, and are not what is looked for. */
const isSlow = ({ path }: CallSpec) => /\/(login|register)$/.test(path);

/** Requests of one member, right ones and wrong ones. */
export function requests(world: World, ownToken: string): fc.Arbitrary<Request> {
  const token = fc.oneof(
    { weight: 12, arbitrary: fc.constant(ownToken) },
    fc.constantFrom(undefined, "", "x", ...world.tokens),
  );
  const one = (spec: CallSpec) =>
    fc.record({
      spec: fc.constant(spec),
      path: pathOf(spec, world),
      query: queryOf(spec, world),
      token,
      body: bodyOf(spec, world),
    });
  return fc.oneof(
    ...listCalls().map((spec) => ({ weight: isSlow(spec) ? 1 : 30, arbitrary: one(spec) })),
  );
}

function pathOf(spec: CallSpec, world: World): fc.Arbitrary<string> {
  const parts = spec.path.split("/").map((part): fc.Arbitrary<string> => {
    if (!part.startsWith(":")) return fc.constant(part);
    const known = part === ":userId" ? world.userIds : world.conversationIds;
    return fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom(...known) },
      fc.uuid(),
      fc.constantFrom("%zz", "%", "%00", "%ff%fe", "..", "%2e%2e%2f", "a%2fb", "{id}", "-1"),
      hostileText.map((text) => encodeURIComponent(text.toWellFormed().slice(0, 500))),
    );
  });
  return fc.tuple(...parts).map((all) => all.join("/"));
}

function queryOf(spec: CallSpec, world: World): fc.Arbitrary<[string, string][]> {
  const names = Object.keys((spec.query as { entries?: object } | undefined)?.entries ?? {});
  const right = spec.query
    ? valid(spec.query, world).map((query) => Object.entries(query as Record<string, string>))
    : fc.constant<[string, string][]>([]);
  // An address cannot hold half of a surrogate pair.
  const wellFormed = (query: [string, string][]) =>
    query.map(([name, value]): [string, string] => [name, value.toWellFormed()]);
  const shortText = hostileText.map((text) => text.slice(0, 1_000));
  const wrong = fc.array(
    fc.tuple(
      fc.constantFrom(...names, "__proto__", "token", "limit", ""),
      // No client makes an address of more than 64 KiB.
      fc.oneof(shortText, fc.constantFrom("-1", "1e9", "NaN", "9".repeat(16), "[]", "%00")),
    ),
    { maxLength: 3 },
  );
  return fc.oneof(
    { weight: 3, arbitrary: right },
    fc.tuple(right, wrong).map(([one, other]) => [...one, ...other]),
  ).map(wellFormed);
}

function bodyOf(spec: CallSpec, world: World): fc.Arbitrary<string | undefined> {
  if (!spec.body) {
    return fc.constant(undefined);
  }
  const right = valid(spec.body, world);
  return fc.oneof(
    { weight: 4, arbitrary: right.map((value) => JSON.stringify(value)) },
    { weight: 4, arbitrary: nearlyValid(right) },
    { weight: 1, arbitrary: garbage(right) },
    fc.constant(undefined),
  );
}

/**
 * Makes a request and holds its answer to the contract.
 *
 * @param good the tokens that the server takes
 */
export async function request(url: string, good: Set<string>, one: Request): Promise<void> {
  const { spec, query, token, body } = one;
  const at = new URL(one.path, url);
  for (const [name, value] of query) at.searchParams.append(name, value);
  const headers = new Headers();
  if (token) headers.set("authorization", `Bearer ${token}`);
  if (body !== undefined) headers.set("content-type", "application/json");
  const response = await fetch(at, {
    method: spec.method,
    headers,
    redirect: "manual",
    ...body !== undefined && { body },
  });
  const contentType = response.headers.get("content-type") ?? "";
  const text = contentType === "text/event-stream"
    ? await firstOf(response)
    : await within(response.text(), `the answer of ${spec.method} ${at}`);
  try {
    const isToken = token !== undefined && good.has(token);
    checkResponse(one, isToken, { status: response.status, contentType, text });
  } catch (error) {
    const what = JSON.stringify({ ...one, spec: `${spec.method} ${spec.path}` }).slice(0, 2_000);
    throw new Error(`${response.status} to ${what}`, { cause: error });
  }
}

async function firstOf(response: Response): Promise<string> {
  const reader = response.body!.getReader();
  const { value } = await within(reader.read(), "the first event");
  await reader.cancel();
  return new TextDecoder().decode(value);
}
