import type { Wording } from "./wording.ts";
import { fill } from "./words.ts";

/** The letter as plain text. What members wrote is quoted line by line, and so cannot pass for ours. */
export function letterText({ language, site, heading, sections, unsubscribe }: Wording): string {
  const { words } = language;
  const paragraphs = [
    heading,
    ...sections.flatMap(({ title, about, quotes, more, url }) => [
      title,
      about,
      ...quotes.map(({ sender, time, label, text }) =>
        [
          [sender, time].filter((part) => part !== "").join(", "),
          ...label === "" ? [] : [`[${label}]`],
          ...text === "" ? [] : text.split("\n").map((line) => `> ${line}`),
        ].join("\n")
      ),
      more,
      `${words.open}:\n${url}`,
    ]),
    [
      "-- ",
      fill(words.why, { site }),
      ...unsubscribe.conversation === null
        ? []
        : [`${words.stopConversation}:\n${unsubscribe.conversation}`],
      `${words.stopAll}:\n${unsubscribe.all}`,
    ].join("\n"),
  ];
  return `${paragraphs.filter((paragraph) => paragraph !== "").join("\n\n")}\n`;
}
