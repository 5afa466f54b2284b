import type { Chat } from "@/chat/chat.ts";
import { ChatError, toChatError } from "@/chat/errors.ts";
import { limits } from "@/chat/protocol.ts";
import type { Tokens } from "@/utils/jwt.ts";
import type { Mailbox } from "@/utils/mailbox.ts";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { cors } from "hono/cors";
import { secureHeaders } from "hono/secure-headers";
import { Api } from "./api.ts";
import { authRoutes } from "./auth.ts";
import { conversationRoutes } from "./conversations.ts";
import { docsRoutes } from "./docs.ts";
import { problemResponse } from "./errors.ts";
import { eventRoutes } from "./events.ts";
import { healthRoutes } from "./health.ts";
import { messageRoutes } from "./messages.ts";
import { mailboxRoutes } from "./mailbox.tsx";
import { notificationRoutes } from "./notifications.ts";
import { type PageOptions, pageRoutes } from "./page.ts";
import { pushRoutes } from "./push.ts";
import { socketRoutes } from "./socket.ts";
import { unsubscribeRoutes } from "./unsubscribe.tsx";
import { userRoutes } from "./users.ts";

export interface AppOptions {
  publicUrl: string;
  allowedOrigins: string[];
  localAccounts: boolean;
  heartbeatSeconds: number;
  silenceSeconds: number;
  page: PageOptions;
  /** Development's mail; undefined: mail goes out, or nowhere. */
  mailbox?: Mailbox | undefined;
}

/** Everything that answers requests. A request passes from top to bottom. */
export function createApp(chat: Chat, tokens: Tokens, options: AppOptions): Hono {
  const { publicUrl, allowedOrigins, heartbeatSeconds, silenceSeconds } = options;
  const app = new Hono();
  app.onError((error, c) => problemResponse(c, toChatError(error, chat.log)));
  app.notFound((c) =>
    problemResponse(c, new ChatError("not_found", `There is no ${c.req.method} ${c.req.path}`))
  );

  app.use(logRequests(chat));
  app.use(secureHeaders({
    // The page decides by frame-ancestors who may frame it.
    xFrameOptions: false,
    referrerPolicy: "strict-origin-when-cross-origin",
    crossOriginResourcePolicy: "same-site",
    strictTransportSecurity: publicUrl.startsWith("https:") && "max-age=15552000",
  }));
  app.use("/api/*", cors({ origin: allowedOrigins, maxAge: 3600 }));
  app.use("/api/*", bodyLimit({ maxSize: limits.frameBytes, onError: tooLarge }));

  const api = new Api(app, chat, tokens);
  healthRoutes(api);
  authRoutes(api, {
    localAccounts: options.localAccounts,
    secure: publicUrl.startsWith("https:"),
  });
  userRoutes(api);
  socketRoutes(api, {
    heartbeatSeconds,
    silenceSeconds,
    isAllowedOrigin: (c) => isAllowedOrigin(c, [new URL(publicUrl).origin, ...allowedOrigins]),
  });
  eventRoutes(api, { heartbeatSeconds });
  conversationRoutes(api);
  messageRoutes(api);
  notificationRoutes(api);
  pushRoutes(api);
  unsubscribeRoutes(app, chat);
  if (options.mailbox) mailboxRoutes(app, options.mailbox);
  docsRoutes(api, publicUrl);
  pageRoutes(app, options.page);
  return app;
}

/** The path alone: a query may hold a token. */
function logRequests(chat: Chat) {
  return async (c: Context, next: () => Promise<void>) => {
    const start = performance.now();
    await next();
    chat.log.debug("Request", {
      method: c.req.method,
      path: c.req.path,
      status: c.res.status,
      ms: Math.round(performance.now() - start),
    });
  };
}

function tooLarge(): never {
  throw new ChatError("too_large", `The body is larger than ${limits.frameBytes} bytes`);
}

/** Programs send no origin; browsers always do, and theirs must be ours or configured. */
function isAllowedOrigin(c: Context, allowed: string[]): boolean {
  const origin = c.req.header("origin");
  if (origin === undefined || allowed.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === c.req.header("host");
}
