/**
 * A lint plugin that keeps the doors between rooms: which folder may import from which, and what
 * only some may touch. ARCHITECTURE.md tells why.
 *
 * @module
 */
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Rooms not named here (main.ts, tests, bench, chaos, cluster) may import from all. */
const doors: Record<string, string[]> = {
  utils: [],
  db: ["utils"],
  chat: ["db", "utils"],
  routes: ["chat", "utils"],
  frontend: ["chat/protocol.ts"],
};

/** The domain knows no web framework, no SQL driver and no Redis client. */
const outsideTheDomain =
  /^(npm:)?(hono|postgres|@electric-sql\/pglite|@redis\/client|drizzle-orm\/(postgres-js|pglite))(@|\/|$)/;

/** Besides main.ts. */
const environmentReader = "utils/config.ts";

export default {
  name: "parley",
  rules: {
    doors: {
      create(context) {
        const file = relative(root, context.filename).replaceAll("\\", "/");
        const room = roomOf(file);
        const check = (source: Deno.lint.Node | null) => {
          const literal = source?.type === "TSLiteralType" ? source.literal : source;
          if (literal?.type !== "Literal" || typeof literal.value !== "string") return;
          const message = refusal(file, literal.value);
          if (message) context.report({ node: literal, message });
        };
        return {
          ImportDeclaration: (node) => check(node.source),
          ImportExpression: (node) => check(node.source),
          ExportAllDeclaration: (node) => check(node.source),
          ExportNamedDeclaration: (node) => check(node.source),
          TSImportType: (node) => check(node.argument),
          Identifier(node) {
            if (room !== "chat" || node.name !== "Deno") return;
            context.report({ node, message: "The domain must not know Deno" });
          },
          MemberExpression(node) {
            if (!(room in doors) || file === environmentReader || !readsEnvironment(node)) return;
            context.report({ node, message: `Only ${environmentReader} reads the environment` });
          },
        };
      },
    },
  },
} satisfies Deno.lint.Plugin;

/** Tells what is wrong with an import of `specifier` in `file` (from the root), if anything is. */
function refusal(file: string, specifier: string): string | undefined {
  const room = roomOf(file);
  if (/^\.{1,2}\//.test(specifier)) {
    const target = relative(root, resolve(root, dirname(file), specifier));
    return roomOf(target) === room ? undefined : `Import "${specifier}" leaves ${room}: use "@/"`;
  }
  if (!specifier.startsWith("@/")) {
    const refused = room === "chat" && outsideTheDomain.test(specifier);
    return refused ? `The domain must not know "${specifier}"` : undefined;
  }
  const target = specifier.slice(2);
  if (roomOf(target) === room) return `Import "${specifier}" stays in ${room}: use "./" or "../"`;
  const open = doors[room];
  if (!open || open.some((door) => target === door || target.startsWith(`${door}/`))) return;
  return `There is no door from ${room} to "${specifier}"`;
}

/** The first folder of a path from the root, or the file itself at the root. */
function roomOf(path: string): string {
  return path.split(/[\\/]/)[0]!;
}

function readsEnvironment({ object, property }: Deno.lint.MemberExpression): boolean {
  return object.type === "Identifier" && ["Deno", "process"].includes(object.name) &&
    property.type === "Identifier" && property.name === "env";
}
