/**
 * What the page and its service worker say to each other. Nothing but types: the two are checked
 * against different libraries.
 *
 * @module
 */
import type { PushPayload } from "@/chat/protocol.ts";

/** What the page asks of the worker. */
export type ToWorker =
  | Omit<Extract<PushPayload, { type: "messages" }>, "type"> & { type: "show_notification" }
  /** They were read, here or elsewhere. */
  | { type: "close_notifications"; conversationId: string }
  /** Their member has signed out. */
  | { type: "close_all" };

/** What the worker asks of the page. */
export type ToPage =
  | { type: "open_conversation"; conversationId: string }
  /** The browser gave this subscription up; only the page has a token to tell of the next one. */
  | { type: "renew_push" };
