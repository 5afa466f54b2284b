import type { Job, Outcome } from "@/db/queue.ts";
import { raiseToldSeq } from "@/db/notices.ts";
import { selectUnread, type UnreadRow } from "@/db/unread.ts";
import { selectUser, updateEmailRefused } from "@/db/users.ts";
import { type Mail, type Mailer, MailRefused } from "@/utils/mail.ts";
import type { Chat } from "./chat.ts";
import type { MessageMailJob } from "./deliveries.ts";
import { composeMail, type LetterConversation } from "./email/compose.ts";
import { noteNotifications } from "./notifications.ts";
import { getPreferences } from "./preferences.ts";
import { limits } from "./protocol.ts";
import { unsubscribeUrl } from "./unsubscribe.ts";
import { isoTime } from "./views.ts";

/** Messages of each conversation that a mail quotes; the others it counts. */
const quoted = 5;

/**
 * Sends one mail about all that is still unread of its conversations.
 *
 * @throws while the mail server cannot take it
 */
export async function deliverMessageMail(
  chat: Chat,
  { id, data }: Job<MessageMailJob>,
): Promise<Outcome> {
  const now = chat.clock.now();
  const [user, preferences, unread] = await Promise.all([
    selectUser(chat.db, data.userId),
    getPreferences(chat, data.userId),
    selectUnread(chat.db, data.userId, data.conversations, now, {
      first: quoted,
      countMax: limits.unreadCount,
    }),
  ]);
  if (!user?.email || user.email === user.emailRefused) {
    return { done: true, note: "no address" };
  }
  if (!preferences.email) return { done: true, note: "not wanted any more" };

  const rows = unread.filter((row) => !row.emailOff);
  const [first] = rows;
  if (first === undefined) return { done: true, note: "read meanwhile" };

  const { publicUrl } = chat.settings;
  const unsubscribeLink = (conversationId: string | null) =>
    unsubscribeUrl(chat, publicUrl, { userId: user.id, conversationId });
  const mail = composeMail({
    id,
    to: { name: user.displayName, address: user.email, locale: user.locale },
    from: chat.settings.mail?.from ?? "Parley",
    publicUrl,
    timeZone: preferences.quietHours?.timeZone ?? "UTC",
    withContent: preferences.emailContent && chat.settings.emailContent,
    conversations: rows.map(letterConversation),
    unsubscribe: {
      conversation: rows.length === 1 ? await unsubscribeLink(first.conversationId) : null,
      all: await unsubscribeLink(null),
    },
  });
  const refusal = await sendMail(chat, mail);
  if (refusal) {
    if (refusal.recipient) await noteRefused(chat, user.id, user.email);
    return { done: false, reason: refusal.message };
  }
  const told = rows.map((row) => ({ conversationId: row.conversationId, seq: row.last.seq }));
  // The mail is out: what fails from here on must not send it again.
  await raiseToldSeq(chat.db, "emailed_seq", user.id, told)
    .catch((error) => chat.log.warn("It was not noted what a mail told", { error }));
  return { done: true };
}

/**
 * Sends a mail.
 *
 * @returns why it is refused for good
 * @throws while the mail server cannot take it
 */
export async function sendMail(chat: Chat, mail: Mail): Promise<MailRefused | undefined> {
  try {
    await (chat.mailer as Mailer).send(mail);
  } catch (error) {
    if (error instanceof MailRefused) return error;
    throw error;
  }
}

/** No more mail to this address; its owner sees why when they come back. */
export async function noteRefused(chat: Chat, userId: string, address: string): Promise<void> {
  if (await updateEmailRefused(chat.db, userId, address)) await tellRefused(chat, userId, address);
}

/** Leaves a notice for the member that mail to the address is refused. */
export async function tellRefused(chat: Chat, userId: string, address: string): Promise<void> {
  await noteNotifications(chat, [{
    userId,
    kind: "email_refused",
    conversationId: null,
    actorId: null,
    content: address,
    count: 1,
  }]);
}

function letterConversation(row: UnreadRow): LetterConversation {
  return {
    id: row.conversationId,
    title: row.title ?? row.otherName ?? "",
    isGroup: row.kind === "group",
    subjectTitle: row.subjectTitle,
    count: row.count,
    messages: row.first.map((message) => ({
      senderName: message.senderName ?? "",
      content: message.content,
      type: message.type,
      createdAt: isoTime(message.createdAt),
    })),
  };
}
