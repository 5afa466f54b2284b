import { type Children, type Markup, renderMarkup } from "@/utils/markup.ts";
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { createHash } from "node:crypto";

/** A page that stands by itself: no script, nothing loaded, readable before anyone logs in. */
export interface SmallPage {
  title: string;
  /** A BCP 47 tag. */
  language: string;
  direction: "ltr" | "rtl";
  /** Seconds after which the browser asks for it again. */
  refresh?: number;
  wide?: boolean;
  /** Whether it shows another of our pages in a frame. */
  frames?: boolean;
  children: Children;
}

const style = `
:root { color-scheme: light dark; --paper: #f6f1eb; --surface: #fffdfa; --ink: #28201a;
  --soft: #6b6058; --line: rgb(92 62 38 / 0.2); --accent: #b5392a; --on-accent: #fff }
@media (prefers-color-scheme: dark) { :root { --paper: #171412; --surface: #1e1a18; --ink: #f4ede7;
  --soft: #b3a69c; --line: rgb(255 230 210 / 0.2); --accent: #ff9d84; --on-accent: #2a1610 } }
* { box-sizing: border-box }
body { margin: 0; padding: 24px 16px; background: var(--paper); color: var(--ink);
  font: 16px/1.5 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
main { max-width: 480px; margin: 8vh auto 0; padding: 32px 24px; background: var(--surface);
  border: 1px solid var(--line); border-radius: 16px; overflow-wrap: anywhere }
main.wide { max-width: 960px; margin-top: 0 }
h1 { margin: 0 0 12px; font-size: 22px; line-height: 1.25 }
p { margin: 0 0 20px }
p:last-child { margin-bottom: 0 }
form { display: grid; gap: 12px; margin-top: 12px }
button { font: inherit; font-weight: 600; min-height: 48px; padding: 10px 20px; cursor: pointer;
  border-radius: 12px; border: 1px solid var(--line); background: none; color: inherit }
button.first { background: var(--accent); border-color: var(--accent); color: var(--on-accent) }
a { color: var(--accent) }
button:focus-visible, a:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
ul { list-style: none; margin: 0; padding: 0 }
li { padding: 12px 0; border-top: 1px solid var(--line) }
small { display: block; color: var(--soft) }
iframe { width: 100%; height: 70vh; border: 1px solid var(--line); border-radius: 12px }
pre { white-space: pre-wrap; font-size: 13px }
`;
const styleHash = createHash("sha256").update(style).digest("base64");

/** Answers with the page. It is not kept, framed or indexed, and says to nobody whence one comes. */
export function smallPage(
  c: Context,
  page: SmallPage,
  status: ContentfulStatusCode = 200,
): Response | Promise<Response> {
  c.header("cache-control", "no-store");
  // Its address may hold a link's token.
  c.header("referrer-policy", "no-referrer");
  c.header(
    "content-security-policy",
    `default-src 'none'; style-src 'sha256-${styleHash}'; form-action 'self'; ` +
      `frame-src ${page.frames ? "'self'" : "'none'"}; base-uri 'none'; frame-ancestors 'none'`,
  );
  return c.html(`<!doctype html>${renderMarkup(shell(page))}`, status);
}

function shell({ title, language, direction, refresh, wide, children }: SmallPage): Markup {
  return (
    <html lang={language} dir={direction}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        {refresh && <meta http-equiv="refresh" content={String(refresh)} />}
        <title>{title}</title>
        <style dangerouslySetInnerHTML={{ __html: style }} />
      </head>
      <body>
        <main class={wide ? "wide" : undefined}>{children}</main>
      </body>
    </html>
  );
}
