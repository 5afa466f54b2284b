import { selectChanged, selectConversationsByIds, selectUnreadTotal } from "@/db/conversations.ts";
import { selectChanges } from "@/db/messages.ts";
import type { Chat } from "./chat.ts";
import { showConversations } from "./conversations.ts";
import { limits, type SyncInput, type SyncResult } from "./protocol.ts";
import { messageView } from "./views.ts";

/** Content that one conversation, or all together, may bring; UTF-16 units for bytes will do. */
const conversationBytes = 128 * 1024;
const resultBytes = 512 * 1024;

/**
 * What a client lacks, told from its heads alone: the server remembers nothing of it, so this works
 * after a second or a year.
 *
 * A conversation differs if its `rev` or its `marksRev` does. Of one that the client holds come the
 * messages beyond its rev; of one it does not hold comes the conversation only.
 */
export async function sync(chat: Chat, userId: string, input: SyncInput): Promise<SyncResult> {
  const { changed, removed } = await selectChanged(
    chat.db,
    userId,
    input.heads,
    input.since,
    limits.syncConversations + 1,
  );
  const complete = changed.length <= limits.syncConversations;
  const told = changed.slice(0, limits.syncConversations);
  // The conversations first, their messages after, up to the rev that is told with them: what comes
  // later may come when the member is none any more.
  const rows = await selectConversationsByIds(chat.db, userId, told, limits.unreadCount);
  const heads = rows.flatMap(({ id, rev, joinedSeq }) => {
    const head = input.heads[id];
    return head ? [{ conversationId: id, rev: head.rev, toRev: rev, joinedSeq }] : [];
  });
  const joinedRevs = new Map(rows.map(({ id, joinedRev }) => [id, joinedRev]));
  const leftMeanwhile = told.filter((id) => input.heads[id] && !joinedRevs.has(id));
  const [changes, conversations, online, unreadTotal] = await Promise.all([
    // One more than may come tells that it is too much.
    selectChanges(chat.db, heads, limits.syncMessages + 1, conversationBytes),
    showConversations(chat, rows),
    onlineContacts(chat, userId),
    input.since === undefined || !complete
      ? undefined
      : selectUnreadTotal(chat.db, userId, limits.unreadCount, chat.clock.now()),
  ]);
  const changesOf = Map.groupBy(changes, (row) => row.conversationId);
  const result: SyncResult["conversations"] = [];
  let bytes = 0;
  for (const conversation of conversations) {
    const head = input.heads[conversation.id];
    const found = (changesOf.get(conversation.id) ?? []).map(messageView);
    const size = found.reduce((sum, message) => sum + message.content.length, 0);
    // A client ahead of the database has seen what is no more, and starts anew; so does one that
    // holds the conversation from before its member came, or came back.
    const limited = head === undefined || head.rev > conversation.rev ||
      head.marksRev > conversation.marksRev || head.rev < (joinedRevs.get(conversation.id) ?? 0) ||
      found.length > limits.syncMessages || size > conversationBytes;
    if (!limited) bytes += size;
    if (bytes > resultBytes) break;
    result.push({ conversation, messages: limited ? [] : found, limited });
  }
  chat.metrics.syncConversations.observe(result.length);
  chat.metrics.syncMessages.observe(result.reduce((sum, one) => sum + one.messages.length, 0));
  return {
    conversations: result,
    removed: [...removed, ...leftMeanwhile],
    online,
    ...unreadTotal !== undefined && { unreadTotal },
    complete: complete && result.length === conversations.length,
    epoch: chat.epoch.current,
  };
}

/** Who is here of those who share a conversation with the member. */
async function onlineContacts(chat: Chat, userId: string): Promise<string[]> {
  return [...await chat.presence.online(await chat.lookups.contacts(userId))];
}
