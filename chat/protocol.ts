/**
 * The protocol: every shape that crosses the wire, written once.
 *
 * Types, input checks, OpenAPI, AsyncAPI and the page's types all come from these schemas.
 * The page imports this file for its types and for {@linkcode limits}; the schemas themselves are
 * free of side effects, so its bundle carries only what it names.
 *
 * @module
 */
import * as v from "valibot";

/** Bounds and rhythms that both sides know. Lengths in UTF-16 code units, times as named. */
export const limits = {
  contentLength: 8_000,
  frameBytes: 64 * 1024,
  pageSize: 50,
  pageSizeMax: 100,
  /** Messages that one conversation may bring in one `sync_result`; beyond it is `limited`. */
  syncMessages: 200,
  /** Conversations in one `sync_result`; beyond it is not `complete`, and one syncs again. */
  syncConversations: 50,
  /** Conversations a client may name in one `sync`. */
  syncHeads: 500,
  groupSize: 100,
  /** Unread messages are counted up to here; this number means "so many or more". */
  unreadCount: 1_000,
  queryLength: 100,
  /** A client sends `typing_start` at most this often while its member types. */
  typingRepeatMs: 3_000,
  /** A client sends `typing_stop` after this long without a key. */
  typingIdleMs: 1_000,
  /** A receiver stops showing "is typing" after this long without news. */
  typingExpireMs: 6_000,
  /** Who is told to sync waits for up to this long first: many are told at once. */
  syncSpreadMs: 5_000,
  /** Whoever was last active this long ago or longer counts as away. */
  activeMs: 60_000,
  /** A client whose member is active says so again this often. */
  activityRepeatMs: 30_000,
  pushSubscriptions: 20,
} as const;

/** Mutes a conversation for good. */
export const muteForever = "9999-12-31T23:59:59.999Z";

/** What a WebSocket's close code asks of the client. */
export const closeCodes = {
  /** The page or the server is going away: come back after a random wait. */
  goingAway: 1001,
  /** Broke the protocol: do not come back as you are. */
  policy: 1008,
  /** A frame was larger than `limits.frameBytes`: do not send it again. */
  tooBig: 1009,
  /** The server restarts: come back after a random wait. */
  restart: 1012,
  /** Token missing, bad or ended: renew it, then come back. */
  token: 4401,
  /** Nothing was heard for too long: come back. */
  silent: 4408,
  /** Frames were read too slowly: come back and sync. */
  slow: 4413,
  /** Too many frames: come back later. */
  tooMany: 4429,
} as const;

// ---- building blocks ------------------------------------------------------------------------

/** Any id. */
export const Id = v.pipe(v.string(), v.uuid("Expected a UUID"), v.toLowerCase());
const uuid = Id;
const timestamp = v.pipe(v.string(), v.isoTimestamp());
/** A time from outside, made one that exists: there is no 31 February, and no year 0 in Postgres. */
const givenTime = v.pipe(
  timestamp,
  v.check(
    (text) => Date.parse(text) >= 0 && Date.parse(text) < Date.UTC(10_000),
    "Expected a time since 1970",
  ),
  v.transform((text) => new Date(text).toISOString()),
);
const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER));
const seq = count;
/** Text that Postgres can store and JSON can carry: no NUL, no half of a surrogate pair. */
const plainText = v.pipe(
  v.string(),
  v.check((text) => !text.includes("\0"), "NUL characters are not allowed"),
  v.check((text) => text.isWellFormed(), "Lone surrogates are not allowed"),
);
const url = v.pipe(
  plainText,
  v.maxLength(2_000),
  v.url("Expected a URL"),
  v.regex(/^https?:\/\//i, "Expected an http or https URL"),
);
/** A name or title: one line, in whatever list it stands. */
const line = (max: number) =>
  v.pipe(
    plainText,
    v.trim(),
    v.minLength(1, "Must not be empty"),
    v.maxLength(max),
    v.check(
      (text) => !/[\p{Cc}\u2028\u2029]/u.test(text),
      "Line breaks and control characters are not allowed",
    ),
  );
const content = v.pipe(
  plainText,
  v.maxLength(limits.contentLength, `At most ${limits.contentLength} characters`),
);

/** The closed set of error codes, the same over HTTP and WebSocket. */
export const ErrorCode = v.picklist([
  "invalid_input",
  "unauthenticated",
  "forbidden",
  "not_found",
  "conflict",
  "too_large",
  "rate_limited",
  "unavailable",
  "internal",
]);
export type ErrorCode = v.InferOutput<typeof ErrorCode>;

/** What was wrong with one part of an input. `path` is dotted: `subject.url`. */
export const InputIssue = v.object({ path: v.string(), message: v.string() });
export type InputIssue = v.InferOutput<typeof InputIssue>;

// ---- views: what the server shows -----------------------------------------------------------

export const User = v.object({
  id: uuid,
  username: v.string(),
  displayName: v.string(),
  avatarUrl: v.nullable(v.string()),
  /** The member's page on the platform; null where the platform has none. */
  profileUrl: v.nullable(v.string()),
  role: v.picklist(["member", "moderator", "admin"]),
});
export type User = v.InferOutput<typeof User>;

/** The member as only they themselves see it. */
export const Self = v.object({
  ...User.entries,
  /** Where mail goes: what the platform says, or an address that the member has confirmed. */
  email: v.nullable(v.string()),
  /** An address that was given and waits to be confirmed; until then mail goes to `email`. */
  pendingEmail: v.nullable(v.string()),
  /** A mail server refused `email` for good, so that no mail goes there. */
  emailRefused: v.boolean(),
});
export type Self = v.InferOutput<typeof Self>;

/** A profile: the member, and whether and when they were here. */
export const Profile = v.object({
  ...User.entries,
  online: v.boolean(),
  lastSeenAt: v.nullable(timestamp),
});
export type Profile = v.InferOutput<typeof Profile>;

export const MessageType = v.picklist(["text", "image", "file", "system"]);
export type MessageType = v.InferOutput<typeof MessageType>;

export const Attachment = v.object({
  id: uuid,
  name: v.string(),
  contentType: v.string(),
  size: count,
  url: v.string(),
});
export type Attachment = v.InferOutput<typeof Attachment>;

export const Message = v.object({
  id: uuid,
  conversationId: uuid,
  /** The message's place in its conversation: 1, 2, 3, … without a hole. */
  seq,
  /** The conversation's `rev` at this message's last change. */
  rev: count,
  clientId: v.nullable(uuid),
  /** Null for system messages. */
  senderId: v.nullable(uuid),
  type: MessageType,
  content: v.string(),
  attachments: v.array(Attachment),
  replyTo: v.nullable(
    v.object({ id: uuid, seq, senderId: v.nullable(uuid), content: v.string() }),
  ),
  reactions: v.array(
    v.object({ emoji: v.string(), userIds: v.array(uuid) }),
  ),
  createdAt: timestamp,
  editedAt: v.nullable(timestamp),
  deletedAt: v.nullable(timestamp),
});
export type Message = v.InferOutput<typeof Message>;

export const Participant = v.object({
  userId: uuid,
  username: v.string(),
  displayName: v.string(),
  avatarUrl: v.nullable(v.string()),
  role: v.picklist(["owner", "admin", "member"]),
  lastReadSeq: seq,
  lastDeliveredSeq: seq,
  online: v.boolean(),
  lastSeenAt: v.nullable(timestamp),
});
export type Participant = v.InferOutput<typeof Participant>;

/** What a conversation is about: a listing, a booking, a pitch. */
export const Subject = v.object({
  /** The platform's own key for it; two conversations of a pair differ by it. */
  id: v.optional(v.nullable(line(200)), null),
  title: line(200),
  url: v.optional(v.nullable(url), null),
  imageUrl: v.optional(v.nullable(url), null),
});
export type Subject = v.InferOutput<typeof Subject>;

/** A conversation as one member sees it: the counts, marks and settings are theirs. */
export const Conversation = v.object({
  id: uuid,
  kind: v.picklist(["direct", "group"]),
  title: v.nullable(v.string()),
  /** The inbox tab it belongs to; null is under "all" only. */
  context: v.nullable(v.string()),
  subject: v.nullable(Subject),
  participants: v.array(Participant),
  lastMessage: v.nullable(Message),
  lastSeq: seq,
  /**
   * Counts the visible changes: a message, an edit, a deletion, a reaction, a member more or less
   * each take the next.
   */
  rev: count,
  /** Counts the moves of any member's marks and settings. */
  marksRev: count,
  unreadCount: count,
  lastReadSeq: seq,
  muted: v.boolean(),
  /** When it stops being muted; {@linkcode muteForever} for good; null: it is not muted. */
  mutedUntil: v.nullable(timestamp),
  /** The member wants no mail about this conversation. */
  emailOff: v.boolean(),
  pinned: v.boolean(),
  archived: v.boolean(),
  createdAt: timestamp,
  /** When the last message came, or, before the first one, when it was created. */
  updatedAt: timestamp,
});
export type Conversation = v.InferOutput<typeof Conversation>;

/**
 * What a notification tells of:
 * - `message`: unread messages of one conversation; `actor` wrote the last one, `content` is how it
 *   begins, `count` is how many there were;
 * - `group_added`: `actor` added the member to the group whose title is `content`;
 * - `new_login`: someone logged in to the account with the browser named in `content`;
 * - `email_refused`: the mail server does not take mail for the address in `content`.
 */
export const NotificationKind = v.picklist([
  "message",
  "group_added",
  "new_login",
  "email_refused",
]);
export type NotificationKind = v.InferOutput<typeof NotificationKind>;

/** An entry of the member's list of notifications. */
export const Notification = v.object({
  id: uuid,
  kind: NotificationKind,
  conversationId: v.nullable(uuid),
  actor: v.nullable(
    v.object({
      userId: uuid,
      displayName: v.string(),
      avatarUrl: v.nullable(v.string()),
    }),
  ),
  content: v.string(),
  count,
  createdAt: timestamp,
  readAt: v.nullable(timestamp),
});
export type Notification = v.InferOutput<typeof Notification>;

// ---- inputs: what a client asks -------------------------------------------------------------

export const Username = v.pipe(
  v.string(),
  v.trim(),
  v.regex(
    /^[A-Za-z0-9](?:[A-Za-z0-9._-]{1,28})[A-Za-z0-9]$/,
    "3 to 30 letters, digits, dots, dashes or underscores, beginning and ending with a letter or digit",
  ),
);

const email = v.pipe(
  v.string(),
  v.trim(),
  v.maxLength(254),
  v.email("Expected an email address"),
);
const givenPassword = v.pipe(
  v.string(),
  v.minLength(1, "Must not be empty"),
  v.maxLength(200),
);

export const RegisterInput = v.object({
  username: Username,
  displayName: line(80),
  /** Needed where the server sends mail, and ignored where it does not. */
  email: v.optional(email),
  password: v.pipe(
    v.string(),
    v.minLength(10, "At least 10 characters"),
    v.maxLength(200, "At most 200 characters"),
  ),
});
export type RegisterInput = v.InferOutput<typeof RegisterInput>;

export const LoginInput = v.object({
  /** Username or email. */
  login: line(254),
  password: givenPassword,
});
export type LoginInput = v.InferOutput<typeof LoginInput>;

export const EmailInput = v.object({ email, password: givenPassword });
export type EmailInput = v.InferOutput<typeof EmailInput>;

const messageFields = {
  clientId: uuid,
  conversationId: v.optional(uuid),
  recipientId: v.optional(uuid),
  content,
  attachmentIds: v.optional(v.pipe(v.array(uuid), v.maxLength(10)), []),
  replyToId: v.optional(uuid),
};
const SendType = v.optional(v.picklist(["text", "image", "file"]), "text");

const hasOneDestination = (input: { conversationId?: string; recipientId?: string }) =>
  (input.conversationId === undefined) !== (input.recipientId === undefined);
const saysSomething = (input: { content: string; attachmentIds: string[] }) =>
  input.content.trim() !== "" || input.attachmentIds.length > 0;

/** The body of `POST /api/messages/send`. */
export const SendInput = v.pipe(
  v.object({ ...messageFields, type: SendType }),
  v.forward(
    v.check((input) => hasOneDestination(input), "Give either conversationId or recipientId"),
    ["conversationId"],
  ),
  v.forward(v.check((input) => saysSomething(input), "Must not be empty"), ["content"]),
);
export type SendInput = v.InferOutput<typeof SendInput>;

export const CreateConversationInput = v.pipe(
  v.object({
    participantIds: v.pipe(
      v.array(uuid),
      v.minLength(1, "Name at least one member"),
      v.maxLength(limits.groupSize - 1, `At most ${limits.groupSize - 1} members`),
    ),
    kind: v.optional(v.picklist(["direct", "group"]), "direct"),
    title: v.optional(v.nullable(line(120)), null),
    context: v.optional(v.nullable(line(60)), null),
    subject: v.optional(v.nullable(Subject), null),
  }),
  v.forward(
    v.check(
      (input) => input.kind === "group" || input.participantIds.length === 1,
      "A direct conversation has one other member",
    ),
    ["participantIds"],
  ),
);
export type CreateConversationInput = v.InferOutput<typeof CreateConversationInput>;

/** Who is added to a group; those who are in it already stay as they are. */
export const AddMembersInput = v.object({
  userIds: v.pipe(
    v.array(uuid),
    v.minLength(1, "Name at least one member"),
    v.maxLength(limits.groupSize - 1, `At most ${limits.groupSize - 1} members`),
  ),
});
export type AddMembersInput = v.InferOutput<typeof AddMembersInput>;

export const ReadInput = v.object({ seq });

/** What a member sets for themselves in one conversation; what is left out stays as it is. */
export const ConversationSettingsInput = v.pipe(
  v.object({
    /** Until when they hear nothing of it: {@linkcode muteForever} for good, null for not at all. */
    mutedUntil: v.optional(v.nullable(givenTime)),
    emailOff: v.optional(v.boolean()),
  }),
  v.check((input) => Object.keys(input).length > 0, "Give at least one setting"),
);
export type ConversationSettingsInput = v.InferOutput<typeof ConversationSettingsInput>;

/** How far a client has come in one conversation it holds. */
export const Head = v.object({ rev: count, marksRev: count });
export type Head = v.InferOutput<typeof Head>;

const syncFields = {
  heads: v.pipe(
    v.record(uuid, Head),
    v.check(
      (heads) => Object.keys(heads).length <= limits.syncHeads,
      `At most ${limits.syncHeads} conversations`,
    ),
  ),
  /**
   * Conversations that the client does not hold are told of only if their last message came at
   * this time or later: the end of the list as far as it has loaded it. Left out: all.
   */
  since: v.optional(givenTime),
};
export const SyncInput = v.object(syncFields);
export type SyncInput = v.InferOutput<typeof SyncInput>;

/** A whole number that came as text, in a query. */
const numeric = (min: number, max: number) =>
  v.pipe(
    v.string(),
    v.regex(/^\d{1,15}$/, "Expected a whole number"),
    v.transform(Number),
    v.number(),
    v.minValue(min, `At least ${min}`),
    v.maxValue(max, `At most ${max}`),
  );
const limit = v.optional(numeric(1, limits.pageSizeMax), String(limits.pageSize));
const queryText = v.pipe(plainText, v.trim(), v.maxLength(limits.queryLength));

/** What a list's cursor holds, which clients hand back as they got it: the last one's time and id. */
export const ListPosition = v.tuple([givenTime, uuid]);

export const ListConversationsQuery = v.object({
  query: v.optional(queryText),
  context: v.optional(v.pipe(plainText, v.maxLength(60))),
  cursor: v.optional(v.pipe(v.string(), v.maxLength(200))),
  limit,
});
export type ListConversationsQuery = v.InferOutput<typeof ListConversationsQuery>;

export const HistoryQuery = v.pipe(
  v.object({
    before: v.optional(numeric(1, Number.MAX_SAFE_INTEGER)),
    after: v.optional(numeric(0, Number.MAX_SAFE_INTEGER)),
    around: v.optional(numeric(0, Number.MAX_SAFE_INTEGER)),
    limit,
  }),
  v.check(
    (query) =>
      [query.before, query.after, query.around].filter((one) => one !== undefined).length <= 1,
    "Give at most one of before, after and around",
  ),
);
export type HistoryQuery = v.InferOutput<typeof HistoryQuery>;

export const UsersQuery = v.object({
  query: v.optional(queryText, ""),
  username: v.optional(Username),
});

/** Also by a name of old, which some browsers still give: `Asia/Calcutta`. */
function isTimeZone(name: string): boolean {
  try {
    return /^[A-Za-z]/.test(name) && Temporal.Now.zonedDateTimeISO(name).timeZoneId !== "";
  } catch {
    return false;
  }
}

const clockTime = v.pipe(v.string(), v.regex(/^([01]\d|2[0-3]):[0-5]\d$/, "Expected HH:MM"));
export const NotificationPreferences = v.object({
  email: v.boolean(),
  /** Whether mails quote what was written. */
  emailContent: v.boolean(),
  push: v.boolean(),
  desktop: v.boolean(),
  sound: v.boolean(),
  emailDelaySeconds: v.pipe(count, v.maxValue(86_400)),
  pushDelaySeconds: v.pipe(count, v.maxValue(86_400)),
  quietHours: v.nullable(
    v.object({
      start: clockTime,
      end: clockTime,
      timeZone: v.pipe(
        v.string(),
        v.check(
          isTimeZone,
          "Expected an IANA time zone",
        ),
      ),
    }),
  ),
});
export type NotificationPreferences = v.InferOutput<typeof NotificationPreferences>;

export const ListNotificationsQuery = v.object({
  cursor: v.optional(v.pipe(v.string(), v.maxLength(200))),
  limit,
});
export type ListNotificationsQuery = v.InferOutput<typeof ListNotificationsQuery>;

/** Which notifications have been seen: these, or all there are. */
export const ReadNotificationsInput = v.pipe(
  v.object({
    ids: v.optional(v.pipe(v.array(uuid), v.minLength(1), v.maxLength(100))),
    all: v.optional(v.literal(true)),
  }),
  v.check(
    (input) => (input.ids === undefined) !== (input.all === undefined),
    "Give either ids or all",
  ),
);
export type ReadNotificationsInput = v.InferOutput<typeof ReadNotificationsInput>;

/** A browser's push subscription, as `PushSubscription.toJSON()` gives it. */
export const PushSubscriptionInput = v.object({
  endpoint: v.pipe(
    v.string(),
    v.maxLength(1_000),
    v.url("Expected a URL"),
    v.regex(/^https:\/\//i, "Expected an https URL"),
  ),
  keys: v.object({
    p256dh: v.pipe(v.string(), v.regex(/^[\w-]{87}=?$/, "Expected 65 bytes in base64url")),
    auth: v.pipe(v.string(), v.regex(/^[\w-]{22}={0,2}$/, "Expected 16 bytes in base64url")),
  }),
});
export type PushSubscriptionInput = v.InferOutput<typeof PushSubscriptionInput>;

// ---- answers over HTTP ----------------------------------------------------------------------

export const TokenResult = v.object({ token: v.string(), expiresAt: timestamp });
export type TokenResult = v.InferOutput<typeof TokenResult>;
export const SessionResult = v.object({ user: Self, ...TokenResult.entries });
export type SessionResult = v.InferOutput<typeof SessionResult>;
export const UsersResult = v.object({ users: v.array(Profile) });
export const ConversationsResult = v.object({
  conversations: v.array(Conversation),
  nextCursor: v.nullable(v.string()),
  /**
   * Unread messages over all conversations that are not muted, each counted up to
   * `limits.unreadCount`.
   */
  unreadTotal: count,
  /** As in a `sync_result`. */
  epoch: v.string(),
});
export type ConversationsResult = v.InferOutput<typeof ConversationsResult>;
export const ReadResult = v.object({ lastReadSeq: seq, unreadCount: count });
export type ReadResult = v.InferOutput<typeof ReadResult>;
export const NotificationsResult = v.object({
  /** Most recent first. */
  notifications: v.array(Notification),
  nextCursor: v.nullable(v.string()),
  unreadCount: count,
});
export type NotificationsResult = v.InferOutput<typeof NotificationsResult>;
export const ReadNotificationsResult = v.object({ unreadCount: count });
/** Mails and pushes that were given up within the last 30 days, the latest first. */
export const UndeliveredResult = v.object({
  undelivered: v.array(
    v.object({
      queue: v.picklist(["email", "push"]),
      userId: uuid,
      reason: v.string(),
      createdAt: timestamp,
      failedAt: timestamp,
    }),
  ),
});
export type UndeliveredResult = v.InferOutput<typeof UndeliveredResult>;
/** What an instance says of each of its last seconds, up to {@linkcode statusSeconds} of them. */
export const statusFigures = [
  "connections",
  "messages",
  "framesIn",
  "framesOut",
  "batchSize",
  "batchMs",
  "writerWaiting",
  "markerWaiting",
  "busWaiting",
  "busLagMs",
  "cpuPercent",
  "memoryMegabytes",
] as const;
export const statusSeconds = 60;
/** How the instance that was asked fares. */
export const StatusResult = v.object({
  instanceId: uuid,
  startedAt: timestamp,
  at: timestamp,
  members: count,
  /** Stored by it since its start. */
  messages: count,
  /** Mails and pushes that are not done, by queue; null: there are none, or it cannot be said. */
  jobsWaiting: v.nullable(v.record(v.string(), count)),
  /** The oldest first, a second apart. */
  seconds: v.object(v.entriesFromList(statusFigures, v.array(v.number()))),
});
export type StatusResult = v.InferOutput<typeof StatusResult>;
export const PushSubscriptionResult = v.object({ id: uuid });
export const HistoryResult = v.object({
  messages: v.array(Message),
  hasBefore: v.boolean(),
  hasAfter: v.boolean(),
});
export type HistoryResult = v.InferOutput<typeof HistoryResult>;
export const SendResult = v.object({ message: Message });
export const SyncResult = v.object({
  conversations: v.array(
    v.object({
      conversation: Conversation,
      /** What changed after the client's `rev`, by `rev`, ascending. */
      messages: v.array(Message),
      /** Too much changed: drop what is held of it and load the last page. */
      limited: v.boolean(),
    }),
  ),
  /** Conversations in `heads` that the member is no longer in. */
  removed: v.array(uuid),
  /** All members online now with whom the asking one shares a conversation. */
  online: v.array(uuid),
  /**
   * Only where it was asked with `since`, since who holds all conversations adds their counts up;
   * and only when complete.
   */
  unreadTotal: v.optional(count),
  /** False: there is more; sync again with the new heads. */
  complete: v.boolean(),
  /**
   * Which history the database tells; another one after it was restored. Where it differs from the
   * one before, drop everything held, this answer too, and sync again.
   */
  epoch: v.string(),
});
export type SyncResult = v.InferOutput<typeof SyncResult>;
/** RFC 9457 problem details, sent as `application/problem+json`. */
export const Problem = v.object({
  type: v.string(),
  title: v.string(),
  status: v.number(),
  detail: v.string(),
  code: ErrorCode,
  errors: v.optional(v.array(InputIssue)),
});
export type Problem = v.InferOutput<typeof Problem>;

// ---- frames: client → server ----------------------------------------------------------------

/** Any client frame may carry an `id`; its answer or error bears it as `replyTo`. */
const id = v.optional(v.pipe(v.string(), v.maxLength(64)));
const markFields = {
  id,
  conversationId: uuid,
  seq: v.optional(seq),
  messageId: v.optional(uuid),
};
const namesOneMessage = (frame: { seq?: number; messageId?: string }) =>
  (frame.seq === undefined) !== (frame.messageId === undefined);

export const clientFrames = {
  ping: v.object({ type: v.literal("ping"), id }),
  /** The answer to the server's `ping`. */
  pong: v.object({ type: v.literal("pong"), id }),
  auth: v.object({ type: v.literal("auth"), id, token: v.pipe(v.string(), v.maxLength(8_192)) }),
  send_message: v.pipe(
    v.object({ type: v.literal("send_message"), id, ...messageFields, messageType: SendType }),
    v.forward(
      v.check((input) => hasOneDestination(input), "Give either conversationId or recipientId"),
      ["conversationId"],
    ),
    v.forward(v.check((input) => saysSomething(input), "Must not be empty"), ["content"]),
  ),
  mark_read: v.pipe(
    v.object({ type: v.literal("mark_read"), ...markFields }),
    v.forward(v.check((frame) => namesOneMessage(frame), "Give either seq or messageId"), ["seq"]),
  ),
  mark_delivered: v.pipe(
    v.object({ type: v.literal("mark_delivered"), ...markFields }),
    v.forward(v.check((frame) => namesOneMessage(frame), "Give either seq or messageId"), ["seq"]),
  ),
  typing_start: v.object({ type: v.literal("typing_start"), id, conversationId: uuid }),
  typing_stop: v.object({ type: v.literal("typing_stop"), id, conversationId: uuid }),
  join_conversation: v.object({
    type: v.literal("join_conversation"),
    id,
    conversationId: uuid,
    limit: v.optional(
      v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(limits.pageSizeMax)),
      limits.pageSize,
    ),
  }),
  leave_conversation: v.object({
    type: v.literal("leave_conversation"),
    id,
    conversationId: uuid,
  }),
  sync: v.object({ type: v.literal("sync"), id, ...syncFields }),
  /** Whether the member looks at the page and used it in the last minute. */
  set_activity: v.object({ type: v.literal("set_activity"), id, active: v.boolean() }),
};
export type ClientFrameType = keyof typeof clientFrames;
/** A frame after its check: what the server's handlers get. */
export type ClientFrame = {
  [T in ClientFrameType]: v.InferOutput<typeof clientFrames[T]>;
}[ClientFrameType];
/** A frame before its check: what a client writes. */
export type ClientFrameInput = {
  [T in ClientFrameType]: v.InferInput<typeof clientFrames[T]>;
}[ClientFrameType];

// ---- frames: server → client ----------------------------------------------------------------

const replyTo = v.optional(v.string());
const markMoved = {
  conversationId: uuid,
  userId: uuid,
  seq,
  at: timestamp,
  marksRev: count,
  /** To the member's own sockets only. */
  unreadCount: v.optional(count),
};

export const serverFrames = {
  connected: v.object({
    type: v.literal("connected"),
    connectionId: uuid,
    user: Self,
    expiresAt: timestamp,
    heartbeatSeconds: v.number(),
    limits: v.object({ contentLength: count, frameBytes: count }),
    serverTime: timestamp,
  }),
  pong: v.object({ type: v.literal("pong"), replyTo }),
  /** Asks a socket to show that it can speak: to be answered with `pong` at once. */
  ping: v.object({ type: v.literal("ping") }),
  authenticated: v.object({ type: v.literal("authenticated"), expiresAt: timestamp, replyTo }),
  message_sent: v.object({
    type: v.literal("message_sent"),
    clientId: uuid,
    message: Message,
    replyTo,
  }),
  new_message: v.object({ type: v.literal("new_message"), message: Message }),
  message_updated: v.object({ type: v.literal("message_updated"), message: Message }),
  message_read: v.object({ type: v.literal("message_read"), ...markMoved }),
  message_delivered: v.object({ type: v.literal("message_delivered"), ...markMoved }),
  conversation_updated: v.object({
    type: v.literal("conversation_updated"),
    conversation: Conversation,
  }),
  conversation_removed: v.object({
    type: v.literal("conversation_removed"),
    conversationId: uuid,
  }),
  conversation_history: v.object({
    type: v.literal("conversation_history"),
    conversationId: uuid,
    messages: v.array(Message),
    hasBefore: v.boolean(),
    replyTo,
  }),
  user_typing: v.object({
    type: v.literal("user_typing"),
    conversationId: uuid,
    userId: uuid,
    isTyping: v.boolean(),
  }),
  user_online: v.object({
    type: v.literal("user_online"),
    userId: uuid,
    lastSeenAt: v.nullable(timestamp),
  }),
  user_offline: v.object({
    type: v.literal("user_offline"),
    userId: uuid,
    lastSeenAt: v.nullable(timestamp),
  }),
  /** Something may have been lost on its way: to be followed by a `sync`, after a random wait. */
  sync_needed: v.object({ type: v.literal("sync_needed") }),
  sync_result: v.object({ type: v.literal("sync_result"), ...SyncResult.entries, replyTo }),
  /** A notification that is new, or that tells of more than before. */
  notification: v.object({
    type: v.literal("notification"),
    notification: Notification,
    unreadCount: count,
  }),
  /** Notifications were read, here or elsewhere: these, or, where `ids` is null, all there are. */
  notifications_read: v.object({
    type: v.literal("notifications_read"),
    ids: v.nullable(v.array(uuid)),
    unreadCount: count,
  }),
  error: v.object({
    type: v.literal("error"),
    code: ErrorCode,
    message: v.string(),
    errors: v.optional(v.array(InputIssue)),
    /** Seconds to wait, where trying again later makes sense. */
    retryAfter: v.optional(v.number()),
    replyTo,
  }),
};
export type ServerFrameType = keyof typeof serverFrames;
export type ServerFrame = {
  [T in ServerFrameType]: v.InferOutput<typeof serverFrames[T]>;
}[ServerFrameType];

// ---- web push: server → service worker ------------------------------------------------------

/** What a push message carries: unread messages of a conversation, or that they have been read. */
export type PushPayload =
  | {
    type: "messages";
    conversationId: string;
    /** Who wrote, or the group's title. */
    title: string;
    /** How the last message begins, or, without content, that there are messages. */
    body: string;
    count: number;
    /** When the last one was sent. */
    at: string;
    /** Without sound, replacing what is shown. */
    silent: boolean;
  }
  | { type: "read"; conversationId: string };
