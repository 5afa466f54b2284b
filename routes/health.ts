import { isReady } from "@/chat/chat.ts";
import * as v from "valibot";
import type { Api } from "./api.ts";

const Status = v.object({ status: v.string() });

export function healthRoutes(api: Api): void {
  api.on({
    method: "GET",
    path: "/api/health",
    summary: "The process is up",
    rate: null,
    anonymous: true,
    answers: { 200: Status },
  }, ({ c }) => c.json({ status: "up" }));

  api.on(
    {
      method: "GET",
      path: "/api/ready",
      summary: "The database answers",
      rate: null,
      anonymous: true,
      answers: { 200: Status, 503: Status },
    },
    async ({ c }) =>
      await isReady(api.chat) ? c.json({ status: "ready" }) : c.json({ status: "waiting" }, 503),
  );
}
