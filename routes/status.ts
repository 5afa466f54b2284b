import type { Status } from "@/chat/status.ts";
import { StatusResult } from "@/chat/protocol.ts";
import type { Api } from "./api.ts";
import { type PageOptions, pagePolicy, shell } from "./page.ts";

/**
 * How this instance fares, for admins: figures, and a page that draws them. The page itself holds
 * nothing, and comes to everyone: who looks is known by the token that it asks for the figures with.
 */
export function statusRoutes(api: Api, status: Status, { config }: PageOptions): void {
  api.on({
    method: "GET",
    path: "/api/admin/status",
    summary: "Admins only: how the instance that is asked fares, second by second",
    rate: "read",
    answers: { 200: StatusResult },
  }, async ({ c, session }) => c.json(await status.show(session.user)));

  const files = { title: "Parley status", js: "/status.js", css: "/status.css", preload: [] };
  api.app.get("/admin/status", (c) => {
    c.header("cache-control", "no-cache");
    c.header("content-security-policy", pagePolicy(config.parentOrigins));
    return c.html(shell(files, config));
  });
}
