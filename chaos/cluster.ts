/**
 * Two server processes on one Postgres, and what befalls them.
 *
 * @module
 */
import postgres from "postgres";
import { type OwnPostgres, startPostgres } from "@/tests/support/postgres.ts";
import { freePort } from "@/tests/support/postgres_server.ts";
import { type Program, startProgram } from "@/tests/support/process.ts";
import { noteMemberships } from "./memberships.ts";
import { sleep } from "./waiting.ts";

/** A log line of a server. */
interface LogLine {
  level: string;
  message: string;
  error?: string;
}

/** How often clients ping, and when the servers close a silent socket. Seconds. */
export const heartbeatSeconds = 5;
const silenceSeconds = 20;
/** Short, so that tokens are renewed all the time. */
const tokenSeconds = 60;

const startTries = 30;

/** A database that does not answer within this has no connections to cut. */
const terminateMs = 5_000;

export class Cluster {
  readonly ports: number[] = [freePort(), freePort()];
  /** What servers that have ended should not have said. */
  readonly #complaints: string[] = [];
  #programs: (Program | undefined)[] = [];
  #isOpen = true;
  /** One disturbance of a server at a time. */
  readonly #busy = [Promise.resolve(), Promise.resolve()];

  private constructor(
    private readonly postgres: OwnPostgres,
    /** The servers' database. */
    readonly databaseUrl: string,
    /** Ours, to look at what is stored. */
    readonly sql: postgres.Sql,
  ) {}

  static async open(): Promise<Cluster> {
    const own = await startPostgres();
    const url = await own.createDatabase();
    const sql = postgres(url, {
      max: 2,
      onnotice: () => {},
      connection: { application_name: "chaos" },
    });
    const cluster = new Cluster(own, url, sql);
    // One after the other, so that the first one makes the tables.
    await cluster.#start(0);
    await noteMemberships(sql);
    await cluster.#start(1);
    return cluster;
  }

  /** Ends a server as a power failure would, and starts it again. */
  kill(n: number): Promise<void> {
    return this.#alone(n, async () => {
      this.#programs[n]?.kill("SIGKILL");
      await this.#programs[n]?.exited;
      await this.#start(n);
    });
  }

  /** Replaces one server after the other, as a new version would be rolled out. */
  async roll(): Promise<void> {
    for (const n of this.ports.keys()) {
      await this.#alone(n, async () => {
        this.#programs[n]?.kill("SIGTERM");
        const code = await this.#programs[n]?.exited;
        if (code !== 0) this.#complaints.push(`A server that was told to stop ended with ${code}`);
        await this.#start(n);
      });
    }
  }

  /**
   * Ends Postgres at once, as a crash, and starts it again. A crash has it forget what autovacuum
   * goes by, which would never come at one crash a minute: so it is done here.
   */
  async restartPostgres(): Promise<void> {
    await this.postgres.restart("immediate");
    await this.sql`vacuum (analyze)`;
  }

  /** Cuts the servers' ears: what is told between them is lost until they listen again. */
  async deafen(): Promise<void> {
    await this.#terminate("query ilike 'listen%'");
  }

  /** Cuts some of the servers' connections to the database, whatever they are at. */
  async cutDatabase(): Promise<void> {
    await this.#terminate("random() < 0.5");
  }

  /** What the servers have said so far that they should not have. */
  complaints(): string[] {
    return [...this.#complaints, ...this.#programs.flatMap((one) => one ? complaintsOf(one) : [])];
  }

  /** Resolves when both servers are up. */
  async settled(): Promise<void> {
    await Promise.all(this.#busy);
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#busy);
    this.#isOpen = false;
    for (const program of this.#programs) program?.kill("SIGTERM");
    for (const program of this.#programs) await program?.exited;
    await this.sql.end({ timeout: 2 });
    await this.postgres.stop();
  }

  #alone(n: number, task: () => Promise<void>): Promise<void> {
    return this.#busy[n] = (this.#busy[n] as Promise<void>).then(task);
  }

  async #start(n: number): Promise<void> {
    for (let tries = 1; this.#isOpen; tries++) {
      const program = startProgram("start", {
        PORT: String(this.ports[n]),
        DATABASE_URL: this.databaseUrl,
        JWT_SECRET: "a secret for the chaos run, long enough to be taken",
        RATE_LIMIT_SCALE: "1000",
        HEARTBEAT_SECONDS: String(heartbeatSeconds),
        SILENCE_SECONDS: String(silenceSeconds),
        TOKEN_TTL_SECONDS: String(tokenSeconds),
      });
      this.#programs[n] = program;
      const ended = program.exited.then(() => {
        this.#complaints.push(...complaintsOf(program));
        if (this.#programs[n] === program) this.#programs[n] = undefined;
      });
      try {
        await program.ready;
        return;
      } catch (error) {
        await ended;
        // The database was away; whoever runs a server starts it again, though not for ever.
        if (tries === startTries) throw error;
      }
    }
  }

  /** By a connection of its own: the database may be away at this very moment. */
  async #terminate(which: string): Promise<void> {
    const sql = postgres(this.databaseUrl, {
      max: 1,
      connect_timeout: 5,
      connection: { application_name: "chaos" },
    });
    const terminated = sql.unsafe(`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name <> 'chaos' and (${which})
    `);
    terminated.catch(() => {});
    await Promise.race([terminated, sleep(terminateMs)]).finally(() => sql.end({ timeout: 0 }));
  }
}

/** What a server said that it should not have: errors, and whatever Deno says of its own. */
function complaintsOf(program: Program): string[] {
  const { stdout, stderr } = program.output();
  const errors = stdout.split("\n").filter(Boolean).map(readLine)
    .filter(({ level }) => level === "error" || level === "unknown")
    .map(({ message, error }) => error === undefined ? message : `${message}: ${error}`);
  // One line, where the database was away when it started.
  const isAway = (line: string) =>
    /^Cannot start: the database (of DATABASE_URL does not answer|went away)/.test(line);
  const said = stderr.split("\n").filter((line) => line !== "" && !isAway(line));
  return [...errors, ...said];
}

function readLine(text: string): LogLine {
  try {
    return JSON.parse(text);
  } catch {
    return { level: "unknown", message: text };
  }
}
