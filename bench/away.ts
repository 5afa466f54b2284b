/**
 * What notices cost the message path, and how fast they are made, looked at and mailed: members
 * online write to members who are away, with notices on and off in turn.
 *
 * @module
 */
import { Notices } from "@/chat/notices.ts";
import type { Message } from "@/chat/protocol.ts";
import { type Database, openPostgres, select } from "@/db/database.ts";
import { migrate } from "@/db/migrate.ts";
import type { TestPostgres } from "@/tests/support/postgres.ts";
import { systemClock } from "@/utils/clock.ts";
import { newId } from "@/utils/ids.ts";
import { sql } from "drizzle-orm";
import { insertDirect, insertMember, insertPairs, makePairs } from "./accounts.ts";
import { residentBytes } from "./cpu.ts";
import type { AwayOutcome, AwayPlan, Pair } from "./load/plan.ts";
import { MailSink } from "./mail_sink.ts";
import type { Options } from "./options.ts";
import { deno, runToEnd } from "./processes.ts";
import type { AwayLoad, AwayResults, AwayRound, NoticeRates } from "./results.ts";
import { postmasterPid, startParley } from "./targets.ts";

/** Short, so that notices are looked at and mailed while messages still come. */
const delaySeconds = 5;
/** How long the last mail may take after the last message. */
const mailsMs = 180_000;
/** How long a mail that comes twice is waited for. */
const repeatsMs = 3_000;
const pollMs = 50;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface Away {
  userId: string;
  conversationId: string;
  senderId: string;
}

/** Each measurement has a server of its own, on a copy of a database with all the members. */
interface Place {
  postgres: TestPostgres;
  template: string;
  pairs: Pair[];
  away: Away[];
  options: Options;
}

export async function measureAway(
  options: Options,
  postgres: TestPostgres,
  say: (what: string) => void,
): Promise<AwayResults> {
  say(`making ${options.away} members who are away`);
  const place = await prepare(options, postgres);
  const loads = [options.rate, undefined].map((rate): AwayLoad => ({ rate, on: [], off: [] }));
  const notices: NoticeRates[] = [];
  const faults: string[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    for (const load of loads) {
      for (const notices of ["on", "off"] as const) {
        say(`round ${round}: to members who are away, ${load.rate ?? "W=1"}, notices ${notices}`);
        load[notices].push(await measure(place, load.rate, notices === "on", faults));
      }
    }
    say(`round ${round}: notices alone`);
    notices.push(await measureNotices(place));
  }
  return { members: options.away, loads, notices, faults };
}

async function prepare(options: Options, postgres: TestPostgres): Promise<Place> {
  const pairs = await makePairs(options.members);
  const senders = pairs.flatMap(({ members }) => members);
  const away = Array.from({ length: options.away }, (_, n): Away => ({
    userId: newId(),
    conversationId: newId(),
    senderId: senders[n % senders.length]!.id,
  }));
  const template = await postgres.createDatabase();
  const { db, close } = await openPostgres(template, 1);
  await migrate(db);
  await db.transaction(async (tx) => {
    await insertPairs(tx, pairs);
    for (const { userId, conversationId, senderId } of away) {
      await insertMember(tx, userId, `${userId}@example.com`);
      await insertDirect(tx, conversationId, senderId, userId);
    }
  });
  await db.execute(sql`vacuum analyze users, conversations, conversation_participants`);
  await close();
  return { postgres, template, pairs, away, options };
}

async function measure(
  { postgres, template, pairs, away, options: { warmupSeconds } }: Place,
  rate: number | undefined,
  on: boolean,
  faults: string[],
): Promise<AwayRound> {
  const databaseUrl = await postgres.createDatabase(template);
  await using sink = await MailSink.start();
  const mail = {
    SMTP_URL: sink.url,
    EMAIL_FROM: "parley@example.com",
    PUBLIC_URL: "https://parley.example",
    EMAIL_DELAY_SECONDS: String(delaySeconds),
    PUSH_DELAY_SECONDS: String(delaySeconds),
  };
  const server =
    await (on
      ? startParley({ databaseUrl }, mail)
      : startParley({ databaseUrl }, {}, { program: ["bench/peers/without_notices.ts"] }));
  try {
    const plan: AwayPlan = {
      url: server.url,
      serverPid: server.pid,
      databasePid: await postmasterPid(databaseUrl),
      conversationIds: away.map((one) => one.conversationId),
      ...{ pairs, rate, warmupSeconds },
    };
    const limitMs = (warmupSeconds + away.length / (rate ?? 500)) * 1000 + 40_000;
    const answer = await runToEnd(
      deno(["--allow-all", "bench/away_load.ts"]),
      JSON.stringify(plan),
      limitMs,
    );
    const outcome: AwayOutcome = JSON.parse(answer);
    const late = performance.now() + mailsMs;
    while (on && sink.addresses < away.length && performance.now() < late) await sleep(pollMs);
    await sleep(repeatsMs);
    const { now: residentAfter, highest: residentHighest } = residentBytes(server.pid) ?? {};
    await server.stop();
    const stored = await look(databaseUrl);
    faults.push(...outcome.faults, ...findFaults(on ? away.length : 0, outcome, stored, sink));
    const { handedPerSecond } = stored;
    const mailsPerSecond = on ? sink.perSecond : undefined;
    return { ...outcome, residentAfter, residentHighest, handedPerSecond, mailsPerSecond };
  } finally {
    await server.stop();
  }
}

/** What a server left in its database. Only those who are away have an address. */
interface Stored {
  messages: number;
  notices: number;
  /** Mails that the queue was handed, and those that it is done with. */
  handed: number;
  done: number;
  /** From the first transaction that hands mails over to the last, which is not counted. */
  handedPerSecond: number | undefined;
}

async function look(databaseUrl: string): Promise<Stored> {
  const { db, close } = await openPostgres(databaseUrl, 1);
  const [counts] = await select<Pick<Stored, "messages" | "notices">>(
    db,
    sql`select (select count(*)::int from messages) as messages,
      (select count(*)::int from notices n join users u on u.id = n.user_id
        where u.email is not null) as notices`,
  );
  const jobs = await hasQueue(db) ? await lookAtJobs(db) : noJobs;
  await close();
  return { ...counts!, ...jobs };
}

const noJobs = { handed: 0, done: 0, handedPerSecond: undefined };

async function hasQueue(db: Database): Promise<boolean> {
  const [row] = await select<{ there: boolean }>(
    db,
    sql`select to_regclass('pgboss.job') is not null as there`,
  );
  return row?.there === true;
}

async function lookAtJobs(db: Database): Promise<Omit<Stored, "messages" | "notices">> {
  const [row] = await select<Omit<Stored, "messages" | "notices">>(
    db,
    sql`with parts as (
        select created_on, count(*) as handed, count(*) filter (where state = 'completed') as done
        from pgboss.job where name = 'email' group by created_on
      )
      select coalesce(sum(handed), 0)::int as handed, coalesce(sum(done), 0)::int as done,
        (sum(handed) filter (where created_on < (select max(created_on) from parts))
          / extract(epoch from max(created_on) - min(created_on)))::float8 as "handedPerSecond"
      from parts`,
  );
  return row ?? noJobs;
}

/** @param expected how many are to be told, each by one mail */
function findFaults(
  expected: number,
  { acknowledged }: AwayOutcome,
  { messages, notices, handed, done }: Stored,
  { addresses, repeats }: MailSink,
): string[] {
  return [
    acknowledged !== messages && `${acknowledged} messages acknowledged, ${messages} stored`,
    notices !== expected && `${notices} notices for ${expected} members`,
    handed !== expected && `${handed} mails in the queue for ${expected} members`,
    done !== handed && `${done} mails done of ${handed} in the queue`,
    addresses !== expected && `Mail came to ${addresses} of ${expected} members`,
    repeats > 0 && `${repeats} mails came again`,
  ].filter((fault) => fault !== false);
}

/** Noting a message for each member, and writing all their notices at once, with no server beside. */
async function measureNotices({ postgres, template, away }: Place): Promise<NoticeRates> {
  const { db, close } = await openPostgres(await postgres.createDatabase(template), 1);
  const defaults = {
    email: true,
    emailDelaySeconds: delaySeconds,
    pushDelaySeconds: delaySeconds,
    activeSeconds: 0,
    canEmail: true,
  };
  const notices = new Notices(
    { background: db, unhurried: db },
    systemClock,
    defaults,
    () => false,
  );
  const started = performance.now();
  for (const { conversationId, senderId, userId } of away) {
    notices.add({ conversationId, senderId } as Message, [senderId, userId]);
  }
  const noted = performance.now();
  await notices.flush();
  const flushed = performance.now();
  await close();
  return {
    microsecondsToNote: (noted - started) * 1000 / away.length,
    madePerSecond: away.length / (flushed - noted) * 1000,
  };
}
