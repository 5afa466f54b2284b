import { shorten } from "./shorten.ts";

/** Breaks of a line, and controls of all kinds: some would begin a header of a mail. */
const controls = /[\p{Cc}\u2028\u2029]+/gu;
/** They turn around what comes after them, outside of the name as well. */
const directions = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * A name or title from outside as one line of nothing but text.
 *
 * @param max how long the result may be, in UTF-16 code units
 */
export function plainLine(text: string, max: number): string {
  const line = text.toWellFormed().replace(directions, "").replace(controls, " ");
  return shorten(line.replace(/\s+/g, " ").trim(), max);
}
