import { plainLine } from "@/utils/plain_line.ts";
import { shorten } from "@/utils/shorten.ts";
import type { Letter, LetterConversation } from "./letter.ts";
import { fill, type Language, languageOf, sayCount, sayTime } from "./words.ts";

const nameLength = 80;
const quoteLength = 500;
const previewLength = 120;

/** A letter in the words that it says, before it is HTML or text. Names are single plain lines. */
export interface Wording {
  language: Language;
  /** The member's. */
  name: string;
  site: string;
  heading: string;
  /** What lists of mails show beside the subject. */
  preview: string;
  sections: {
    /** "" where the heading says it. */
    title: string;
    about: string;
    quotes: { sender: string; time: string; label: string; text: string }[];
    more: string;
    url: string;
  }[];
  unsubscribe: Letter["unsubscribe"];
}

/** Says a letter in the member's language. */
export function wordingOf(letter: Letter): Wording {
  const { withContent, conversations, publicUrl, timeZone } = letter;
  const language = languageOf(letter.to.locale);
  const { words } = language;
  const site = siteName(letter);
  const [first, ...others] = conversations;
  const several = others.length > 0;
  const sections = conversations.map((conversation) => {
    const { id, subjectTitle, messages, count } = conversation;
    const quoted = withContent ? messages : [];
    const missing = count - quoted.length;
    return {
      title: several ? headingOf(language, conversation) : "",
      about: withContent && subjectTitle !== null
        ? fill(words.about, { title: plainLine(subjectTitle, nameLength) })
        : "",
      quotes: quoted.map((message) => ({
        sender: plainLine(message.senderName, nameLength),
        time: sayTime(language, message.createdAt, timeZone),
        label: message.type === "image" ? words.photo : message.type === "file" ? words.file : "",
        text: shorten(plainText(message.content), quoteLength),
      })),
      more: withContent && missing > 0 ? sayCount(language, words.more, missing) : "",
      url: `${publicUrl}/messages/${id}`,
    };
  });
  const [quote] = sections[0]?.quotes ?? [];
  return {
    language,
    name: plainLine(letter.to.name, nameLength),
    site,
    heading: first && !several ? headingOf(language, first) : headingOfAll(language, conversations),
    preview: plainLine(quote?.text || quote?.label || "", previewLength) ||
      fill(words.why, { site }),
    sections,
    unsubscribe: letter.unsubscribe,
  };
}

/** Who wrote, or how much there is in a group. */
function headingOf(language: Language, conversation: LetterConversation): string {
  const { words } = language;
  const { isGroup, count, messages } = conversation;
  const title = plainLine(conversation.title, nameLength);
  const sender = plainLine(messages[0]?.senderName ?? "", nameLength);
  const group = isGroup ? title : "";
  const name = isGroup ? sender : title;
  if (count === 1 && name !== "") {
    return group === ""
      ? fill(words.sentOne, { name })
      : fill(words.sentOneInGroup, { name, group });
  }
  const number = sayCount(language, words.messages, count);
  if (group !== "") return fill(words.newInGroup, { messages: number, group });
  return name === "" ? number : fill(words.newFrom, { messages: number, name });
}

function headingOfAll(language: Language, conversations: LetterConversation[]): string {
  const { words } = language;
  const count = conversations.reduce((sum, conversation) => sum + conversation.count, 0);
  return fill(words.newInConversations, {
    messages: sayCount(language, words.messages, count),
    conversations: sayCount(language, words.conversations, conversations.length),
  });
}

/** What mail calls the site: the sender's name, else the host. */
export function siteName(
  { from, publicUrl }: { from: string; publicUrl: string },
): string {
  const [, name = ""] = /^\s*"?([^"<@]*?)"?\s*(?:<|$)/.exec(from) ?? [];
  return plainLine(name, nameLength) || new URL(publicUrl).hostname;
}

/** What was written, with one kind of line break and no other control than the tabulator. */
function plainText(content: string): string {
  return content.toWellFormed()
    .replace(/\r\n|[\r\v\f\x85\u2028\u2029]/g, "\n")
    .replace(/[^\P{Cc}\n\t]/gu, "")
    .replace(/^\n+|\s+$/g, "");
}
