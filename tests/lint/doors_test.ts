import { deepEqual } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import doors from "./doors.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

function complaints(file: string, source: string): string[] {
  return Deno.lint.runPlugin(doors, root + file, source).map(({ message }) => message);
}

const allowed: [file: string, source: string][] = [
  ["chat/messages.ts", `import { insert } from "@/db/messages.ts";`],
  ["chat/messages.ts", `import { ChatError } from "./errors.ts";`],
  ["chat/writer/queue.ts", `import { ChatError } from "../errors.ts";`],
  ["chat/messages.ts", `import { sql } from "drizzle-orm";`],
  ["db/database.ts", `import postgres from "postgres"; Deno.cwd();`],
  ["routes/socket.ts", `import { Hono } from "hono"; import { send } from "@/chat/messages.ts";`],
  ["routes/socket.ts", `export { logger } from "@/utils/log.ts";`],
  ["frontend/socket.ts", `import type { Frame } from "@/chat/protocol.ts";`],
  ["utils/config.ts", `Deno.env.get("PORT");`],
  ["main.ts", `import { app } from "@/routes/app.ts"; Deno.env.toObject();`],
  ["tests/chat/messages_test.ts", `import { send } from "@/chat/messages.ts";`],
  ["tests/chat/messages_test.ts", `import "../support/server.ts"; Deno.env.get("CI");`],
  ["bench/load.ts", `const { openPostgres } = await import("@/db/database.ts");`],
];

const refused: [file: string, source: string, message: string][] = [
  [
    "utils/jwt.ts",
    `import { users } from "@/db/schema.ts";`,
    `There is no door from utils to "@/db/schema.ts"`,
  ],
  [
    "db/messages.ts",
    `import type { Message } from "@/chat/protocol.ts";`,
    `There is no door from db to "@/chat/protocol.ts"`,
  ],
  [
    "chat/messages.ts",
    `export * from "@/routes/app.ts";`,
    `There is no door from chat to "@/routes/app.ts"`,
  ],
  [
    "routes/messages.ts",
    `export { insert } from "@/db/messages.ts";`,
    `There is no door from routes to "@/db/messages.ts"`,
  ],
  [
    "routes/messages.ts",
    `const db = await import("@/db/messages.ts");`,
    `There is no door from routes to "@/db/messages.ts"`,
  ],
  [
    "routes/messages.ts",
    `let db: import("@/db/database.ts").Database;`,
    `There is no door from routes to "@/db/database.ts"`,
  ],
  [
    "frontend/socket.ts",
    `import { ChatError } from "@/chat/errors.ts";`,
    `There is no door from frontend to "@/chat/errors.ts"`,
  ],
  [
    "routes/app.ts",
    `import { main } from "@/main.ts";`,
    `There is no door from routes to "@/main.ts"`,
  ],
  [
    "chat/messages.ts",
    `import { insert } from "../db/messages.ts";`,
    `Import "../db/messages.ts" leaves chat: use "@/"`,
  ],
  ["main.ts", `import "./routes/app.ts";`, `Import "./routes/app.ts" leaves main.ts: use "@/"`],
  [
    "chat/messages.ts",
    `import { ChatError } from "@/chat/errors.ts";`,
    `Import "@/chat/errors.ts" stays in chat: use "./" or "../"`,
  ],
  [
    "chat/app.ts",
    `import { cors } from "hono/cors";`,
    `The domain must not know "hono/cors"`,
  ],
  [
    "chat/app.ts",
    `import postgres from "npm:postgres@3.4.9";`,
    `The domain must not know "npm:postgres@3.4.9"`,
  ],
  [
    "chat/app.ts",
    `import { PGlite } from "@electric-sql/pglite";`,
    `The domain must not know "@electric-sql/pglite"`,
  ],
  [
    "chat/redis_bus.ts",
    `import { createClient } from "@redis/client";`,
    `The domain must not know "@redis/client"`,
  ],
  ["chat/app.ts", `const { cwd } = Deno;`, "The domain must not know Deno"],
  ["chat/app.ts", `let socket: Deno.Conn;`, "The domain must not know Deno"],
  ["routes/app.ts", `Deno.env.get("PORT");`, "Only utils/config.ts reads the environment"],
  ["utils/log.ts", `process.env.LOG_LEVEL;`, "Only utils/config.ts reads the environment"],
];

for (const [file, source] of allowed) {
  Deno.test(`doors lets ${file} write ${source}`, () => {
    deepEqual(complaints(file, source), []);
  });
}

for (const [file, source, message] of refused) {
  Deno.test(`doors does not let ${file} write ${source}`, () => {
    deepEqual(complaints(file, source), [message]);
  });
}
