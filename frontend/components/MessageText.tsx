import { partsOf } from "../lib/links.ts";
import { isEmojiOnly } from "../lib/text.ts";

/** Thousands of empty lines would push everything else away. */
const manyLines = /\n{4,}/g;

/** A member's words: text and links, never markup. */
export function MessageText({ text }: { text: string }) {
  return (
    <p class={isEmojiOnly(text) ? "words words-big" : "words"}>
      {partsOf(text.replace(manyLines, "\n\n\n")).map(({ text, href }, index) =>
        href
          ? (
            <a key={index} href={href} target="_blank" rel="noopener noreferrer nofollow ugc">
              {text}
            </a>
          )
          : text
      )}
    </p>
  );
}
