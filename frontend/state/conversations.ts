/**
 * The list of conversations: its tabs, its pages, its search.
 *
 * @module
 */
import { batch, computed, signal } from "@preact/signals";
import type { Conversation, ConversationsResult, Profile } from "@/chat/protocol.ts";
import { reasonOf } from "../api.ts";
import { isMuted } from "../lib/mute.ts";
import { applyList, unreadTotalOf } from "./apply.ts";
import { chat, onEffect, take } from "./chat.ts";
import { now } from "./clock.ts";
import { call, self } from "./session.ts";

const pageSize = 30;
const searchDelayMs = 200;

/** How far one tab's list has been loaded. */
interface Listing {
  cursor: string | null;
  /** The oldest conversation's time; null when all are loaded. */
  end: string | null;
}

export interface SearchResult {
  query: string;
  conversationIds: string[];
  people: Profile[];
}

/** The chosen tab's context; null is all. */
export const tab = signal<string | null>(null);
export const searchText = signal("");
export const searchResult = signal<SearchResult | null>(null);
export const listError = signal<string | null>(null);
export const isListLoading = signal(false);

const listings = signal<ReadonlyMap<string | null, Listing>>(new Map());

/** The time of the oldest conversation of the whole list that is loaded; undefined: none yet. */
export const inboxEnd = computed(() => listings.value.get(null)?.end);
export const isListed = computed(() => listings.value.has(tab.value));
export const hasMore = computed(() => (listings.value.get(tab.value)?.cursor ?? null) !== null);

/** The conversations to show: those of the tab as far as loaded, or what the search found. */
export const conversations = computed<Conversation[]>(() => {
  const { held } = chat.value;
  const found = searchResult.value;
  if (found !== null) {
    return found.conversationIds.flatMap((id) => held.get(id)?.view ?? []);
  }
  const listing = listings.value.get(tab.value);
  if (listing === undefined) return [];
  const { end } = listing;
  return [...held.values()].map(({ view }) => view)
    .filter((view) => !view.archived && (tab.value === null || view.context === tab.value))
    .filter((view) => end === null || view.pinned || view.updatedAt >= end)
    .sort(byRecency);
});

/** Unread messages in conversations that are not muted; exact as soon as all are loaded. */
export const unreadTotal = computed(() => {
  const total = unreadTotalOf(chat.value, (view) => isMuted(view, now.value));
  return inboxEnd.value === null ? total - chat.value.unreadBeyond : total;
});

/** Pinned first, then by the time of the last message. */
export function byRecency(a: Conversation, b: Conversation): number {
  return Number(b.pinned) - Number(a.pinned) || b.updatedAt.localeCompare(a.updatedAt) ||
    b.id.localeCompare(a.id);
}

/** Counts members and databases: what was asked of the last one is not for the next. */
let era = 0;

/** Loads the first page of a tab, by default the chosen one, or its next one. */
export async function loadInbox(context = tab.value): Promise<void> {
  if (isListLoading.value || self.value === null) return;
  const listing = listings.value.get(context);
  if (listing !== undefined && listing.cursor === null) return;
  isListLoading.value = true;
  listError.value = null;
  const asked = era;
  try {
    const result = await list({ context, cursor: listing?.cursor });
    if (asked !== era) return;
    const last = result.conversations[result.conversations.length - 1];
    const end = result.nextCursor === null ? null : last?.updatedAt ?? null;
    batch(() => {
      take((state) => applyList(state, result));
      // It may have told of another database, and be let go of.
      if (asked !== era) return;
      listings.value = new Map(listings.value).set(context, { cursor: result.nextCursor, end });
    });
  } catch (error) {
    if (asked === era) listError.value = reasonOf(error);
    return;
  } finally {
    if (asked === era) isListLoading.value = false;
  }
  if (asked !== era) return;
  // Without the whole list there is no sync.
  const missing = [null, tab.value].find((one) => !listings.value.has(one));
  if (missing !== undefined) await loadInbox(missing);
}

/** Called once. The lists of another database are other ones. */
export function startLists(): void {
  onEffect(({ type }) => {
    if (type !== "anew") return;
    forgetLists();
    loadInbox(null);
  });
}

/** Shows another tab. */
export function chooseTab(context: string | null): void {
  tab.value = context;
  listError.value = null;
  if (!isListed.value) loadInbox();
}

let searchTimer: number | undefined;

/** Searches a moment after the last key; an empty text ends the search. */
export function search(text: string): void {
  searchText.value = text;
  listError.value = null;
  clearTimeout(searchTimer);
  const query = text.trim();
  if (query === "") searchResult.value = null;
  else searchTimer = setTimeout(() => find(query), searchDelayMs);
}

async function find(query: string): Promise<void> {
  const isCurrent = () => searchText.value.trim() === query;
  try {
    const [result, { users }] = await Promise.all([
      list({ query }),
      call<{ users: Profile[] }>("GET", `/api/users?${new URLSearchParams({ query })}`),
    ]);
    if (!isCurrent()) return;
    batch(() => {
      take((state) => applyList(state, result));
      const conversationIds = result.conversations.map(({ id }) => id);
      // Whoever one talks with anyway is found among the conversations.
      const people = users.filter(({ id }) =>
        id !== self.value?.id && !conversationIds.includes(conversationWith(id)?.id ?? "")
      );
      searchResult.value = { query, conversationIds, people };
    });
  } catch (error) {
    if (isCurrent()) listError.value = reasonOf(error);
  }
}

/** Tries again what has failed. */
export function retryList(): void {
  if (searchText.value.trim() === "") loadInbox();
  else search(searchText.value);
}

function list(
  query: { query?: string; context?: string | null; cursor?: string | null | undefined },
): Promise<ConversationsResult> {
  const given = Object.entries({ ...query, limit: String(pageSize) })
    .filter((entry): entry is [string, string] => entry[1] != null);
  return call("GET", `/api/messages/conversations?${new URLSearchParams(given)}`);
}

/** Of the conversations held, the direct one with a member that is about nothing in particular. */
export function conversationWith(userId: string): Conversation | undefined {
  if (userId === chat.value.selfId) return undefined;
  for (const { view } of chat.value.held.values()) {
    const isPlain = view.kind === "direct" && view.subject === null && view.context === null;
    if (isPlain && view.participants.some((one) => one.userId === userId)) return view;
  }
}

/**
 * Fetches the conversations with a member, so that {@linkcode conversationWith} knows of theirs.
 *
 * @throws {ApiError}
 */
export async function loadConversationsWith(person: Profile): Promise<void> {
  if (conversationWith(person.id)) return;
  const result = await list({ query: person.username });
  take((state) => applyList(state, result));
}

/** Forgets everything, for the next member. */
export function clearLists(): void {
  forgetLists();
  searchResult.value = null;
  searchText.value = "";
  tab.value = null;
}

function forgetLists(): void {
  era++;
  isListLoading.value = false;
  listError.value = null;
  listings.value = new Map();
}
