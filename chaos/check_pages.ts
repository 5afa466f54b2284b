import type { Conversation, HistoryResult, Message } from "@/chat/protocol.ts";
import type { Violation } from "./check.ts";
import type { Member } from "./member.ts";
import type { Mess } from "./mess.ts";
import type { Tab } from "./tab.ts";
import { until } from "./waiting.ts";

const openMs = 60_000;
/** Messages that are read again over HTTP, of each conversation its latest ones first. */
const walkedMost = 20_000;

const invariant = "every page shows what a fresh page shows";

/**
 * Every page of every member holds what a page does that they open now, on a new device.
 *
 * @param settleMs how long pages may take until they do; more than the minute after which they sync
 */
export async function checkPages(mess: Mess, settleMs = 90_000): Promise<Violation[]> {
  const violations: Violation[] = [];
  let walked = 0;
  const end = performance.now() + settleMs;
  for (const member of mess.members) {
    const device = member.addDevice(0);
    const fresh = member.open(device);
    const others = member.tabs.filter((tab) => tab !== fresh);
    try {
      const isOpen = await until(async () => {
        await member.signIn(fresh);
        return fresh.isUp;
      }, openMs);
      if (!isOpen) {
        violations.push({ invariant, found: `a fresh page of ${member.username} does not open` });
        continue;
      }
      let found: string[] = [];
      const isSettled = async () => {
        await Promise.all([fresh, ...others].map(loadList));
        found = others.flatMap((tab) => [...differences(tab, fresh), ...wronglyAway(tab)]);
        found.push(...wronglyAway(fresh));
        return found.length === 0;
      };
      await until(isSettled, Math.max(1_000, end - performance.now()), 500);
      for (const tab of others) found.push(...await checkWindows(mess, member, tab));
      if (walked < walkedMost) {
        const { count, wrong } = await walkHistory(mess, member, fresh, walkedMost - walked);
        walked += count;
        found.push(...wrong);
      }
      violations.push(...found.map((one) => ({ invariant, found: one })));
    } finally {
      member.close(device, fresh);
      member.devices.delete(device);
    }
  }
  return violations;
}

/** Ends a search, and scrolls the list of conversations to its end. */
async function loadList({ code }: Tab): Promise<void> {
  code.conversations.search("");
  for (let page = 0; page < 100 && code.conversations.hasMore.value; page++) {
    await code.conversations.loadInbox();
  }
}

function differences(tab: Tab, fresh: Tab): string[] {
  const found: string[] = [];
  const where = `${tab.device.name}, tab ${tab.number}`;
  const compare = (what: string, here: unknown, there: unknown) => {
    const [one, other] = [JSON.stringify(here), JSON.stringify(there)];
    if (one !== other) found.push(`${where}: ${what} is ${one}, and on a fresh page ${other}`);
  };
  const [here, there] = [tab.code, fresh.code];
  compare(
    "unread in all",
    here.conversations.unreadTotal.value,
    there.conversations.unreadTotal.value,
  );
  const ids = (code: typeof here) => code.conversations.conversations.value.map(({ id }) => id);
  compare("the list", ids(here), ids(there));
  for (const { view } of there.chat.chat.value.held.values()) {
    const mine = here.chat.chat.value.held.get(view.id);
    if (mine === undefined) continue;
    const [one, other] = [shown(mine.view), shown(view)];
    for (const key of Object.keys(other)) {
      compare(`${key} of ${view.id}`, one[key], other[key]);
    }
  }
  return found;
}

/** Members whom a page takes to be away: when all is calm, nobody is. */
function wronglyAway({ code, device, number }: Tab): string[] {
  const { held, presence, selfId } = code.chat.chat.value;
  // A first message that is not written yet makes nobody known to anyone.
  const views = [...held.values()].map(({ view }) => view)
    .filter(({ kind, lastSeq }) => kind === "group" || lastSeq > 0);
  const away = views.flatMap(({ participants }) => participants)
    .filter(({ userId }) => userId !== selfId && !presence.get(userId)?.online)
    .map(({ username }) => `${device.name}, tab ${number}: ${username} seems to be away`);
  return [...new Set(away)];
}

/** A conversation without what `presence` has as well, and newer: who is online. */
function shown(view: Conversation): Record<string, unknown> {
  const participants = view.participants.map(({ online: _, lastSeenAt: __, ...rest }) => rest);
  return { ...view, participants };
}

/** What a page holds of messages is what the database has for its member, without a hole. */
async function checkWindows(
  { cluster: { sql } }: Mess,
  { id: userId }: Member,
  tab: Tab,
): Promise<string[]> {
  const found: string[] = [];
  for (const { view, window } of tab.code.chat.chat.value.held.values()) {
    if (window === null) continue;
    const wrong = (what: string) =>
      found.push(`${tab.device.name}, tab ${tab.number}: in ${view.id} ${what}`);
    const [member] = await sql<{ joinedSeq: number }[]>`
      select joined_seq as "joinedSeq" from conversation_participants
      where conversation_id = ${view.id} and user_id = ${userId}
    `;
    const joinedSeq = member?.joinedSeq ?? 0;
    const first = window.messages[0]?.seq ?? joinedSeq;
    const last = window.messages.at(-1)?.seq ?? joinedSeq;
    if (!window.hasAfter && last !== view.lastSeq) {
      wrong(`the end of what is held, ${last}, is not the last message, ${view.lastSeq}`);
    }
    const rows = await sql<{ id: string; seq: number; rev: number; content: string }[]>`
      select id, seq, rev, content from messages
      where conversation_id = ${view.id} and seq between ${first} and ${last}
        and seq > ${joinedSeq}
      order by seq
    `;
    const told = (list: readonly { id: string; seq: number; rev: number; content: string }[]) =>
      list.map(({ id, seq, rev, content }) => `${seq} ${rev} ${id} ${content}`);
    const [here, stored] = [told(window.messages), told(rows)];
    const differs = here.findIndex((one, n) => one !== stored[n]);
    if (differs >= 0 || here.length !== stored.length) {
      const at = differs >= 0 ? differs : here.length;
      wrong(`stands "${here[at]?.slice(0, 99)}" where "${stored[at]?.slice(0, 99)}" is stored`);
    }
  }
  return found;
}

/** Reads conversations to where they begin for a member over HTTP. */
async function walkHistory(
  { cluster: { sql } }: Mess,
  { id: userId, username }: Member,
  { code }: Tab,
  most: number,
): Promise<{ count: number; wrong: string[] }> {
  let count = 0;
  const wrong: string[] = [];
  for (const { id, lastSeq } of code.conversations.conversations.value) {
    let before = lastSeq + 1;
    while (before > 1 && count < most) {
      const path = `/api/messages/${id}/messages?limit=100&before=${before}`;
      const { messages } = await code.session.call<HistoryResult>("GET", path);
      const rows = await sql<{ id: string }[]>`
        select id from messages where conversation_id = ${id} and seq < ${before}
          and seq > (
            select joined_seq from conversation_participants
            where conversation_id = ${id} and user_id = ${userId}
          )
        order by seq desc limit 100
      `;
      const ids = messages.map((message: Message) => message.id).toReversed();
      if (JSON.stringify(ids) !== JSON.stringify(rows.map((row) => row.id))) {
        wrong.push(`${username} reads other messages of ${id} before ${before} than are stored`);
      }
      if (messages.length === 0) break;
      count += messages.length;
      before = (messages[0] as Message).seq;
    }
  }
  return { count, wrong };
}
