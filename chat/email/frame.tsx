/**
 * How every mail looks: tables and inline styles, which every mail program knows; nothing is loaded.
 *
 * @module
 */
import { type Children, renderMarkup } from "@/utils/markup.ts";
import type { Language } from "./words.ts";

const font =
  "ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif";

/** What programs show that heed no style element: the page's colours by day. */
export const colours = {
  paper: "#f6f1eb",
  surface: "#fffdfa",
  bubble: "#f2ebe3",
  line: "#e6dcd2",
  ink: "#28201a",
  soft: "#6b6058",
  accent: "#b5392a",
};

/** By night, and where there is little room. Inline styles yield to `!important` alone. */
const style = `
:root { color-scheme: light dark; supported-color-schemes: light dark }
@media (prefers-color-scheme: dark) {
  .paper { background-color: #171412 !important }
  .surface { background-color: #1e1a18 !important; border-color: #3a322d !important }
  .bubble { background-color: #302a26 !important }
  .ink { color: #f4ede7 !important }
  .soft { color: #b3a69c !important }
  .accent { color: #ff9d84 !important }
  .line { border-color: #3a322d !important }
}
@media (max-width: 480px) {
  .margin { padding: 12px 8px !important }
  .surface { padding: 24px 18px !important }
}
`;

interface FrameProps {
  language: Language;
  /** What the mail calls the site. */
  site: string;
  heading: string;
  /** What lists of mails show beside the subject. */
  preview: string;
  /** Beneath the card, in small. */
  footer?: Children;
  children: Children;
}

/** A whole mail as HTML: the site's name, and a card with the heading and what is in it. */
export function frameHtml(props: FrameProps): string {
  return `<!doctype html>${renderMarkup(<Frame {...props} />)}`;
}

function Frame({ language, site, heading, preview, footer, children }: FrameProps) {
  const { tag, words } = language;
  // Outlook knows no "start".
  const textAlign = words.direction === "rtl" ? "right" : "left";
  return (
    <html lang={tag} dir={words.direction}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="supported-color-schemes" content="light dark" />
        {/* Telephones would make links of numbers and dates. */}
        <meta name="format-detection" content="telephone=no, date=no, address=no, email=no" />
        <title>{heading}</title>
        <style dangerouslySetInnerHTML={{ __html: style }} />
      </head>
      <body class="paper" style={{ margin: 0, padding: 0, backgroundColor: colours.paper }}>
        <div
          dir="auto"
          style={{ display: "none", maxHeight: 0, overflow: "hidden", opacity: 0 }}
        >
          {preview}
        </div>
        <Table class="paper" style={{ backgroundColor: colours.paper }}>
          <tr>
            <td class="margin" align="center" style={{ padding: "32px 16px" }}>
              <Table width={560} style={{ width: "100%", maxWidth: 560 }}>
                <tr>
                  <td
                    class="accent"
                    style={{
                      ...text(16, colours.accent),
                      fontWeight: 700,
                      padding: "0 8px 12px",
                      textAlign,
                    }}
                  >
                    {site}
                  </td>
                </tr>
                <tr>
                  <td
                    class="surface"
                    style={{
                      backgroundColor: colours.surface,
                      border: `1px solid ${colours.line}`,
                      borderRadius: 18,
                      padding: 32,
                      textAlign,
                    }}
                  >
                    <h1
                      class="ink"
                      style={{ ...text(22, colours.ink), fontWeight: 700, margin: 0 }}
                    >
                      {heading}
                    </h1>
                    {children}
                  </td>
                </tr>
                {footer && (
                  <tr>
                    <td
                      class="soft"
                      style={{
                        ...text(13, colours.soft),
                        padding: "20px 8px 0",
                        textAlign,
                      }}
                    >
                      {footer}
                    </td>
                  </tr>
                )}
              </Table>
            </td>
          </tr>
        </Table>
      </body>
    </html>
  );
}

/** A cell that is coloured, and a link that fills it: what Outlook draws of a button as well. */
export function Button({ url, children }: { url: string; children: Children }) {
  return (
    <table
      role="presentation"
      cellPadding="0"
      cellSpacing="0"
      style={{ marginTop: 20 }}
    >
      <tr>
        <td style={{ backgroundColor: colours.accent, borderRadius: 12 }}>
          <a
            href={url}
            style={{
              ...text(16, "#ffffff"),
              display: "inline-block",
              fontWeight: 600,
              border: `1px solid ${colours.accent}`,
              borderRadius: 12,
              padding: "11px 22px",
              textDecoration: "none",
            }}
          >
            {children}
          </a>
        </td>
      </tr>
    </table>
  );
}

export function Table(
  { class: name, width = "100%", style, children }: {
    class?: string;
    width?: number | string;
    style?: Record<string, string | number>;
    children: Children;
  },
) {
  return (
    <table
      role="presentation"
      class={name}
      width={width}
      cellPadding="0"
      cellSpacing="0"
      style={{ tableLayout: "fixed", ...style }}
    >
      {children}
    </table>
  );
}

/** @param size in pixels */
export function text(size: number, color: string) {
  return { fontFamily: font, fontSize: size, lineHeight: 1.5, color };
}
