/**
 * The processes of a run, none of which outlives it.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const running = new Set<Deno.ChildProcess>();
let ended = false;
const readyMs = 60_000;
const stopMs = 15_000;
const pollMs = 5;

/** What a program may need of our environment; a setting of Parley's own must not get through. */
const kept = ["PATH", "HOME", "TMPDIR", "DENO_DIR"];

export interface Running {
  pid: number;
  url: string;
  /** From the command to the first good answer. */
  secondsToReady: number;
  /** Resolves when it has ended, by itself or not. */
  ended: Promise<unknown>;
  /** Asks it to end, and waits until it has. */
  stop(): Promise<void>;
}

/** What to run, in the project's folder if no other is named. */
export interface Program {
  path: string;
  args: string[];
  env?: Record<string, string>;
  cwd?: string;
}

/** Deno with a program of ours. */
export function deno(args: string[], env: Record<string, string> = {}): Program {
  return { path: Deno.execPath(), args: ["run", ...args], env };
}

/** Starts a program with its own environment and nothing else of ours. */
function spawn(
  { path, args, env, cwd = root }: Program,
  options: Pick<Deno.CommandOptions, "stdin" | "stdout" | "signal">,
): Deno.ChildProcess {
  if (ended) throw new Error("The run was ended");
  const own = Object.fromEntries(kept.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  }));
  const child = new Deno.Command(path, {
    ...{ args, cwd },
    clearEnv: true,
    env: { ...own, ...env },
    stderr: "inherit",
    ...options,
  }).spawn();
  running.add(child);
  child.status.finally(() => running.delete(child));
  return child;
}

/** Starts a server and waits until it answers at `readyPath`. */
export async function startServer(
  port: number,
  program: Program,
  readyPath = "/api/ready",
): Promise<Running> {
  const started = performance.now();
  const child = spawn(program, { stdin: "null", stdout: "null" });
  const url = `http://127.0.0.1:${port}`;
  await untilReady(url + readyPath, child);
  return {
    pid: child.pid,
    url,
    ended: child.status,
    secondsToReady: (performance.now() - started) / 1000,
    async stop() {
      if (!running.has(child)) return;
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), stopMs);
      await child.status;
      clearTimeout(timer);
    },
  };
}

async function untilReady(url: string, child: Deno.ChildProcess): Promise<void> {
  const late = performance.now() + readyMs;
  while (performance.now() < late && running.has(child)) {
    const response = await fetch(url).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  if (running.has(child)) child.kill("SIGKILL");
  throw new Error(`Cannot start ${url}: it ended, or was not ready after ${readyMs} ms`);
}

/** Runs a program to its end: gives it `input`, returns what it prints. */
export async function runToEnd(
  program: Program,
  input: string,
  limitMs: number,
): Promise<string> {
  const child = spawn(program, {
    stdin: "piped",
    stdout: "piped",
    signal: AbortSignal.timeout(limitMs),
  });
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const [{ success }, output] = await Promise.all([
    child.status,
    new Response(child.stdout).text(),
  ]);
  if (!success) throw new Error(`${program.args.at(-1)} failed, or took more than ${limitMs} ms`);
  return output;
}

/** Ends what runs and lets nothing new begin: whoever waits for one of them fails, and cleans up. */
export function endAll(): void {
  ended = true;
  for (const child of running) child.kill("SIGKILL");
}

/** A port that is free now. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  return (listener.addr as Deno.NetAddr).port;
}
