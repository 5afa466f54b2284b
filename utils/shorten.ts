const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/**
 * Cuts a text that is too long, and says so by "…". What people see as one character stays whole.
 *
 * @param max how long the result may be, in UTF-16 code units
 */
export function shorten(text: string, max: number): string {
  if (text.length <= max) return text;
  const end = graphemes.segment(text).containing(max - 1)?.index ?? 0;
  return `${text.slice(0, end).trimEnd()}…`;
}
