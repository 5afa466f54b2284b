import type { Metrics } from "@/utils/metrics.ts";
import type { Hono } from "hono";
import { createHash, timingSafeEqual } from "node:crypto";
import { bearerToken } from "./session.ts";

/** `/metrics` for Prometheus, with a token of its own. Whoever has none finds nothing there. */
export function metricsRoutes(app: Hono, metrics: Metrics, token: string): void {
  app.get("/metrics", async (c) => {
    if (!isSame(bearerToken(c.req.header("authorization")) ?? "", token)) return c.notFound();
    c.header("cache-control", "no-store");
    return c.body(await metrics.text(), 200, { "content-type": metrics.contentType });
  });
}

/** Takes as long whatever is given. */
function isSame(given: string, token: string): boolean {
  const hash = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(given), hash(token));
}
