/**
 * Links within a text, found by a library that is fetched when the first text may hold one.
 *
 * @module
 */
import { signal } from "@preact/signals";
import type { LinkifyIt } from "linkify-it";
import { safeHref, type TextPart } from "./text.ts";

/** Null until the library has been needed and is there. */
const finder = signal<LinkifyIt | null>(null);
let isFetching = false;

/** Whatever the library would take for a link has one of these. */
const mayHoldLink = /:\/\/|mailto:|\w\.\p{L}{2}|\w@\w/iu;

/**
 * Cuts a text into plain parts and links; together they are the whole text again. Until the
 * library is there, all is plain; a component that calls this draws again when it comes.
 */
export function partsOf(text: string): TextPart[] {
  if (!mayHoldLink.test(text)) return [{ text }];
  if (finder.value === null) {
    fetchFinder();
    return [{ text }];
  }
  return cut(text, finder.value);
}

/** Fetches the library, once. */
export async function fetchFinder(): Promise<void> {
  if (isFetching) return;
  isFetching = true;
  try {
    const { LinkifyIt } = await import("linkify-it");
    finder.value = new LinkifyIt({ fuzzyLink: true, fuzzyEmail: true });
  } catch {
    // Without it links stay text; the next text that may hold one asks again.
    isFetching = false;
  }
}

function cut(text: string, linkify: LinkifyIt): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const { index, lastIndex, url } of linkify.match(text) ?? []) {
    const href = safeHref(url);
    if (href === null) continue;
    if (index > end) parts.push({ text: text.slice(end, index) });
    parts.push({ text: text.slice(index, lastIndex), href });
    end = lastIndex;
  }
  if (end < text.length) parts.push({ text: text.slice(end) });
  return parts;
}
