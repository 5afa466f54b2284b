/**
 * Every HTTP call, and what each actor is answered.
 *
 * @module
 */
import { password, type World } from "./world.ts";

export interface CallRow {
  /** Statuses in the order of `actors`; one alone is everybody's. */
  answers: string;
  body?: (world: World) => Record<string, unknown>;
  /** Path parameters that are not the group's, the owner's, or something of the owner's. */
  params?: (world: World) => Record<string, string>;
  /** What to ask for, where the route is a pattern; with what follows a `?`. */
  path?: string;
}

const conversation = "/api/messages/conversations/:conversationId";
const said = () => ({ clientId: crypto.randomUUID(), content: "hello" });
const preferences = {
  email: true,
  emailContent: true,
  push: true,
  desktop: false,
  sound: true,
  emailDelaySeconds: 300,
  pushDelaySeconds: 10,
  quietHours: null,
};

// Columns: anonymous, expired | stranger, former, other, moderator, admin | member, owner
export const calls: Record<string, CallRow> = {
  // Of the group
  [`GET ${conversation}`]: { answers: "401 401  404 404 404 404 404  200 200" },
  [`PATCH ${conversation}/settings`]: {
    answers: "401 401  404 404 404 404 404  200 200",
    body: () => ({ emailOff: true }),
  },
  [`PATCH ${conversation}/read`]: {
    answers: "401 401  404 404 404 404 404  200 200",
    body: () => ({ seq: 1 }),
  },
  [`POST ${conversation}/members`]: {
    answers: "401 401  404 404 404 404 404  403 200",
    body: ({ spare }) => ({ userIds: [spare.id] }),
  },
  [`DELETE ${conversation}/members/:userId`]: {
    answers: "401 401  404 404 404 404 404  403 204",
    params: ({ spare }) => ({ userId: spare.id }),
  },
  "GET /api/messages/:conversationId/messages": {
    answers: "401 401  404 404 404 404 404  200 200",
  },
  "POST /api/messages/send": {
    answers: "401 401  404 404 404 404 404  201 201",
    body: ({ group }) => ({ ...said(), conversationId: group }),
  },
  "POST /api/messages/sync": {
    answers: "401 401  200 200 200 200 200  200 200",
    body: ({ group }) => ({ heads: { [group]: { rev: 0, marksRev: 0 } } }),
  },

  // Of the owner
  "DELETE /api/notifications/subscriptions/:subscriptionId": {
    answers: "401 401  404 404 404 404 404  404 204",
  },
  "POST /api/notifications/read": {
    answers: "401 401  200 200 200 200 200  200 200",
    body: ({ notification }) => ({ ids: [notification] }),
  },

  // Of everyone's own
  "GET /api/auth/me": { answers: "401 401  200 200 200 200 200  200 200" },
  // Of local accounts where mail is sent, which these are not: tests/routes/confirm_test.ts.
  "PUT /api/auth/email": {
    answers: "401 401  403 403 403 403 403  403 403",
    body: () => ({ email: "new@example.com", password }),
  },
  "POST /api/auth/email/resend": { answers: "401 401  403 403 403 403 403  403 403" },
  "GET /api/users": { answers: "401 401  200 200 200 200 200  200 200" },
  "GET /api/users/:userId": { answers: "401 401  200 200 200 200 200  200 200" },
  "GET /api/messages/conversations": { answers: "401 401  200 200 200 200 200  200 200" },
  "POST /api/messages/conversations": {
    answers: "401 401  201 201 201 201 201  201 201",
    body: ({ spare }) => ({ kind: "group", participantIds: [spare.id] }),
  },
  "GET /api/messages/events": { answers: "401 401  200 200 200 200 200  200 200" },
  "POST /api/messages/events": {
    answers: "401 401  200 200 200 200 200  200 200",
    body: () => ({ type: "ping" }),
  },
  "GET /api/notifications": { answers: "401 401  200 200 200 200 200  200 200" },
  "GET /api/notifications/preferences": { answers: "401 401  200 200 200 200 200  200 200" },
  "PUT /api/notifications/preferences": {
    answers: "401 401  200 200 200 200 200  200 200",
    body: () => preferences,
  },
  "POST /api/notifications/subscriptions": {
    answers: "401 401  201 201 201 201 201  201 201",
    body: (world) => world.newSubscription() as Record<string, unknown>,
  },

  // Of whoever runs the server
  "GET /api/notifications/undelivered": { answers: "401 401  403 403 403 403 200  403 403" },

  "GET /api/admin/status": { answers: "401 401  404 404 404 404 200  404 404" },

  // Of whoever has a token for it that is no member's: tests/routes/metrics_test.ts
  "GET /metrics": { answers: "404" },

  // Without a token
  "GET /api/health": { answers: "200" },
  "GET /api/ready": { answers: "200" },
  "POST /api/auth/register": {
    answers: "201",
    body: () => {
      const username = `new-${crypto.randomUUID().slice(0, 8)}`;
      return { username, displayName: "New", email: `${username}@example.com`, password };
    },
  },
  "POST /api/auth/login": { answers: "401", body: () => ({ login: "nobody", password }) },
  "POST /api/auth/refresh": { answers: "401" },
  "POST /api/auth/logout": { answers: "204" },
  // A handshake is what frames.ts is about; this is a request like any other.
  "GET /api/messages/ws": { answers: "400" },
  // The link is its own authority; this one is none.
  "GET /unsubscribe": { answers: "400", path: "/unsubscribe?token=x" },
  "POST /unsubscribe": { answers: "400", path: "/unsubscribe?token=x" },
  "GET /confirm": { answers: "400", path: "/confirm?token=x" },
  "POST /confirm": { answers: "400", path: "/confirm?token=x" },

  // The reference and the page, which hold nothing of anyone
  "GET /api/openapi.json": { answers: "200" },
  "GET /api/asyncapi.json": { answers: "200" },
  "GET /docs": { answers: "200" },
  "GET /docs/start.js": { answers: "200" },
  "GET /docs/swagger-ui.css": { answers: "200" },
  "GET /docs/swagger-ui-bundle.js": { answers: "200" },
  "GET /": { answers: "302" },
  "GET /messages": { answers: "200" },
  "GET /messages/:id": { answers: "200", path: "/messages/x" },
  "GET /u/:username": { answers: "200", path: "/u/owner" },
  "GET /notifications": { answers: "200" },
  "GET /settings/notifications": { answers: "200" },
  "GET /admin/status": { answers: "200" },
  "GET /login": { answers: "200" },
  "GET /register": { answers: "200" },
  "GET /:file{[^/]+\\.[a-z0-9]+}": { answers: "200", path: "/favicon.svg" },
  "GET /assets/:file{[^/]+}": { answers: "404", path: "/assets/none.js" },

  // Development's mail; here, in production, there is none
  "GET /dev/mailbox": { answers: "404" },
  "GET /dev/mailbox/:id": { answers: "404", path: "/dev/mailbox/x" },
  "GET /dev/mailbox/:id/html": { answers: "404", path: "/dev/mailbox/x/html" },
};
