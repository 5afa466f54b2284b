/**
 * What a written text holds: plain parts and links. It stays text; nothing here makes markup.
 *
 * @module
 */
import { lazily } from "./lazily.ts";

export interface TextPart {
  text: string;
  /** Where it leads, if it is a link: http, https or mailto only. */
  href?: string;
}

/** The address if it is one that a page may safely link to, else null. */
export function safeHref(url: string): string | null {
  try {
    const { protocol, href } = new URL(url);
    return ["http:", "https:", "mailto:"].includes(protocol) ? href : null;
  } catch {
    return null;
  }
}

/** Cuts a text into what people take for its letters. */
export const graphemes = lazily(() => new Intl.Segmenter());

/** Not `\p{RGI_Emoji}`: browsers take some 30 ms to make the expression, even if it is not used. */
const emojiFirst = /^(\p{Emoji_Presentation}|\p{Emoji}(\ufe0f|\p{Emoji_Modifier}))/u;
const bigEmojiMax = 6;

/** Whether a text is nothing but a few emoji, to be shown bigger. */
export function isEmojiOnly(text: string): boolean {
  const signs = text.length > 60 ? "" : text.replace(/\s/g, "");
  if (!emojiFirst.test(signs)) return false;
  const segments = [...graphemes().segment(signs)];
  return segments.length <= bigEmojiMax &&
    segments.every(({ segment }) => emojiFirst.test(segment));
}

/** A text on one line, for a preview. */
export function oneLine(text: string): string {
  return text.slice(0, 300).replace(/\s+/g, " ").trim();
}

/** A count as a badge has room for it. */
export function badgeText(count: number): string {
  return count > 99 ? "99+" : String(count);
}
