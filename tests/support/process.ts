/**
 * The real program, as a process of its own.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** A process of the program. */
export interface Program {
  pid: number;
  /** Resolves with the address once it says that it is ready; rejects if it ends before. */
  ready: Promise<string>;
  /** Everything it has said so far. */
  output(): { stdout: string; stderr: string };
  kill(signal: Deno.Signal): void;
  /** Its exit code, when all it said has been read. */
  exited: Promise<number>;
  /** Kills it if it still runs. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts `main.ts` with these settings alone, on a free port, with the permissions of its task.
 *
 * @param folder a copy of the project to run in, see checkout.ts; this project if left out
 * @param flags other permissions
 */
export function startProgram(
  command: string,
  env: Record<string, string>,
  folder = root,
  flags = taskFlags(command),
): Program {
  const child = new Deno.Command(Deno.execPath(), {
    cwd: folder,
    args: ["run", "--quiet", "--no-prompt", ...flags, "main.ts", command],
    clearEnv: true,
    env: {
      ...Object.fromEntries(
        ["PATH", "HOME", "DENO_DIR"].map((name) => [name, Deno.env.get(name) ?? ""])
          .filter(([, value]) => value !== ""),
      ),
      PORT: "0",
      HOST: "127.0.0.1",
      NO_COLOR: "1",
      ...env,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();

  const said = { stdout: "", stderr: "" };
  const ready = Promise.withResolvers<string>();
  const read = async (stream: ReadableStream<Uint8Array>, into: "stdout" | "stderr") => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      said[into] += text;
      const address = /Parley is ready: (http[^\s"]+)/.exec(said.stdout)?.[1];
      if (address) ready.resolve(address);
    }
  };
  let running = true;
  const exited = Promise.all([
    child.status,
    read(child.stdout, "stdout"),
    read(child.stderr, "stderr"),
  ]).then(([{ code }]) => {
    running = false;
    ready.reject(new Error(`Ended with ${code}: ${said.stdout}${said.stderr}`));
    return code;
  });
  // Who only waits for the end need not catch that it never was ready.
  ready.promise.catch(() => {});
  return {
    pid: child.pid,
    ready: ready.promise,
    output: () => ({ ...said }),
    kill: (signal) => child.kill(signal),
    exited,
    async [Symbol.asyncDispose]() {
      if (running) child.kill("SIGKILL");
      await exited;
    },
  };
}

/** The flags of a task that serves, or of `start`; packages are read where they really lie. */
export function taskFlags(command: string): string[] {
  const { tasks } = JSON.parse(Deno.readTextFileSync(`${root}deno.json`));
  const task: string = (tasks[command] ?? tasks.start).command;
  const [, flags] = /^deno run (.*) main\.ts /.exec(task) ?? [];
  if (flags === undefined) throw new Error(`Cannot find the flags in ${task}`);
  return flags.split(" ").map((flag) =>
    flag === "--allow-read=." ? `${flag},${root}node_modules` : flag
  );
}
