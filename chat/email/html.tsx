import { Button, colours, frameHtml, Table, text } from "./frame.tsx";
import type { Wording } from "./wording.ts";
import { fill } from "./words.ts";

/** The letter as HTML. */
export function letterHtml(wording: Wording): string {
  const { language, site, sections, unsubscribe } = wording;
  const { words } = language;
  return frameHtml({
    ...wording,
    footer: (
      <>
        {fill(words.why, { site })}
        {unsubscribe.conversation !== null && (
          <FooterLink url={unsubscribe.conversation} name={words.stopConversation} />
        )}
        <FooterLink url={unsubscribe.all} name={words.stopAll} />
      </>
    ),
    children: sections.map((section) => (
      <Section key={section.url} {...section} open={words.open} />
    )),
  });
}

type SectionProps = Wording["sections"][number] & { open: string };

function Section({ title, about, quotes, more, url, open }: SectionProps) {
  return (
    <div
      class="line"
      style={title === ""
        ? { paddingTop: 8 }
        : { borderTop: `1px solid ${colours.line}`, marginTop: 28, paddingTop: 20 }}
    >
      {title !== "" && (
        <h2 class="ink" style={{ ...text(17, colours.ink), fontWeight: 700, margin: 0 }}>
          {title}
        </h2>
      )}
      {about !== "" && <p class="soft" style={{ ...text(14, colours.soft), margin: 0 }}>{about}</p>}
      {quotes.map((quote, index) => <Quote key={index} {...quote} />)}
      {more !== "" && (
        <p class="soft" style={{ ...text(14, colours.soft), margin: "12px 0 0" }}>{more}</p>
      )}
      <Button url={url}>{open}</Button>
    </div>
  );
}

function Quote({ sender, time, label, text: written }: Wording["sections"][number]["quotes"][0]) {
  return (
    <>
      <p class="soft" style={{ ...text(13, colours.soft), margin: "16px 0 4px" }}>
        {sender !== "" && (
          <>
            <bdi class="ink" style={{ color: colours.ink, fontWeight: 600 }}>{sender}</bdi>
            {" · "}
          </>
        )}
        {time}
      </p>
      <Table>
        <tr>
          <td
            class="bubble ink"
            dir="auto"
            style={{
              ...text(16, colours.ink),
              backgroundColor: colours.bubble,
              borderRadius: 14,
              padding: "10px 14px",
              textAlign: "start",
              whiteSpace: "pre-wrap",
              wordBreak: "break-word",
              overflowWrap: "anywhere",
            }}
          >
            {label !== "" && <b>{written === "" ? label : `${label}\n`}</b>}
            {written}
          </td>
        </tr>
      </Table>
    </>
  );
}

function FooterLink({ url, name }: { url: string; name: string }) {
  return (
    <div style={{ paddingTop: 8 }}>
      <a class="soft" href={url} style={{ ...text(13, colours.soft) }}>{name}</a>
    </div>
  );
}
