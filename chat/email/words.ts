import { ar } from "./words/ar.ts";
import { de } from "./words/de.ts";
import { en } from "./words/en.ts";
import { es } from "./words/es.ts";
import { fr } from "./words/fr.ts";
import { pt } from "./words/pt.ts";
import { sv } from "./words/sv.ts";

/** What is said of a number, by the language's own classes of numbers; `{count}` is the number. */
export type Plural = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

/** All that mail, and the pages its links lead to, say in one language. What is in braces is put in. */
export interface Words {
  direction: "ltr" | "rtl";
  messages: Plural;
  conversations: Plural;
  more: Plural;
  sentOne: string;
  sentOneInGroup: string;
  newFrom: string;
  newInGroup: string;
  newInConversations: string;
  about: string;
  photo: string;
  file: string;
  open: string;
  why: string;
  stopConversation: string;
  stopAll: string;
  stopTitle: string;
  stopQuestion: string;
  stoppedConversation: string;
  stoppedAll: string;
  undo: string;
  resumedConversation: string;
  resumedAll: string;
  badLink: string;
  badLinkHint: string;
  confirmTitle: string;
  confirmText: string;
  confirmUntil: string;
  confirm: string;
  ignore: string;
  knownTitle: string;
  knownText: string;
  logIn: string;
  changingTitle: string;
  changingText: string;
  changingWarning: string;
  confirmQuestion: string;
  confirmedTitle: string;
  confirmedText: string;
  openMessages: string;
  linkEnded: string;
  linkEndedHint: string;
}

const languages: Record<string, Words> = { ar, de, en, es, fr, pt, sv };

/** A language that is spoken here, and how to say numbers, times and lists in it. */
export interface Language {
  /** A BCP 47 tag, with the member's region if they gave one. */
  tag: string;
  words: Words;
}

/**
 * The language for a locale: English where it is none of ours.
 *
 * @param locale as a platform gives it: `de-CH`, `pt_BR`, or anything at all
 */
export function languageOf(locale: string | null): Language {
  try {
    const { language, baseName } = new Intl.Locale((locale ?? "").replaceAll("_", "-"));
    const words = Object.hasOwn(languages, language) ? languages[language] : undefined;
    if (words) return { tag: baseName, words };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // it is no locale
  }
  return { tag: "en", words: en };
}

/** Puts values where their names are in braces. A value's own braces stay as they are. */
export function fill(template: string, values: Record<string, string>): string {
  return template.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Says a number of things. */
export function sayCount({ tag }: Language, plural: Plural, count: number): string {
  const form = plural[new Intl.PluralRules(tag).select(count)] ?? plural.other;
  return fill(form, { count: new Intl.NumberFormat(tag).format(count) });
}

/** Says a time, and where it is nobody's own, in UTC, that too. */
export function sayTime({ tag }: Language, time: string, timeZone: string): string {
  return new Intl.DateTimeFormat(tag, {
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "numeric",
    minute: "2-digit",
    timeZone,
    ...timeZone === "UTC" && { timeZoneName: "short" },
  }).format(new Date(time));
}
