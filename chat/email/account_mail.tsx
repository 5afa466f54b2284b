import type { Mail } from "@/utils/mail.ts";
import { plainLine } from "@/utils/plain_line.ts";
import { Button, colours, frameHtml, text } from "./frame.tsx";
import { siteName } from "./wording.ts";
import { fill, type Language, languageOf } from "./words.ts";

/** A mail about an account and its address, rather than about messages. */
export interface AccountLetter {
  /** The delivery's id: when the letter is sent again, it is the same mail. */
  id: string;
  /** No name where it is not known that the address is the member's: whoever gave it chose both. */
  to: { name: string; address: string; locale: string | null };
  /** The sender as configured; its name is what the letter calls the site. */
  from: string;
  /** Without a slash at its end. */
  publicUrl: string;
  says: AccountNews;
}

/**
 * What it says:
 * - `confirm`: whoever gave the address may confirm it;
 * - `known`: somebody gave for another account the address that belongs to this one;
 * - `changing`: another address is to take this one's place.
 */
export type AccountNews =
  | { type: "confirm"; url: string; days: number }
  | { type: "known" | "changing"; username: string };

const nameLength = 80;

/** Makes the mail: its text, in HTML and plain, and what its headers say. */
export function composeAccountMail(letter: AccountLetter): Mail {
  const { id, to, publicUrl } = letter;
  const { hostname } = new URL(publicUrl);
  const language = languageOf(to.locale);
  const site = siteName(letter);
  const { heading, before, button, after } = wordingOf(letter, language, site);
  return {
    to: { name: plainLine(to.name, nameLength), address: to.address },
    subject: heading,
    text: [heading, ...before, ...button ? [`${button.label}:\n${button.url}`] : [], ...after]
      .join("\n\n") + "\n",
    html: frameHtml({
      language,
      site,
      heading,
      preview: before[0] ?? "",
      children: (
        <>
          {before.map((words) => <Paragraph key={words}>{words}</Paragraph>)}
          {button && <Button url={button.url}>{button.label}</Button>}
          {after.map((words) => <Paragraph key={words}>{words}</Paragraph>)}
        </>
      ),
    }),
    messageId: `${id}@${hostname}`,
    references: [],
    headers: { "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All" },
  };
}

interface AccountWording {
  heading: string;
  before: string[];
  button?: { label: string; url: string };
  after: string[];
}

function wordingOf(
  { publicUrl, says }: AccountLetter,
  { tag, words }: Language,
  site: string,
): AccountWording {
  const logIn = { label: words.logIn, url: `${publicUrl}/login` };
  switch (says.type) {
    case "confirm": {
      const unit = { style: "unit", unit: "day", unitDisplay: "long" } as const;
      const time = new Intl.NumberFormat(tag, unit).format(says.days);
      return {
        heading: words.confirmTitle,
        before: [fill(words.confirmText, { site })],
        button: { label: words.confirm, url: says.url },
        after: [fill(words.confirmUntil, { time }), words.ignore],
      };
    }
    case "known":
      return {
        heading: words.knownTitle,
        before: [fill(words.knownText, { site, username: says.username })],
        button: logIn,
        after: [words.ignore],
      };
    case "changing":
      return {
        heading: words.changingTitle,
        before: [fill(words.changingText, { site, username: says.username })],
        button: logIn,
        after: [fill(words.changingWarning, { site })],
      };
  }
}

function Paragraph({ children }: { children: string }) {
  return <p class="ink" style={{ ...text(16, colours.ink), margin: "16px 0 0" }}>{children}</p>;
}
