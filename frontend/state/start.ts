/**
 * Sets everything going, and clears it away when the member changes.
 *
 * @module
 */
import { effect, untracked } from "@preact/signals";
import { emptyState } from "./apply.ts";
import { chat, connection, onOpened } from "./chat.ts";
import { clearLists, conversationWith, loadInbox, search, startLists } from "./conversations.ts";
import { loadDrafts, moveDraft, startDrafts } from "./drafts.ts";
import { fetchLater } from "./later.ts";
import { clearMarks, startMarks } from "./marks.ts";
import { closeThread, fetchThread, openThread, startMessages } from "./messages.ts";
import {
  assignConversation,
  firstRecipients,
  loadOutbox,
  onConversationStarted,
  outbox,
  startOutbox,
} from "./outbox.ts";
import { navigate, paths, returnPath, route, startRouter } from "./router.ts";
import { onMember, phase, restoreSession, self } from "./session.ts";
import { startSync } from "./sync.ts";
import { startTyping } from "./typing.ts";

/** Starts the page's life; called once. */
export function start(): void {
  startRouter();
  startMarks();
  startOutbox();
  startMessages();
  startTyping();
  startDrafts();
  startSync();
  startLists();
  onMember((id) => id === null ? end() : begin(id));
  effect(() => {
    const now = route.value;
    if (self.value === null) return;
    untracked(() => now.name === "thread" ? openThread(now.conversationId) : closeThread());
  });
  effect(() => {
    const now = route.value;
    if (phase.value === "signedIn" && (now.name === "login" || now.name === "register")) {
      navigate(returnPath(), { replace: true });
    }
  });
  effect(() => {
    // Whoever was searched for has been found.
    if (route.value.name === "new") untracked(() => search(""));
  });
  effect(() => {
    // Made in another tab, or by the other one, or by a first message whose answer was lost: there
    // is a conversation to go on with. What waits goes before what is written into that.
    const now = route.value;
    const recipients = new Set(firstRecipients.value);
    if (now.name === "new") recipients.add(now.userId);
    for (const recipientId of recipients) {
      const existing = conversationWith(recipientId);
      if (existing) untracked(() => goOn(recipientId, existing.id));
    }
  });
  onConversationStarted(goOn);
  onOpened(fetchLater);
  restoreSession();
}

/** Goes from a member one writes to first to the conversation that there is with them now. */
async function goOn(recipientId: string, conversationId: string): Promise<void> {
  const isShown = () => route.value.name === "new" && route.value.userId === recipientId;
  // First, so that between the two screens no key is lost and nothing flickers.
  if (isShown()) await fetchThread(conversationId).catch(() => undefined);
  assignConversation(recipientId, conversationId);
  moveDraft(recipientId, conversationId);
  if (isShown()) navigate(paths.thread(conversationId), { replace: true });
}

function begin(userId: string): void {
  chat.value = emptyState(userId);
  loadDrafts();
  loadOutbox();
  loadInbox();
  connection.start();
  fetchLater();
}

function end(): void {
  connection.stop();
  closeThread();
  clearLists();
  clearMarks();
  outbox.value = [];
  chat.value = emptyState("");
}
