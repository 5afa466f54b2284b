import {
  selectChanged,
  selectContactIds,
  selectConversationsByIds,
  selectOwnIds,
  selectUnreadTotal,
} from "@/db/conversations.ts";
import { selectChanges } from "@/db/messages.ts";
import type { Chat } from "./chat.ts";
import { showConversations } from "./conversations.ts";
import { limits, type SyncInput, type SyncResult } from "./protocol.ts";
import { messageView } from "./views.ts";

/**
 * What a client lacks, told from its heads alone: the server remembers nothing of it, so this works
 * after a second or a year.
 *
 * A conversation differs if its `rev` or its `marksRev` does. Of one that the client holds come the
 * messages beyond its rev; of one it does not hold comes the conversation only.
 */
export async function sync(chat: Chat, userId: string, input: SyncInput): Promise<SyncResult> {
  const held = Object.keys(input.heads);
  const changed = await selectChanged(
    chat.db,
    userId,
    input.heads,
    input.since,
    limits.syncConversations + 1,
  );
  const complete = changed.length <= limits.syncConversations;
  const told = changed.slice(0, limits.syncConversations);
  const heads = told.flatMap(({ id, heldRev, joinedSeq }) =>
    heldRev === null ? [] : [{ conversationId: id, rev: heldRev, joinedSeq }]
  );

  // The conversations first, their messages after: a rev that is told must not lie beyond the
  // messages that are told with it. The other way round is harmless, since a repeat is ignored.
  const rows = await selectConversationsByIds(
    chat.db,
    userId,
    told.map((row) => row.id),
    limits.unreadCount,
  );
  const [changes, own, contacts, unreadTotal] = await Promise.all([
    // One more than may come tells that it is too much.
    selectChanges(chat.db, heads, limits.syncMessages + 1),
    selectOwnIds(chat.db, userId, held),
    selectContactIds(chat.db, userId),
    selectUnreadTotal(chat.db, userId, limits.unreadCount),
  ]);
  const [conversations, online] = await Promise.all([
    showConversations(chat, rows),
    chat.presence.online(contacts),
  ]);
  const messages = Map.groupBy(changes, (row) => row.conversationId);
  const stillOwn = new Set(own);
  return {
    conversations: conversations.map((conversation) => {
      const head = input.heads[conversation.id];
      const found = (messages.get(conversation.id) ?? []).map(messageView);
      // A client ahead of the database, as after a restore, starts anew.
      const limited = head === undefined || head.rev > conversation.rev ||
        found.length > limits.syncMessages;
      return { conversation, messages: limited ? [] : found, limited };
    }),
    removed: held.filter((id) => !stillOwn.has(id)),
    online: [...online],
    unreadTotal,
    complete,
  };
}
