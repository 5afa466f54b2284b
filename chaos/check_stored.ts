import type { Violation } from "./check.ts";
import { contentOf, type Written } from "./journal.ts";
import { allKeptLines } from "./kept_lines.ts";
import { Memberships } from "./memberships.ts";
import type { Mess } from "./mess.ts";

interface Row {
  clientId: string | null;
  conversationId: string;
  seq: number;
  senderId: string;
  content: string;
}

/** Two tabs of a device hear of each other's lines within this, and keep their order then. */
const tabsMs = 2_000;

/**
 * Every message that was written is stored once, as it was written, in its order; or refused. Nobody
 * has written into a conversation, or heard of a message there, while they were out of it.
 */
export async function checkStored({ cluster, journal, members }: Mess): Promise<Violation[]> {
  const violations: Violation[] = [];
  const { sql } = cluster;
  const counts = new Map<string, number>();
  const direct = await directPairs(sql);
  const memberships = await Memberships.read(sql);
  let order = new Order();
  let conversationId = "";
  const rows = sql<Row[]>`
    select client_id as "clientId", conversation_id as "conversationId", seq,
      sender_id as "senderId", content
    from messages order by conversation_id, seq
  `.cursor(1_000);
  for await (const batch of rows) {
    for (const row of batch) {
      if (row.conversationId !== conversationId) {
        order = new Order();
        conversationId = row.conversationId;
      }
      const clientId = row.clientId ?? "";
      const message = journal.written.get(clientId);
      if (message === undefined) {
        violations.push({
          invariant: "what is stored was written",
          found: `conversation ${conversationId}, message ${row.seq} was written by nobody`,
        });
        continue;
      }
      counts.set(clientId, (counts.get(clientId) ?? 0) + 1);
      const wrong = differences(message, row, direct);
      if (wrong) {
        violations.push({
          invariant: "what is stored is what was written",
          found: wrong,
          clientId,
        });
      }
      const isFor = (userId: string) => memberships.wasIn(conversationId, userId, row.seq);
      if (!isFor(row.senderId)) {
        violations.push({
          invariant: "nobody writes where they are no member",
          found: `message ${row.seq} of ${conversationId} is by somebody who was out of it`,
          clientId,
        });
      }
      for (const userId of journal.seenBy(clientId)) {
        if (isFor(userId)) continue;
        const name = members.find(({ id }) => id === userId)?.username;
        violations.push({
          invariant: "nobody hears of what is written where they are no member",
          found: `${name} has seen message ${row.seq} of ${conversationId}`,
          clientId,
        });
      }
      const later = order.take(message);
      if (later !== undefined) {
        violations.push({
          invariant: "messages written on one device are stored in their order",
          found: `message ${row.seq} of ${conversationId} stands below ${later.n}\n` +
            `${journal.story(later.clientId)}\n  but was written before it`,
          clientId,
        });
      }
    }
  }

  const refused = new Set<string>();
  for (const { clientId, device, failure } of await allKeptLines(members)) {
    if (failure !== undefined) refused.add(clientId);
    else {
      violations.push({
        invariant: "every outbox is empty",
        found: `${device} has not sent ${clientId}`,
        clientId,
      });
    }
  }
  for (const message of journal.written.values()) {
    const { clientId, storedAt, mayBeGone, isBad } = message;
    const mayBeRefused = isBad || wasOut(message, memberships, journal.beganAt);
    const count = counts.get(clientId) ?? 0;
    const wrong = (invariant: string, found: string) =>
      violations.push({ invariant, found, clientId });
    if (count > 1) wrong("a message is stored once", `it is stored ${count} times`);
    if (storedAt !== undefined && count === 0) {
      wrong("what was acknowledged is stored", "it was acknowledged and is not stored");
    } else if (refused.has(clientId) && count > 0) {
      wrong("what is shown as refused is stored nowhere", "it is shown as refused and is stored");
    } else if (refused.has(clientId) && !mayBeRefused) {
      wrong(
        "only what is wrong is refused",
        "it is shown as refused, and nothing was wrong with it",
      );
    } else if (count === 0 && !refused.has(clientId) && !mayBeGone) {
      wrong("what was written is stored, or shown as refused", "it is neither");
    }
  }
  return violations;
}

/** Whether the writer of a message was out of its conversation then or later. */
export function wasOut(
  { authorId, to, at }: Written,
  memberships: Memberships,
  beganAt: number,
): boolean {
  return "conversationId" in to &&
    memberships.wasOutSince(to.conversationId, authorId, beganAt + at);
}

/** The two members of each direct conversation. */
async function directPairs(sql: Mess["cluster"]["sql"]): Promise<Map<string, string[]>> {
  const rows = await sql<{ id: string; members: string[] }[]>`
    select c.id, array_agg(p.user_id) as members
    from conversations c join conversation_participants p on p.conversation_id = c.id
    where c.kind = 'direct' group by c.id
  `;
  return new Map(rows.map(({ id, members }) => [id, members]));
}

function differences(
  { n, authorId, to }: Written,
  row: Row,
  direct: Map<string, string[]>,
): string | undefined {
  if (row.senderId !== authorId) return `it is stored as written by ${row.senderId}`;
  if (row.content !== contentOf(n)) return `it is stored as "${row.content.slice(0, 60)}"`;
  const isThere = "conversationId" in to
    ? to.conversationId === row.conversationId
    : direct.get(row.conversationId)?.includes(to.recipientId);
  if (!isThere) return `it is stored in ${row.conversationId}`;
}

/** Follows one conversation, by what was written where and when. */
class Order {
  /** By tab and by device, the latest message so far. */
  readonly #latest = new Map<string | number, Written>();

  /** @returns a message above this one that was written after it, if there is one */
  take(message: Written): Written | undefined {
    const { tab, device, n, at } = message;
    const ofTab = this.#latest.get(tab);
    const ofDevice = this.#latest.get(device);
    if (ofTab === undefined || ofTab.n < n) this.#latest.set(tab, message);
    if (ofDevice === undefined || ofDevice.at < at) this.#latest.set(device, message);
    if (ofTab !== undefined && ofTab.n > n) return ofTab;
    if (ofDevice !== undefined && ofDevice.at - at >= tabsMs) return ofDevice;
  }
}
