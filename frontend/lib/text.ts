/**
 * What a written text holds: plain parts and links. It stays text; nothing here makes markup.
 *
 * @module
 */
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

const emoji = /^(?:\p{RGI_Emoji}|\s)+$/v;
const bigEmojiMax = 6;

/** Whether a text is nothing but a few emoji, to be shown bigger. */
export function isEmojiOnly(text: string): boolean {
  if (text.length > 60 || text.trim() === "") return false;
  if (!emoji.test(text)) return false;
  return [...new Intl.Segmenter().segment(text.replace(/\s/g, ""))].length <= bigEmojiMax;
}

/** A text on one line, for a preview. */
export function oneLine(text: string): string {
  return text.slice(0, 300).replace(/\s+/g, " ").trim();
}

/** A count as a badge has room for it. */
export function badgeText(count: number): string {
  return count > 99 ? "99+" : String(count);
}
