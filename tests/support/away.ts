/**
 * A server with a real mail server and a real push service behind it, and a clock to turn.
 *
 * @module
 */
import { notify } from "@/chat/notify.ts";
import type { Message } from "@/chat/protocol.ts";
import { type OpenDatabase, select } from "@/db/database.ts";
import type { Clock } from "@/utils/clock.ts";
import { createVapidKeys } from "@/utils/vapid.ts";
import { sql } from "drizzle-orm";
import { TestClock } from "pg-boss";
import { call } from "./client.ts";
import { startPushService, type TestPushService } from "./push_service.ts";
import {
  openTestEmbedded,
  startServer,
  type TestServer,
  type TestServerOptions,
  type TestUser,
} from "./server.ts";
import { TestSmtp } from "./smtp.ts";

export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;

/** How long a test waits for the queue to come to rest before it fails. Milliseconds. */
const patience = 20_000;

/** Long enough that no token and no socket ends while a test turns the clock. */
const lasting = {
  TOKEN_TTL_SECONDS: "86400",
  HEARTBEAT_SECONDS: "3600",
  SILENCE_SECONDS: "86400",
};

/** pg-boss's clock as the server takes it, which can be set as a machine's can. */
class AwayClock implements Clock {
  #set = 0;

  constructor(private readonly clock: TestClock) {}

  now(): number {
    return this.clock.now();
  }

  elapsed(): number {
    return this.clock.now() - this.#set;
  }

  async jump(ms: number): Promise<void> {
    this.#set += ms;
    await this.clock.setTime(this.clock.now() + ms);
  }
}

/** `await using away = await startAway()`. */
export class Away {
  private constructor(
    readonly server: TestServer,
    readonly database: OpenDatabase,
    readonly smtp: TestSmtp,
    readonly push: TestPushService,
    readonly clock: TestClock,
    private readonly serverClock: AwayClock,
    readonly env: Record<string, string>,
  ) {}

  static async start(options: TestServerOptions & { at?: string } = {}): Promise<Away> {
    const { at = "2026-06-01T12:00:00Z", env, ...parts } = options;
    const database = options.database ?? await openTestEmbedded();
    const smtp = await TestSmtp.start();
    const push = startPushService();
    const vapid = createVapidKeys();
    const clock = new TestClock(at);
    const serverClock = new AwayClock(clock);
    const full = {
      ...lasting,
      SMTP_URL: smtp.url,
      EMAIL_FROM: "Parley <parley@example.com>",
      PUBLIC_URL: "https://parley.example",
      VAPID_PUBLIC_KEY: vapid.publicKey,
      VAPID_PRIVATE_KEY: vapid.privateKey,
      VAPID_SUBJECT: "mailto:operator@example.com",
      PUSH_SERVICES: push.host,
      ...env,
    };
    const server = await startServer({
      clock: serverClock,
      queueClock: clock,
      fetch: push.fetch,
      ...parts,
      database,
      env: full,
    });
    return new Away(server, database, smtp, push, clock, serverClock, full);
  }

  /** One more server, on the same services and by the same clock. */
  join(database: OpenDatabase, parts: TestServerOptions = {}): Promise<TestServer> {
    return startServer({
      clock: this.serverClock,
      queueClock: this.clock,
      fetch: this.push.fetch,
      ...parts,
      database,
      env: this.env,
    });
  }

  /** A member with an address. */
  async addUser(username: string, email: string | null = `${username}@example.com`) {
    const user = await this.server.addUser(username);
    await this.sql(sql`update users set email = ${email} where id = ${user.id}`);
    return user;
  }

  /** Sends a text as this member, over HTTP. */
  async say(from: TestUser, conversationId: string, content: string): Promise<Message> {
    const { status, body } = await this.call<{ message: Message }>(
      from,
      "POST",
      "/api/messages/send",
      { clientId: crypto.randomUUID(), conversationId, content },
    );
    if (status !== 201) throw new Error(`Not sent: ${JSON.stringify(body)}`);
    return body.message;
  }

  /** Calls the API with a token that is good at the clock's time. */
  async call<Body>(as: TestUser, method: string, path: string, body?: unknown) {
    const { token } = await this.server.tokens.sign(as.id);
    return await call<Body>(this.server, method, path, { as: { ...as, token }, body });
  }

  /** Lets time go by, and whatever is due by then happen. */
  async pass(ms: number): Promise<void> {
    await this.clock.setTime(this.clock.now() + ms);
    await this.settle();
  }

  /** Puts the machine's clock forward or back, which is not the passing of time. */
  async jump(ms: number): Promise<void> {
    await this.serverClock.jump(ms);
    await this.settle();
  }

  /** Waits until nothing is due any more, neither a notice nor a job. */
  async settle(): Promise<void> {
    const end = performance.now() + patience;
    do {
      if (performance.now() > end) throw new Error(`Something is left after ${patience} ms`);
      await notify(this.server.chat);
      await this.clock.tick(1_000);
      // The queue's own work goes on while we wait for it.
      await new Promise((resolve) => setTimeout(resolve, 5));
    } while (await this.#isAnythingDue());
  }

  /** Notices to look at, and jobs that wait for nothing but their turn, or are under way. */
  async #isAnythingDue(): Promise<boolean> {
    const now = sql`${new Date(this.clock.now()).toISOString()}::timestamptz`;
    const [row] = await this.sql<{ due: boolean }>(
      sql`select exists (
          select 1 from pgboss.job where name in ('email', 'push')
            and (state = 'active' or state < 'active' and start_after <= ${now})
        ) or exists (
          select 1 from notices where least(push_at, email_at) <= ${now}
        ) as due`,
    );
    return row?.due === true;
  }

  sql<Row>(query: ReturnType<typeof sql>): Promise<Row[]> {
    return select<Row>(this.database.db, query);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    await this.smtp.stop();
    await this.push[Symbol.asyncDispose]();
  }
}
