import type { Chat } from "@/chat/chat.ts";
import { languageOf, type Words } from "@/chat/email/words.ts";
import { spend } from "@/chat/rates.ts";
import {
  readUnsubscribeLink,
  setMail,
  type UnsubscribeLink,
  unsubscribeLocale,
} from "@/chat/unsubscribe.ts";
import type { Children } from "@/utils/markup.ts";
import type { Context, Hono } from "hono";
import { clientAddress } from "./address.ts";
import { readBody } from "./body.ts";
import { firstLanguage } from "./language.ts";
import { smallPage } from "./small_page.tsx";

const bodyBytes = 4_096;

/**
 * Stopping mail by the link in it, without a login. GET only asks, since mail scanners follow
 * links; POST does it, for the page's own form and for a mail program's button (RFC 8058).
 */
export function unsubscribeRoutes(app: Hono, chat: Chat): void {
  app.get("/unsubscribe", async (c) => {
    const link = await openLink(c, chat);
    return await answer(c, chat, link, (words, link) => (
      <>
        <h1>{words.stopTitle}</h1>
        <p>{words.stopQuestion}</p>
        <form method="post">
          {link.conversationId !== null && (
            <button type="submit" name="scope" value="conversation" class="first">
              {words.stopConversation}
            </button>
          )}
          <button
            type="submit"
            name="scope"
            value="all"
            class={link.conversationId === null ? "first" : undefined}
          >
            {words.stopAll}
          </button>
        </form>
      </>
    ));
  });

  app.post("/unsubscribe", async (c) => {
    const form = await readForm(c);
    const link = await openLink(c, chat);
    const wanted = form?.get("wanted") === "true";
    const all = form?.get("scope") === "all" || link?.conversationId === null;
    if (link) await setMail(chat, all ? { ...link, conversationId: null } : link, wanted);
    return await answer(c, chat, link, (words) => (
      <>
        <h1>{words.stopTitle}</h1>
        <p role="status">{outcome(words, all, wanted)}</p>
        <form method="post">
          <input type="hidden" name="wanted" value={String(!wanted)} />
          <button type="submit" name="scope" value={all ? "all" : "conversation"}>
            {wanted ? all ? words.stopAll : words.stopConversation : words.undo}
          </button>
        </form>
        {!all && !wanted && (
          <form method="post">
            <button type="submit" name="scope" value="all">{words.stopAll}</button>
          </form>
        )}
      </>
    ));
  });
}

/** A mail program's body says nothing that we need to know, and may be none that one can read. */
async function readForm(c: Context): Promise<FormData | undefined> {
  const contentType = c.req.header("content-type") ?? "";
  const body = new Response(await readBody(c, bodyBytes), {
    headers: { "content-type": contentType },
  });
  return await body.formData().catch(() => undefined);
}

/** The link that a request is made by; undefined if it is none of ours. */
async function openLink(c: Context, chat: Chat): Promise<UnsubscribeLink | undefined> {
  await spend(chat, "link", { address: clientAddress(c) });
  return await readUnsubscribeLink(chat, c.req.query("token") ?? "");
}

/** A page in the member's language, or, where the link does not tell whose, the browser's. */
async function answer(
  c: Context,
  chat: Chat,
  link: UnsubscribeLink | undefined,
  content: (words: Words, link: UnsubscribeLink) => Children,
): Promise<Response> {
  const locale = link ? await unsubscribeLocale(chat, link) : null;
  const { tag, words } = languageOf(locale ?? firstLanguage(c));
  const page = { language: tag, direction: words.direction };
  if (link) {
    return await smallPage(c, { ...page, title: words.stopTitle, children: content(words, link) });
  }
  const children = (
    <>
      <h1>{words.badLink}</h1>
      <p>{words.badLinkHint}</p>
    </>
  );
  return await smallPage(c, { ...page, title: words.badLink, children }, 400);
}

function outcome(words: Words, all: boolean, wanted: boolean): string {
  if (wanted) return all ? words.resumedAll : words.resumedConversation;
  return all ? words.stoppedAll : words.stoppedConversation;
}
