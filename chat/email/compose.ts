import type { Mail } from "@/utils/mail.ts";
import { letterHtml } from "./html.tsx";
import type { Letter } from "./letter.ts";
import { letterText } from "./text.ts";
import { wordingOf } from "./wording.ts";

export type { Letter, LetterConversation, LetterMessage } from "./letter.ts";

/** Makes the mail: its text, in HTML and plain, and what its headers say. */
export function composeMail(letter: Letter): Mail {
  const wording = wordingOf(letter);
  const { hostname } = new URL(letter.publicUrl);
  const [first, second] = letter.conversations;
  return {
    to: { name: wording.name, address: letter.to.address },
    subject: wording.heading,
    text: letterText(wording),
    html: letterHtml(wording),
    messageId: `${letter.id}@${hostname}`,
    // No mail has this id: mail programs make one thread of those that name the same.
    references: first && !second ? [`conversation-${first.id}@${hostname}`] : [],
    headers: {
      "List-Id": `<messages.${hostname}>`,
      "List-Unsubscribe": `<${letter.unsubscribe.conversation ?? letter.unsubscribe.all}>`,
      "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
      "Auto-Submitted": "auto-generated",
      "X-Auto-Response-Suppress": "All",
    },
  };
}
