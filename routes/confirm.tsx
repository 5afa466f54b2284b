import type { Chat } from "@/chat/chat.ts";
import { type Confirmation, confirmEmail, readConfirmation } from "@/chat/email_address.ts";
import { fill, languageOf } from "@/chat/email/words.ts";
import { spend } from "@/chat/rates.ts";
import type { Context, Hono } from "hono";
import { clientAddress } from "./address.ts";
import { firstLanguage } from "./language.ts";
import { smallPage } from "./small_page.tsx";

/**
 * Confirming an address by the link in a mail, without a login. GET only asks, since mail scanners
 * follow links; POST does it.
 */
export function confirmRoutes(app: Hono, chat: Chat): void {
  app.get("/confirm", async (c) => {
    await spend(chat, "link", { address: clientAddress(c) });
    return await answer(c, await readConfirmation(chat, c.req.query("token") ?? ""));
  });

  app.post("/confirm", async (c) => {
    await spend(chat, "link", { address: clientAddress(c) });
    return await answer(c, await confirmEmail(chat, c.req.query("token") ?? ""));
  });
}

/** A page in the member's language, or, where the link does not tell whose, the browser's. */
function answer(c: Context, found: Confirmation | undefined): Response | Promise<Response> {
  const { tag, words } = languageOf(found?.locale ?? firstLanguage(c));
  const page = { language: tag, direction: words.direction };
  const toMessages = (
    <p>
      <a href="/messages">{words.openMessages}</a>
    </p>
  );
  if (!found || found.state === "ended") {
    const children = (
      <>
        <h1>{words.linkEnded}</h1>
        <p>{words.linkEndedHint}</p>
        {toMessages}
      </>
    );
    return smallPage(c, { ...page, title: words.linkEnded, children }, 400);
  }
  const { state, address, username } = found;
  if (state === "confirmed") {
    const children = (
      <>
        <h1>{words.confirmedTitle}</h1>
        <p role="status">{fill(words.confirmedText, { address })}</p>
        {toMessages}
      </>
    );
    return smallPage(c, { ...page, title: words.confirmedTitle, children });
  }
  const children = (
    <>
      <h1>{words.confirmTitle}</h1>
      <p>{fill(words.confirmQuestion, { address, username })}</p>
      <form method="post">
        <button type="submit" class="first">{words.confirm}</button>
      </form>
    </>
  );
  return smallPage(c, { ...page, title: words.confirmTitle, children });
}
