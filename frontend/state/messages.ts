/**
 * The open conversation: its window of messages, moving through it, writing into it.
 *
 * @module
 */
import { batch, computed, effect, signal, untracked } from "@preact/signals";
import { type Conversation, type HistoryResult, limits, type Message } from "@/chat/protocol.ts";
import { ApiError, reasonOf } from "../api.ts";
import { applyDrop, applyPage, applyTrim, applyViews, type LoadedPage } from "./apply.ts";
import { chat, connection, onEffect, onOpened, take } from "./chat.ts";
import { enqueue, outbox } from "./outbox.ts";
import { call } from "./session.ts";
import { stopTyping } from "./typing.ts";

/** Where the reader is to be taken once the messages are there. */
export interface Jump {
  to: "end" | "unread" | number;
}

export const openId = signal<string | null>(null);
export const threadError = signal<{ message: string; isMissing: boolean } | null>(null);
export const loadingPlace = signal<LoadedPage["place"] | null>(null);
export const jump = signal<Jump | null>(null);
/** The unread divider stands after this `seq`; null: none. */
export const unreadAfter = signal<number | null>(null);

export const openConversation = computed(() =>
  openId.value === null ? undefined : chat.value.held.get(openId.value)
);
/** What was written here and is not stored yet. */
export const pendingLines = computed(() =>
  outbox.value.filter((line) => line.conversationId === openId.value)
);

/** Opens a conversation: fetches what is missing of it, and joins to hear typing. */
export async function openThread(conversationId: string): Promise<void> {
  if (openId.value === conversationId) return;
  closeThread();
  batch(() => {
    openId.value = conversationId;
    threadError.value = null;
    unreadAfter.value = null;
  });
  join();
  await loadThread();
}

/** Loads the open conversation, again after an error. */
export async function loadThread(): Promise<void> {
  const conversationId = openId.value;
  if (conversationId === null) return;
  const isGone = () => openId.value !== conversationId;
  threadError.value = null;
  try {
    const view = await fetchConversation(conversationId);
    if (view === undefined || isGone()) return;
    // As it was before its messages are seen.
    const { lastReadSeq, unreadCount } = view;
    if (unreadCount > 0) unreadAfter.value = lastReadSeq;
    await fetchMessages(view);
    if (!isGone()) jump.value = { to: unreadCount > 0 ? "unread" : "end" };
  } catch (error) {
    if (isGone()) return;
    const isMissing = error instanceof ApiError &&
      (error.code === "not_found" || error.code === "invalid_input");
    const message = isMissing
      ? "It may have been removed, or the address may be wrong."
      : reasonOf(error);
    threadError.value = { message, isMissing };
  }
}

/**
 * Fetches what it takes to show a conversation, as far as it is not there.
 *
 * @throws {ApiError}
 */
export async function fetchThread(conversationId: string): Promise<void> {
  const view = await fetchConversation(conversationId);
  if (view !== undefined) await fetchMessages(view);
}

/**
 * What is known of a conversation, fetched if it is not held.
 *
 * @throws {ApiError}
 */
export async function fetchConversation(
  conversationId: string,
): Promise<Conversation | undefined> {
  if (!chat.value.held.has(conversationId)) {
    const view = await call<Conversation>("GET", `/api/messages/conversations/${conversationId}`);
    take((state) => applyViews(state, [view], false));
  }
  return chat.value.held.get(conversationId)?.view;
}

/** Begins at the first unread message where it is far from the last one. */
async function fetchMessages({ id, unreadCount, lastSeq, lastReadSeq }: Conversation) {
  if (chat.value.held.get(id)?.window) return;
  const isFar = unreadCount > 0 && lastSeq - lastReadSeq > limits.pageSize - 10;
  await load(id, "replace", isFar ? { around: lastReadSeq } : {});
}

/** Leaves the open conversation; a window that does not reach the end is let go. */
export function closeThread(): void {
  const conversationId = openId.value;
  if (conversationId === null) return;
  stopTyping();
  connection.send({ type: "leave_conversation", conversationId });
  batch(() => {
    const held = chat.value.held.get(conversationId);
    if (held?.window?.hasAfter) chat.value = applyDrop(chat.value, conversationId);
    else chat.value = applyTrim(chat.value, conversationId);
    openId.value = null;
    jump.value = null;
  });
}

export const loadOlder = () => loadBeside("before");
export const loadNewer = () => loadBeside("after");

async function loadBeside(place: "before" | "after"): Promise<void> {
  const { view, window } = openConversation.value ?? {};
  if (!view || !window || loadingPlace.value !== null) return;
  if (!(place === "before" ? window.hasBefore : window.hasAfter)) return;
  const { messages } = window;
  const edge = place === "before" ? messages[0] : messages[messages.length - 1];
  if (edge === undefined) return;
  // A page that fails is asked for again by the next scroll.
  await load(view.id, place, { [place]: edge.seq }).catch(() => undefined);
}

/** Takes the reader to a message, wherever in the conversation it is. */
export async function jumpTo(seq: number): Promise<void> {
  const messages = openConversation.value?.window?.messages ?? [];
  const isHere = messages.some((message) => message.seq === seq);
  await loadAndJump(isHere ? null : { around: seq }, seq);
}

/** Takes the reader to the newest message. */
export async function jumpToEnd(): Promise<void> {
  await loadAndJump(openConversation.value?.window?.hasAfter ? {} : null, "end");
}

async function loadAndJump(query: { around?: number } | null, to: Jump["to"]): Promise<void> {
  const conversationId = openId.value;
  if (conversationId === null) return;
  if (query !== null) await load(conversationId, "replace", query).catch(() => undefined);
  // Whoever has gone elsewhere meanwhile stays where they are.
  if (openId.value === conversationId) jump.value = { to };
}

async function load(
  conversationId: string,
  place: LoadedPage["place"],
  query: { before?: number; after?: number; around?: number },
): Promise<void> {
  const { held, epoch } = chat.value;
  const rev = held.get(conversationId)?.view.rev ?? 0;
  const given = Object.entries(query).map(([key, value]) => [key, String(value)]);
  loadingPlace.value = place;
  try {
    const page = await call<HistoryResult>(
      "GET",
      `/api/messages/${conversationId}/messages?${new URLSearchParams(given)}`,
    );
    take((state) => applyPage(state, { conversationId, place, page, rev, epoch }));
  } finally {
    loadingPlace.value = null;
  }
}

/** Sends a text into the open conversation. */
export function send(content: string): void {
  if (openId.value === null) return;
  stopTyping();
  unreadAfter.value = null;
  enqueue(content, { conversationId: openId.value });
  jumpToEnd();
}

/** Lets go of the oldest messages held, when a reader at the end has gathered very many. */
export function trimThread(): void {
  if (openId.value !== null) chat.value = applyTrim(chat.value, openId.value);
}

/** Hears who types in the open conversation. */
export function join(): void {
  if (openId.value === null) return;
  connection.send({ type: "join_conversation", conversationId: openId.value, limit: 0 });
}

/** The last message from somebody else up to and including `seq`, of those held. */
export function lastOfOthers(messages: readonly Message[], seq: number): Message | undefined {
  const { selfId } = chat.value;
  return messages.findLast((message) => message.seq <= seq && message.senderId !== selfId);
}

export function startMessages(): void {
  onOpened(() => {
    join();
    if (threadError.value !== null && !threadError.value.isMissing) loadThread();
  });
  const isHeld = computed(() => openConversation.value !== undefined);
  effect(() => {
    // Brought back, whether a frame or a sync tells of it.
    if (!isHeld.value || !threadError.peek()?.isMissing) return;
    untracked(() => {
      join();
      loadThread();
    });
  });
  onEffect((wish) => {
    if (wish.type === "arrived" && wish.message.conversationId === openId.value) {
      // Away from the page, the divider shows where one left off.
      if (!document.hasFocus()) unreadAfter.value ??= wish.message.seq - 1;
    }
    if (wish.type === "reload" && wish.conversationId === openId.value) loadThread();
    if (wish.type === "anew") {
      unreadAfter.value = null;
      loadThread();
    }
    if (wish.type === "removed" && wish.conversationId === openId.value) {
      threadError.value = { message: "You are no longer in this conversation.", isMissing: true };
    }
  });
}
