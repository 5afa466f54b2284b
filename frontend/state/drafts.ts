/**
 * What has been written and not sent, by conversation; kept over reloads and between tabs.
 *
 * @module
 */
import { signal } from "@preact/signals";
import { storage } from "../lib/browser.ts";
import { self } from "./session.ts";

/** By conversation, or by recipient where there is none yet. */
export const drafts = signal<ReadonlyMap<string, string>>(new Map());

const prefix = () => `parley.draft.${self.value?.id}.`;

/** Keeps a draft; an empty one is forgotten. */
export function keepDraft(key: string, text: string): void {
  if ((drafts.value.get(key) ?? "") === text) return;
  set(key, text);
  storage.set(prefix() + key, text === "" ? null : text);
}

/** Whether the draft is there after a reload: this browser may be full, another tab may have its own. */
export function isDraftStored(key: string, text: string): boolean {
  return storage.get(prefix() + key) === text;
}

/** Puts a text before what is being written, which is never overwritten. */
export function prependDraft(key: string, text: string): void {
  const draft = drafts.value.get(key);
  keepDraft(key, draft ? `${text}\n${draft}` : text);
}

/** Takes a draft along when its first message has made a conversation. */
export function moveDraft(from: string, to: string): void {
  const text = drafts.value.get(from);
  const isTyping = focusedDraft.value === from;
  if (text) prependDraft(to, text);
  keepDraft(from, "");
  if (isTyping) focusedDraft.value = to;
}

function set(key: string, text: string): void {
  const next = new Map(drafts.value);
  if (text === "") next.delete(key);
  else next.set(key, text);
  drafts.value = next;
}

/** The draft being typed at this moment; other tabs leave it alone. */
export const focusedDraft = signal<string | null>(null);

/** Follows what other tabs do to the drafts. */
export function startDrafts(): void {
  addEventListener("storage", ({ key, newValue }) => {
    if (!key?.startsWith(prefix())) return;
    const draft = key.slice(prefix().length);
    const isTyping = focusedDraft.value === draft && document.hasFocus();
    if (!isTyping) set(draft, newValue ?? "");
  });
}

/** Loads the drafts of whoever is signed in now. */
export function loadDrafts(): void {
  const found = storage.entries()
    .filter(([key]) => key.startsWith(prefix()))
    .map(([key, text]): [string, string] => [key.slice(prefix().length), text]);
  drafts.value = new Map(found);
}

/** Removes the member's drafts from this browser. */
export function dropDrafts(): void {
  for (const key of drafts.value.keys()) storage.set(prefix() + key, null);
  drafts.value = new Map();
}
