/**
 * Structured logs: a line of JSON for machines, a short line for people. Never hand it a token, a
 * password, or what a member wrote.
 *
 * @module
 */
const levels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof levels)[number];
export const logLevels: readonly LogLevel[] = levels;

/** Facts beside the message; an `Error` is written with its stack and its cause. */
export type LogFields = Record<string, unknown>;

/** Of a statement that failed; some are long. */
const queryLength = 1_000;

/** Writes log lines of one level and above. */
export type Log = Record<LogLevel, (message: string, fields?: LogFields) => void>;

/** The same message is written so often within a window of time; then it is only counted. */
const burst = { lines: 10, ms: 10_000 };

/**
 * A warning or error that repeats is written some times in each ten seconds and counted otherwise:
 * while the database is away, say, each request and each timer has the same to tell. The first of
 * the next ten seconds tells how many were left out.
 *
 * @param format "json" one object a line; "text" for a terminal
 * @param write where a line goes, without its line end; stdout if left out
 */
export function createLog(
  level: LogLevel,
  format: "json" | "text",
  write: (line: string) => void = (line) => console.log(line),
): Log {
  const from = levels.indexOf(level);
  const repeats = new Map<string, { since: number; lines: number }>();

  /** @returns how many were left out before this one; undefined: this one is, too */
  function leftOut(message: string): number | undefined {
    const now = performance.now();
    const seen = repeats.get(message);
    if (seen && now - seen.since < burst.ms) {
      return ++seen.lines > burst.lines ? undefined : 0;
    }
    repeats.set(message, { since: now, lines: 1 });
    return Math.max(0, (seen?.lines ?? 0) - burst.lines);
  }

  const entry = (of: LogLevel) => (message: string, given: LogFields = {}) => {
    if (levels.indexOf(of) < from) return;
    const omitted = of === "warn" || of === "error" ? leftOut(message) : 0;
    if (omitted === undefined) return;
    const fields = omitted > 0 ? { ...given, leftOut: omitted } : given;
    const time = new Date().toISOString();
    if (format === "json") {
      const plain = Object.entries(fields).map(([name, value]) => [
        name,
        value instanceof Error ? describeError(value) : value,
      ]);
      const line = JSON.stringify({ time, level: of, message, ...Object.fromEntries(plain) });
      return write(line.replace(unseen, escaped));
    }
    const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${textOf(value)}`).join(
      "",
    );
    const start = `${time.slice(11, 19)} ${of === "info" ? "" : `${of}: `}`;
    write(`${start}${oneLine(message)}${rest}`);
  };
  return { debug: entry("debug"), info: entry("info"), warn: entry("warn"), error: entry("error") };
}

/** What a terminal obeys or shows as something else: controls, line ends, changes of direction. */
// deno-lint-ignore no-control-regex
const unseen = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** As JSON would write it, so that it can stand in a line of JSON too. */
const escaped = (character: string) =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** No text from elsewhere begins a line of its own, or colours ours. */
const oneLine = (text: string) => text.replace(unseen, escaped);

function textOf(value: unknown): string {
  if (value instanceof Error) return describeError(value);
  return oneLine(typeof value === "string" ? value : JSON.stringify(value) ?? String(value));
}

/** An error with its stack and its causes; one line for each. */
function describeError(error: Error): string {
  // Only what follows the message: it may itself have lines that look like a stack's.
  const stack = error.stack ?? "";
  const at = stack.indexOf(error.message);
  const frames = stack.slice(Math.max(at, 0) + (at < 0 ? 0 : error.message.length)).split("\n")
    .filter((line) => /^\s+at /.test(line));
  const { cause } = error;
  const causes = cause === undefined
    ? []
    : [`Caused by: ${cause instanceof Error ? describeError(cause) : oneLine(String(cause))}`];
  return [`${error.name}: ${reasonOf(error)}`, ...frames.map(oneLine), ...causes].join("\n");
}

/**
 * What an error says went wrong, on one line and without the values it went wrong with: a database
 * driver's error quotes what was written, and hashes and addresses with it; a mail server's the
 * recipient.
 */
export function reasonOf(error: unknown): string {
  const { message = String(error), code } = error as { message?: string; code?: unknown };
  const query = /^Failed query: ([^]*)\nparams: /.exec(message)?.[1];
  if (query !== undefined) return oneLine(`Failed query: ${query.slice(0, queryLength)}`);
  // SQLSTATE class 22, data exceptions: `invalid input syntax for type uuid: "…"`.
  const isQuoting = typeof code === "string" && /^22...$/.test(code);
  const said = isQuoting ? message.replace(/".*$/s, "…") : message;
  return oneLine(said.replace(/[^\s<>"'(:,;]+@[^\s<>"'),:;]+/g, "…@…"));
}
