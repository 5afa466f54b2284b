import { limits, type SyncResult } from "@/chat/protocol.ts";
import { openPostgres, select } from "@/db/database.ts";
import { migrate } from "@/db/migrate.ts";
import type { TestPostgres } from "@/tests/support/postgres.ts";
import { sql } from "drizzle-orm";
import { insertMember, makeAccounts } from "./accounts.ts";
import type { PartResult } from "./comparison.ts";
import { insertHistory } from "./history_rows.ts";
import type { Account } from "./load/plan.ts";
import type { Options } from "./options.ts";
import type { Running } from "./processes.ts";
import { median } from "./results.ts";
import { startParley } from "./targets.ts";

/** Times that each thing is asked in a round; the figure is the median. */
const repeats = 30;
const warmups = 5;
/** Of the reader. */
const conversations = 1_000;
/** How many times smaller the database is beside which the large one is measured. */
const smaller = 100;

/**
 * What a member with a long past asks for, on a large database and on a small one in turn: nothing
 * of it may cost more because there is more of it.
 */
export async function measureHistory(
  { history, rounds }: Options,
  postgres: TestPostgres,
  say: (what: string) => void,
): Promise<PartResult> {
  const large = await openSite(postgres, { conversations, messages: history }, say);
  const small = await openSite(postgres, { conversations, messages: history / smaller }, say);
  const questions = Object.keys(large.questions);
  const found = questions.map((what) => ({ what, large: [] as number[], small: [] as number[] }));
  for (let round = 1; round <= rounds; round++) {
    say(`round ${round}: history`);
    for (const { what, large: ofLarge, small: ofSmall } of found) {
      const [one, other] = await askInTurn([large.questions[what]!, small.questions[what]!]);
      ofLarge.push(one!);
      ofSmall.push(other!);
    }
  }
  await Promise.all([large.server.stop(), small.server.stop()]);
  return {
    comparisons: found.map(({ what, large, small }) => ({
      what: `${what}, ${history.toLocaleString("en")} messages`,
      unit: "ms",
      values: large,
      beside: { name: `a ${smaller}th`, values: small },
      aim: { is: "at most", bound: 1.5 },
    })),
    faults: [],
  };
}

/** A server on a database of its own, and what its reader asks. */
export interface Site {
  server: Running;
  questions: Record<string, () => Promise<unknown>>;
}

export async function openSite(
  postgres: TestPostgres,
  size: { conversations: number; messages: number },
  say: (what: string) => void,
): Promise<Site> {
  const databaseUrl = await postgres.createDatabase();
  const { db, close } = await openPostgres(databaseUrl, 1);
  await migrate(db);
  const [reader] = await makeAccounts(1) as [Account];
  await insertMember(db, reader.id);
  const longId = await insertHistory(databaseUrl, reader.id, size, say);
  const heads = await select<Held>(
    db,
    sql`select c.id, c.rev, c.marks_rev as "marksRev", c.last_message_at as at
      from conversations c join conversation_participants p on p.conversation_id = c.id
      where p.user_id = ${reader.id} order by c.last_message_at desc limit ${limits.syncHeads}`,
  );
  await close();
  const server = await startParley({ databaseUrl });
  return { server, questions: questionsOf(server.url, reader.token, longId, size.messages, heads) };
}

interface Held {
  id: string;
  rev: number;
  marksRev: number;
  at: Date;
}

function questionsOf(
  url: string,
  token: string,
  longId: string,
  messages: number,
  held: Held[],
): Site["questions"] {
  const ask = async (path: string, body?: unknown) => {
    const response = await fetch(`${url}/api/messages/${path}`, {
      method: body ? "POST" : "GET",
      headers: { "authorization": `Bearer ${token}`, "content-type": "application/json" },
      ...body ? { body: JSON.stringify(body) } : {},
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return await response.json();
  };
  /** Half of what each conversation has is from the last of the two years. */
  const syncFromAYearAgo = async () => {
    const heads = Object.fromEntries(
      held.map(({ id, rev, marksRev }) => [id, { rev: Math.floor(rev / 2), marksRev }]),
    );
    const since = new Date(held.at(-1)!.at).toISOString();
    for (;;) {
      const result: SyncResult = await ask("sync", { heads, since });
      for (const { conversation: { id, rev, marksRev } } of result.conversations) {
        if (heads[id]) heads[id] = { rev, marksRev };
      }
      if (result.complete) return;
    }
  };
  return {
    "conversation list": () => ask("conversations"),
    "first page": () => ask(`${longId}/messages?after=0`),
    "middle page": () => ask(`${longId}/messages?around=${Math.floor(messages / 2)}`),
    "last page": () => ask(`${longId}/messages`),
    "sync after a year": syncFromAYearAgo,
  };
}

/** Asks one after the other, again and again. @returns milliseconds of each, medians */
export async function askInTurn(questions: (() => Promise<unknown>)[]): Promise<number[]> {
  const times = questions.map((): number[] => []);
  for (let n = -warmups; n < repeats; n++) {
    for (const [at, question] of questions.entries()) {
      const started = performance.now();
      await question();
      if (n >= 0) times[at]!.push(performance.now() - started);
    }
  }
  return times.map(median);
}
