import { openPostgres } from "@/db/database.ts";
import { migrate } from "@/db/migrate.ts";
import { insertUser } from "@/db/users.ts";
import type { TestPostgres } from "@/tests/support/postgres.ts";
import { newId } from "@/utils/ids.ts";
import { sql } from "drizzle-orm";
import { hashPassword } from "@/utils/password.ts";
import { insertDirect, insertMember, makeAccounts } from "./accounts.ts";
import type { PartResult } from "./comparison.ts";
import type { Account } from "./load/plan.ts";
import { MailSink } from "./mail_sink.ts";
import type { Options } from "./options.ts";
import { median } from "./results.ts";
import { startParley } from "./targets.ts";

/** Times that each question is asked in a round, about what exists and about what does not. */
const tries = 40;
const warmups = 3;
/** Accounts that exist, and conversations of others. */
const things = 50;

/** A question of a stranger; `exists` says whether it is about something that there is. */
type Question = (exists: boolean, turn: number) => Promise<void>;

/**
 * Whether the time of an answer tells a stranger that something exists. Each is asked in turn with
 * the same about nothing, in an order that is drawn: if time tells nothing, each is the slower one
 * in half of the tries, give or take a few: one standard deviation of a round is 8 %. The mails that
 * registrations cause are written meanwhile, as they would be.
 */
export async function measureTells(
  { rounds }: Options,
  postgres: TestPostgres,
  say: (what: string) => void,
): Promise<PartResult> {
  await using sink = await MailSink.start();
  const databaseUrl = await postgres.createDatabase();
  const { stranger, conversationIds } = await prepare(databaseUrl);
  const server = await startParley({ databaseUrl }, {
    SMTP_URL: sink.url,
    EMAIL_FROM: "parley@example.com",
    PUBLIC_URL: "https://parley.example",
    LOCAL_ACCOUNTS: "true",
  });
  const questions = questionsOf(server.url, stranger, conversationIds);
  const found = Object.entries(questions).map(([what, ask]) => ({
    what,
    ask,
    ofSome: [] as number[],
    ofNone: [] as number[],
    slower: [] as number[],
  }));
  for (let round = 1; round <= rounds; round++) {
    for (const { what, ask, ofSome, ofNone, slower } of found) {
      say(`round ${round}: ${what}`);
      const pairs = await askInPairs(ask);
      ofSome.push(median(pairs.map(([some]) => some)));
      ofNone.push(median(pairs.map(([, none]) => none)));
      slower.push(pairs.filter(([some, none]) => some > none).length / pairs.length * 100);
    }
  }
  await server.stop();
  return {
    comparisons: found.flatMap(({ what, ofSome, ofNone, slower }) => [
      { what, unit: "ms", values: ofSome, beside: { name: "of nothing", values: ofNone } },
      { what: `${what}: the slower one of two`, unit: "%", values: slower },
    ]),
    faults: [],
  };
}

/** Members with accounts of their own, and conversations that are not the stranger's. */
async function prepare(
  databaseUrl: string,
): Promise<{ stranger: Account; conversationIds: string[] }> {
  const { db, close } = await openPostgres(databaseUrl, 1);
  await migrate(db);
  const [stranger, ana] = await makeAccounts(2) as [Account, Account];
  for (const { id } of [stranger, ana]) await insertMember(db, id);
  const passwordHash = await hashPassword("what nobody here tries");
  const conversationIds: string[] = [];
  for (let n = 0; n < things; n++) {
    const username = `known${n}`;
    const email = `${username}@example.com`;
    await insertUser(db, { id: newId(), username, displayName: username, email, passwordHash });
    const other = newId();
    await insertMember(db, other);
    conversationIds.push(newId());
    await insertDirect(db, conversationIds[n]!, ana.id, other);
  }
  await db.execute(sql`
    insert into messages (id, conversation_id, seq, rev, sender_id, type, content, created_at)
    select gen_random_uuid(), c.id, n, n, ${ana.id}, 'text', 'what strangers do not read', now()
    from conversations c, generate_series(1, 100) n`);
  await db.execute(sql`update conversations set last_seq = 100, rev = 100`);
  await close();
  return { stranger, conversationIds };
}

function questionsOf(
  url: string,
  { token }: Account,
  conversationIds: string[],
): Record<string, Question> {
  const post = async (path: string, body: unknown, expected: number) => {
    const answer = await fetch(`${url}/api/auth/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    await expect(answer, expected);
  };
  const get = async (path: string) => {
    const headers = { authorization: `Bearer ${token}` };
    await expect(await fetch(`${url}/api/messages/${path}`, { headers }), 404);
  };
  /** Names of as many letters, each tried as often. */
  const nameOf = (exists: boolean, turn: number) => `${exists ? "known" : "nobod"}${turn % things}`;
  const addressOf = (exists: boolean, turn: number) => `${nameOf(exists, turn)}@example.com`;
  const nowhere = conversationIds.map(() => newId());
  const idOf = (exists: boolean, turn: number) =>
    (exists ? conversationIds : nowhere)[turn % things]!;
  const password = "what is not right";
  let accounts = 0;
  return {
    "login by a username": (exists, turn) =>
      post("login", { login: nameOf(exists, turn), password }, 401),
    "login by an address": (exists, turn) =>
      post("login", { login: addressOf(exists, turn), password }, 401),
    "registration with an address": (exists, turn) => {
      const username = `new${accounts++}`;
      const email = addressOf(exists, turn);
      return post("register", { username, displayName: "New", email, password }, 201);
    },
    "a conversation of others": (exists, turn) => get(`conversations/${idOf(exists, turn)}`),
    "its messages": (exists, turn) => get(`${idOf(exists, turn)}/messages`),
  };
}

async function expect(answer: Response, status: number): Promise<void> {
  const text = await answer.text();
  if (answer.status !== status) throw new Error(`${answer.url}: ${answer.status} ${text}`);
}

/** @returns milliseconds: of what exists, and of what does not */
async function askInPairs(ask: Question): Promise<[some: number, none: number][]> {
  const time = async (exists: boolean, turn: number) => {
    const started = performance.now();
    await ask(exists, turn);
    return performance.now() - started;
  };
  const pairs: [number, number][] = [];
  for (let turn = -warmups; turn < tries; turn++) {
    const at = turn + warmups;
    let some, none;
    if (Math.random() < 0.5) {
      some = await time(true, at);
      none = await time(false, at);
    } else {
      none = await time(false, at);
      some = await time(true, at);
    }
    if (turn >= 0) pairs.push([some, none]);
  }
  return pairs;
}
