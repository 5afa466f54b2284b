/**
 * Who tries what: a server with a group, and everyone who has, had or has not to do with it.
 *
 * @module
 */
import { sql } from "drizzle-orm";
import type { Conversation, Message, NotificationsResult } from "@/chat/protocol.ts";
import type { OpenDatabase } from "@/db/database.ts";
import { createTokens } from "@/utils/jwt.ts";
import { createVapidKeys } from "@/utils/vapid.ts";
import { call, converse } from "../support/client.ts";
import {
  startServer,
  testDatabases,
  testSecret,
  type TestServer,
  type TestUser,
} from "../support/server.ts";
import { makeReceiverKeys } from "../support/web_push.ts";

/** Everyone the matrix asks, in the order of its columns. */
export const actors = [
  /** Has no token. */
  "anonymous",
  /** The owner's token, which has ended. */
  "expired",
  /** Shares nothing with anyone. */
  "stranger",
  /** Was in the group. */
  "former",
  /** Writes with the group's owner, but elsewhere. */
  "other",
  /** Of the platform, not of the group; so is the admin. */
  "moderator",
  "admin",
  "member",
  /** Of the group. */
  "owner",
] as const;
export type Actor = (typeof actors)[number];
/** Those whose tokens are good. */
export const members = actors.slice(2) as Exclude<Actor, "anonymous" | "expired">[];

export interface World {
  server: TestServer;
  users: Record<Exclude<Actor, "anonymous">, TestUser>;
  /** In the group, and there to be removed. */
  spare: TestUser;
  group: string;
  /** A message in the group, from before the former member left. */
  message: string;
  /** The conversation of the owner with `other`, and a message in it. */
  direct: string;
  directMessage: string;
  /** Each one's conversation with somebody who is in nothing else. */
  own: Record<string, string>;
  /** The owner's. */
  subscription: string;
  notification: string;
  /** A body that subscribes a browser of its own to pushes. */
  newSubscription(): unknown;
}

/** A real Postgres where there is one: what is told, and refused, does not depend on it. */
export const anyDatabase = testDatabases.findLast(({ ignore }) => !ignore) as {
  open(): Promise<OpenDatabase>;
};

export const password = "long enough for anyone";
const conversations = "/api/messages/conversations";

export async function openWorld(database: OpenDatabase): Promise<World> {
  const vapid = createVapidKeys();
  const server = await startServer({
    database,
    env: {
      VAPID_PUBLIC_KEY: vapid.publicKey,
      VAPID_PRIVATE_KEY: vapid.privateKey,
      VAPID_SUBJECT: "mailto:operator@example.com",
      // Nobody is told of messages they missed while a slow machine is at it.
      PUSH_DELAY_SECONDS: "3600",
    },
  });
  const users = {} as World["users"];
  for (const name of members) users[name] = await server.addUser(name);
  const { owner, member, former, other } = users;
  users.expired = { ...owner, token: await endedToken(owner.id) };
  for (const role of ["moderator", "admin"] as const) {
    await server.chat.db.execute(sql`update users set role = ${role} where id = ${users[role].id}`);
  }
  const spare = await server.addUser("spare");

  const { body } = await call<Conversation>(server, "POST", conversations, {
    as: owner,
    body: { kind: "group", participantIds: [member, former, spare].map((user) => user.id) },
  });
  const group = body.id;
  const message = await say(server, owner, group);
  await call(server, "DELETE", `${conversations}/${group}/members/${former.id}`, { as: owner });
  await say(server, owner, group);
  const direct = await converse(server, owner, other);
  const directMessage = await say(server, other, direct);

  const own: World["own"] = {};
  for (const name of members) {
    own[name] = await converse(server, users[name], await server.addUser(`friend-of-${name}`));
    await say(server, users[name], own[name]);
  }
  // The owner is told of a group, for an entry in their list.
  const elsewhere = { kind: "group", participantIds: [owner.id] };
  await call(server, "POST", conversations, { as: spare, body: elsewhere });
  const list = await call<NotificationsResult>(server, "GET", "/api/notifications", { as: owner });

  const keys = await makeReceiverKeys();
  const base64url = (bytes: Uint8Array) =>
    bytes.toBase64({ alphabet: "base64url", omitPadding: true });
  const newSubscription = () => ({
    endpoint: `https://fcm.googleapis.com/fcm/send/${crypto.randomUUID()}`,
    keys: { p256dh: base64url(keys.point), auth: base64url(keys.auth) },
  });
  const subscribed = await call<{ id: string }>(
    server,
    "POST",
    "/api/notifications/subscriptions",
    { as: owner, body: newSubscription() },
  );
  return {
    server,
    users,
    spare,
    group,
    message,
    direct,
    directMessage,
    own,
    subscription: subscribed.body.id,
    notification: list.body.notifications[0]?.id as string,
    newSubscription,
  };
}

async function say(server: TestServer, as: TestUser, conversationId: string): Promise<string> {
  const { body } = await call<{ message: Message }>(server, "POST", "/api/messages/send", {
    as,
    body: { clientId: crypto.randomUUID(), conversationId, content: "hello" },
  });
  return body.message.id;
}

/** A token of ours as it was good an hour ago. */
async function endedToken(userId: string): Promise<string> {
  const tokens = createTokens({
    secret: testSecret,
    jwksUrl: undefined,
    issuer: undefined,
    audience: undefined,
    localAccounts: true,
    ttlSeconds: 900,
    clock: { now: () => Date.now() - 3_600_000 },
  });
  return (await tokens.sign(userId)).token;
}
