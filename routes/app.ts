import type { Chat } from "@/chat/chat.ts";
import { ChatError, toChatError } from "@/chat/errors.ts";
import type { Status } from "@/chat/status.ts";
import type { Tokens } from "@/utils/jwt.ts";
import type { Mailbox } from "@/utils/mailbox.ts";
import type { Metrics } from "@/utils/metrics.ts";
import { Hono } from "hono";
import { cors } from "hono/cors";
import { knowAddress } from "./address.ts";
import { Api } from "./api.ts";
import { authRoutes } from "./auth.ts";
import { confirmRoutes } from "./confirm.tsx";
import { conversationRoutes } from "./conversations.ts";
import { docsRoutes } from "./docs.ts";
import { problemResponse } from "./errors.ts";
import { eventRoutes } from "./events.ts";
import { answerHeaders } from "./headers.ts";
import { healthRoutes } from "./health.ts";
import { messageRoutes } from "./messages.ts";
import { memberRoutes } from "./members.ts";
import { mailboxRoutes } from "./mailbox.tsx";
import { metricsRoutes } from "./metrics.ts";
import { notificationRoutes } from "./notifications.ts";
import { createOrigins } from "./origins.ts";
import { type PageOptions, pageRoutes } from "./page.ts";
import { pushRoutes } from "./push.ts";
import { noteRequests } from "./requests.ts";
import { socketRoutes } from "./socket.ts";
import type { SocketGuard } from "./socket_guard.ts";
import { statusRoutes } from "./status.ts";
import { unsubscribeRoutes } from "./unsubscribe.tsx";
import { userRoutes } from "./users.ts";

export interface AppOptions {
  publicUrl: string;
  allowedOrigins: string[];
  localAccounts: boolean;
  heartbeatSeconds: number;
  silenceSeconds: number;
  guard: SocketGuard;
  /** The proxies' ranges; undefined: whichever proxy there is, see `routes/address.ts`. */
  trustedProxies?: string[] | undefined;
  metrics: Metrics;
  /** What Prometheus shows to read them; undefined: nobody may. */
  metricsToken?: string | undefined;
  status: Status;
  page: PageOptions;
  /** Development's mail; undefined: mail goes out, or nowhere. */
  mailbox?: Mailbox | undefined;
}

/** Everything that answers requests. */
export function createApp(chat: Chat, tokens: Tokens, options: AppOptions): Hono {
  return createApi(chat, tokens, options).app;
}

/** The same, with the list of its calls. A request passes from top to bottom. */
export function createApi(chat: Chat, tokens: Tokens, options: AppOptions): Api {
  const { publicUrl, allowedOrigins, heartbeatSeconds, silenceSeconds } = options;
  const https = publicUrl.startsWith("https:");
  const origins = createOrigins(publicUrl, allowedOrigins);
  const app = new Hono();
  app.onError((error, c) => problemResponse(c, toChatError(error, chat.log)));
  app.notFound((c) =>
    problemResponse(c, new ChatError("not_found", `There is no ${c.req.method} ${c.req.path}`))
  );

  app.use(noteRequests(chat, options.metrics));
  app.use(knowAddress(options.trustedProxies));
  app.use(...answerHeaders(https));
  app.use("/api/*", cors({ origin: allowedOrigins, exposeHeaders: ["retry-after"], maxAge: 3600 }));

  const api = new Api(app, chat, tokens);
  healthRoutes(api);
  if (options.metricsToken) metricsRoutes(app, options.metrics, options.metricsToken);
  authRoutes(api, {
    localAccounts: options.localAccounts,
    https,
    origins,
  });
  userRoutes(api);
  socketRoutes(api, { heartbeatSeconds, silenceSeconds, guard: options.guard, origins });
  eventRoutes(api, { heartbeatSeconds });
  conversationRoutes(api);
  memberRoutes(api);
  messageRoutes(api);
  notificationRoutes(api);
  pushRoutes(api);
  statusRoutes(api, options.status, options.page);
  unsubscribeRoutes(app, chat);
  confirmRoutes(app, chat);
  if (options.mailbox) mailboxRoutes(app, options.mailbox);
  docsRoutes(api, publicUrl);
  pageRoutes(app, options.page);
  return api;
}
