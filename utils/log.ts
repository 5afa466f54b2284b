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

/** Writes log lines of one level and above. */
export type Log = Record<LogLevel, (message: string, fields?: LogFields) => void>;

/**
 * @param format "json" one object a line; "text" for a terminal
 * @param write where a line goes, without its line end; stdout if left out
 */
export function createLog(
  level: LogLevel,
  format: "json" | "text",
  write: (line: string) => void = (line) => console.log(line),
): Log {
  const from = levels.indexOf(level);
  const entry = (of: LogLevel) => (message: string, fields: LogFields = {}) => {
    if (levels.indexOf(of) < from) return;
    const plain = Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [name, plainValue(value)]),
    );
    const time = new Date().toISOString();
    if (format === "json") return write(JSON.stringify({ time, level: of, message, ...plain }));
    const rest = Object.entries(plain)
      .map(([name, value]) =>
        ` ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`
      )
      .join("");
    write(`${time.slice(11, 19)} ${of === "info" ? "" : `${of}: `}${message}${rest}`);
  };
  return { debug: entry("debug"), info: entry("info"), warn: entry("warn"), error: entry("error") };
}

function plainValue(value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const { query, params } = value as { query?: unknown; params?: unknown };
  // A database driver's error quotes what was written, and hashes and addresses with it.
  const what = params === undefined ? `${value.name}: ${value.message}` : `Failed query: ${query}`;
  const frames = (value.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  const cause = value.cause === undefined ? [] : [`Caused by: ${plainValue(value.cause)}`];
  return [what, ...frames, ...cause].join("\n");
}
