/**
 * What a member does with a page besides writing, and how often compared to the rest.
 *
 * @module
 */
import type { Member } from "./member.ts";
import type { Random } from "./random.ts";
import type { Tab } from "./tab.ts";
import { until } from "./waiting.ts";

/** After this long nobody waits for a conversation that they have opened. */
const loadingMs = 5_000;
/** Whoever is in so many groups begins no further one, or a long run would be all lists. */
const groupsMost = 10;

const weights = {
  open: 30,
  read: 24,
  type: 12,
  older: 10,
  newer: 6,
  jump: 4,
  end: 6,
  list: 4,
  search: 2,
  begin: 5,
  group: 1,
  add: 3,
  remove: 3,
  leave: 0.5,
};

/** Does one thing or another. */
export function doSomething(member: Member, tab: Tab, random: Random): void {
  const { chat, conversations, messages, router, typing } = tab.code;
  const open = chat.chat.value.held.get(messages.openId.value ?? "");
  const doing = random.weighted(weights);
  switch (doing) {
    case "open": {
      const next = random.pick(conversations.conversations.value);
      if (!next) return;
      router.navigate(`/messages/${next.id}`);
      // Whoever opens a conversation reads it, once it is there.
      const isThere = () => !!chat.chat.value.held.get(next.id)?.window;
      return void until(isThere, loadingMs).then(() => tab.read());
    }
    case "read":
      return tab.read();
    case "type":
      if (open) typing.typed(open.view.id);
      return;
    case "older":
      return void messages.loadOlder();
    case "newer":
      return void messages.loadNewer();
    case "jump":
      if (open) messages.jumpTo(random.whole(1, Math.max(1, open.view.lastSeq)));
      return;
    case "end":
      return void messages.jumpToEnd().then(() => tab.read());
    case "list":
      return void conversations.loadInbox();
    case "search":
      return conversations.search(random.chance(0.5) ? "member1" : "");
    case "begin":
      if (!tab.hasPatience) return;
      return begin(member, tab, random);
    case "group":
      if (groupsOf(tab).length < groupsMost) beginGroup(member, tab, random);
      return;
    case "add":
    case "remove":
    case "leave":
      return changeGroup(doing, member, tab, random);
  }
}

/** Writes first to somebody, a few messages at once; now and then to nobody there is. */
export function begin(member: Member, tab: Tab, random: Random): void {
  const isBad = random.chance(0.05);
  const recipientId = isBad ? crypto.randomUUID() : random.pick(member.others);
  if (recipientId === undefined) return;
  tab.code.router.navigate(`/messages?to=${recipientId}`);
  // Where the page knows of a conversation, it goes on in that.
  const known = tab.code.conversations.conversationWith(recipientId);
  if (known) tab.code.router.navigate(`/messages/${known.id}`);
  const to = known ? { conversationId: known.id } : { recipientId };
  const count = random.whole(1, 3);
  for (let n = 0; n < count; n++) tab.write(to, isBad);
}

/** Begins a group with some of the others. */
export function beginGroup({ username, others }: Member, tab: Tab, random: Random): void {
  const participantIds = [...new Set([1, 2, 3, 4].map(() => random.pick(others)))];
  const title = `Group of ${username}`;
  call(tab, "POST", "", { kind: "group", title, participantIds });
}

/** Brings somebody into a group, takes somebody out of one, or leaves one. */
function changeGroup(
  how: "add" | "remove" | "leave",
  { id, others }: Member,
  tab: Tab,
  random: Random,
): void {
  const groups = groupsOf(tab);
  if (how === "leave") {
    const group = random.pick(groups);
    if (group) call(tab, "DELETE", `/${group.id}/members/${id}`);
    return;
  }
  // Who may neither add nor remove is not shown how.
  const group = random.pick(
    groups.filter(({ participants }) =>
      participants.some(({ userId, role }) => userId === id && role !== "member")
    ),
  );
  if (!group) return;
  const isIn = (userId: string) => group.participants.some((one) => one.userId === userId);
  const userId = random.pick(others.filter((one) => isIn(one) === (how === "remove")));
  if (userId === undefined) return;
  if (how === "remove") call(tab, "DELETE", `/${group.id}/members/${userId}`);
  else call(tab, "POST", `/${group.id}/members`, { userIds: [userId] });
}

function groupsOf({ code }: Tab) {
  return [...code.chat.chat.value.held.values()].map(({ view }) => view)
    .filter((view) => view.kind === "group");
}

/** Like any call it may fail when something is away; then nothing has changed, or it has. */
function call({ code }: Tab, method: string, path: string, body?: unknown): void {
  code.session.call(method, `/api/messages/conversations${path}`, body).catch(() => {});
}
