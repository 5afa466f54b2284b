/**
 * The tables. `deno task generate` turns a change here into a migration in `drizzle/`.
 *
 * `seq` and `rev` are 32-bit: two thousand million changes in one conversation, and a plain
 * JavaScript number in every driver.
 *
 * @module
 */
import { type SQL, sql, type SQLWrapper } from "drizzle-orm";
import {
  boolean,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";

const time = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });
const createdAt = () => time("created_at").notNull().defaultNow();

/**
 * The words a member is found by. Postgres would take `user-12` for a word and a negative number,
 * and `a.lima` for a host, so what may join words to one is taken out first.
 */
export function userWords(
  { displayName: name, username }: { displayName: SQLWrapper; username: SQLWrapper },
): SQL {
  const text = sql`translate(${name} || ' ' || ${username}, '.-_/@:+&<>', '          ')`;
  return sql`to_tsvector('simple', ${text})`;
}

export const users = pgTable("users", {
  id: uuid("id").primaryKey(),
  /** The platform's `sub`; null for local accounts. */
  externalId: text("external_id").unique(),
  username: text("username").notNull(),
  displayName: text("display_name").notNull(),
  avatarUrl: text("avatar_url"),
  profileUrl: text("profile_url"),
  /** What the platform says; for a local account an address that its member has confirmed. */
  email: text("email"),
  /** The address that the member of a local account gave and has not confirmed. */
  emailPending: text("email_pending"),
  /** Names the last time that an address was given; a link to confirm it bears this. */
  emailAskedId: uuid("email_asked_id"),
  /** The address that a mail server refused for good; mail goes out again once there is another. */
  emailRefused: text("email_refused"),
  /** A PHC string; null for the platform's members. */
  passwordHash: text("password_hash"),
  role: text("role", { enum: ["member", "moderator", "admin"] }).notNull().default("member"),
  locale: text("locale"),
  lastSeenAt: time("last_seen_at"),
  createdAt: createdAt(),
  deactivatedAt: time("deactivated_at"),
}, (t) => [
  uniqueIndex("users_username").on(sql`lower(${t.username})`),
  // Only local accounts log in by email, so only theirs must be unique.
  uniqueIndex("users_local_email").on(sql`lower(${t.email})`).where(
    sql`${t.passwordHash} is not null`,
  ),
  index("users_search").using("gin", userWords(t)),
]);

/** One row for each login; its refresh token changes with every use. */
export const sessions = pgTable("sessions", {
  id: uuid("id").primaryKey(),
  userId: uuid("user_id").notNull().references(() => users.id, { onDelete: "cascade" }),
  refreshHash: text("refresh_hash").notNull(),
  /** Makes each token from the one before, together with that one. */
  salt: text("salt").notNull(),
  /** The token before, which may come again: from a second tab, or when its answer was lost. */
  previousHash: text("previous_hash"),
  rotatedAt: time("rotated_at").notNull(),
  createdAt: createdAt(),
  expiresAt: time("expires_at").notNull(),
  revokedAt: time("revoked_at"),
  userAgent: text("user_agent"),
}, (t) => [index("sessions_user").on(t.userId)]);

export const conversations = pgTable("conversations", {
  id: uuid("id").primaryKey(),
  kind: text("kind", { enum: ["direct", "group"] }).notNull(),
  title: text("title"),
  context: text("context"),
  subject: jsonb("subject").$type<
    { id: string | null; title: string; url: string | null; imageUrl: string | null }
  >(),
  /** The pair, context and subject of a direct conversation; null for groups. */
  directKey: text("direct_key").unique(),
  lastSeq: integer("last_seq").notNull().default(0),
  rev: integer("rev").notNull().default(0),
  /** Counts the moves of its members' marks and settings, so that sync sees them too. */
  marksRev: integer("marks_rev").notNull().default(0),
  /** Before the first message: when it was created. */
  lastMessageAt: time("last_message_at").notNull(),
  createdBy: uuid("created_by").references(() => users.id, { onDelete: "set null" }),
  createdAt: createdAt(),
  updatedAt: time("updated_at").notNull().defaultNow(),
}, (t) => [index("conversations_created_by").on(t.createdBy)]);

export const conversationParticipants = pgTable("conversation_participants", {
  conversationId: uuid("conversation_id").notNull().references(() => conversations.id, {
    onDelete: "cascade",
  }),
  userId: uuid("user_id").notNull().references(() => users.id, { onDelete: "cascade" }),
  role: text("role", { enum: ["owner", "admin", "member"] }).notNull().default("member"),
  /** Messages up to here came before they joined and are not theirs to see. */
  joinedSeq: integer("joined_seq").notNull().default(0),
  /** The conversation's `rev` with their joining: a page that knows of less starts anew. */
  joinedRev: integer("joined_rev").notNull().default(0),
  leftAt: time("left_at"),
  lastReadSeq: integer("last_read_seq").notNull().default(0),
  lastDeliveredSeq: integer("last_delivered_seq").notNull().default(0),
  mutedUntil: time("muted_until"),
  /** No mail about this conversation. */
  emailOff: boolean("email_off").notNull().default(false),
  pinnedAt: time("pinned_at"),
  /** Archived until a message comes after this. */
  archivedAt: time("archived_at"),
}, (t) => [
  primaryKey({ columns: [t.conversationId, t.userId] }),
  index("conversation_participants_user").on(t.userId).where(sql`${t.leftAt} is null`),
]);

/**
 * No foreign keys: checking them costs as much as all else about storing a message. Messages come by
 * `store_messages` alone, which has locked the conversation and found the sender among its members.
 */
export const messages = pgTable("messages", {
  id: uuid("id").primaryKey(),
  conversationId: uuid("conversation_id").notNull(),
  seq: integer("seq").notNull(),
  rev: integer("rev").notNull(),
  /** Null for system messages. */
  senderId: uuid("sender_id"),
  clientId: uuid("client_id"),
  type: text("type", { enum: ["text", "image", "file", "system"] }).notNull(),
  content: text("content").notNull(),
  replyToId: uuid("reply_to_id"),
  forwardedFromId: uuid("forwarded_from_id"),
  metadata: jsonb("metadata"),
  createdAt: time("created_at").notNull(),
  editedAt: time("edited_at"),
  deletedAt: time("deleted_at"),
}, (t) => [
  uniqueIndex("messages_conversation_seq").on(t.conversationId, t.seq),
  index("messages_conversation_rev").on(t.conversationId, t.rev),
  uniqueIndex("messages_sender_client").on(t.senderId, t.clientId),
]);

/** One row each time a read mark moves: who had read up to where, and when. */
export const messageReadReceipts = pgTable("message_read_receipts", {
  conversationId: uuid("conversation_id").notNull().references(() => conversations.id, {
    onDelete: "cascade",
  }),
  userId: uuid("user_id").notNull().references(() => users.id, { onDelete: "cascade" }),
  seq: integer("seq").notNull(),
  readAt: time("read_at").notNull(),
}, (t) => [
  primaryKey({ columns: [t.conversationId, t.userId, t.seq] }),
  index("message_read_receipts_user").on(t.userId),
]);

export const notificationPreferences = pgTable("notification_preferences", {
  userId: uuid("user_id").primaryKey().references(() => users.id, { onDelete: "cascade" }),
  email: boolean("email").notNull(),
  emailContent: boolean("email_content").notNull(),
  push: boolean("push").notNull(),
  desktop: boolean("desktop").notNull(),
  sound: boolean("sound").notNull(),
  emailDelaySeconds: integer("email_delay_seconds").notNull(),
  pushDelaySeconds: integer("push_delay_seconds").notNull(),
  quietHours: jsonb("quiet_hours").$type<
    { start: string; end: string; timeZone: string } | null
  >(),
  updatedAt: time("updated_at").notNull(),
});

/** The member's list in the page. Of unread messages there is one entry for each conversation. */
export const notifications = pgTable("notifications", {
  id: uuid("id").primaryKey(),
  userId: uuid("user_id").notNull().references(() => users.id, { onDelete: "cascade" }),
  conversationId: uuid("conversation_id").references(() => conversations.id, {
    onDelete: "cascade",
  }),
  actorId: uuid("actor_id").references(() => users.id, { onDelete: "cascade" }),
  kind: text("kind", { enum: ["message", "group_added", "new_login", "email_refused"] }).notNull(),
  content: text("content").notNull(),
  count: integer("count").notNull().default(1),
  createdAt: createdAt(),
  readAt: time("read_at"),
}, (t) => [
  index("notifications_user").on(t.userId, t.createdAt, t.id),
  index("notifications_conversation").on(t.conversationId),
  index("notifications_actor").on(t.actorId),
  uniqueIndex("notifications_unread_messages").on(t.userId, t.conversationId).where(
    sql`${t.kind} = 'message' and ${t.readAt} is null`,
  ),
  index("notifications_unread").on(t.userId).where(sql`${t.readAt} is null`),
  index("notifications_read").on(t.readAt).where(sql`${t.readAt} is not null`),
]);

/**
 * What a member may have to be told of one conversation. A message starts a notice or joins the one
 * that waits; when its time has come it is looked at, and what is unread then decides.
 */
export const notices = pgTable("notices", {
  userId: uuid("user_id").notNull().references(() => users.id, { onDelete: "cascade" }),
  conversationId: uuid("conversation_id").notNull().references(() => conversations.id, {
    onDelete: "cascade",
  }),
  /** When to look for the list in the page and for push; null: nothing waits. */
  pushAt: time("push_at"),
  /** When to look for mail; null: nothing waits. */
  emailAt: time("email_at"),
  /** Messages up to here were pushed, and their notification may still be shown somewhere. */
  pushedSeq: integer("pushed_seq").notNull().default(0),
  pushedAt: time("pushed_at"),
  /** Messages up to here were mailed; silence follows until the member comes back. */
  emailedSeq: integer("emailed_seq").notNull().default(0),
  emailedAt: time("emailed_at"),
}, (t) => [
  primaryKey({ columns: [t.userId, t.conversationId] }),
  index("notices_due").on(sql`least(${t.pushAt}, ${t.emailAt})`),
  index("notices_conversation").on(t.conversationId),
]);

/** For each running server: the messages that it stored before this time have their notices. */
export const noticeWatermarks = pgTable("notice_watermarks", {
  instanceId: uuid("instance_id").primaryKey(),
  noticedAt: time("noticed_at").notNull(),
});

/** Keys that this installation made for itself. */
export const serverSecrets = pgTable("server_secrets", {
  name: text("name").primaryKey(),
  value: text("value").notNull(),
});

export const pushSubscriptions = pgTable("push_subscriptions", {
  id: uuid("id").primaryKey(),
  userId: uuid("user_id").notNull().references(() => users.id, { onDelete: "cascade" }),
  endpoint: text("endpoint").notNull().unique(),
  keys: jsonb("keys").$type<{ p256dh: string; auth: string }>().notNull(),
  userAgent: text("user_agent"),
  createdAt: createdAt(),
}, (t) => [index("push_subscriptions_user").on(t.userId)]);

/** The running servers; one that has not been heard of for a while is gone. */
export const instances = pgTable("instances", {
  id: uuid("id").primaryKey(),
  heardAt: time("heard_at").notNull(),
});

/** Which member has sockets on which instance. */
export const presence = pgTable("presence", {
  userId: uuid("user_id").notNull().references(() => users.id, { onDelete: "cascade" }),
  instanceId: uuid("instance_id").notNull().references(() => instances.id, {
    onDelete: "cascade",
  }),
  /** When the member was last seen to be active there, not only connected. */
  activeAt: time("active_at"),
}, (t) => [
  primaryKey({ columns: [t.userId, t.instanceId] }),
  index("presence_instance").on(t.instanceId),
]);

/**
 * What the limits that all instances share have counted; its columns are as the library wants them.
 * Unlogged: it costs little to write, and a crash of the database only forgets what was counted.
 */
export const rateLimits = pgTable("rate_limits", {
  key: text("key").primaryKey(),
  points: integer("points").notNull(),
  expire: time("expire"),
}, (t) => [index("rate_limits_expire").on(t.expire)]);
