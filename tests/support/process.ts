/**
 * The real program, as a process of its own.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

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
}

/**
 * Starts `main.ts` with these settings alone, on a free port, with the permissions of
 * `deno task start`.
 *
 * @param dataDir may be written besides `data`
 */
export function startProgram(
  command: string,
  env: Record<string, string>,
  dataDir?: string,
): Program {
  const child = new Deno.Command(Deno.execPath(), {
    cwd: root,
    args: [
      ...["run", "--no-prompt", "--allow-net", "--allow-env", "--allow-read"],
      ...["--allow-write=" + (dataDir ?? "data"), "main.ts", command],
    ],
    clearEnv: true,
    env: {
      ...Object.fromEntries(
        ["PATH", "HOME", "DENO_DIR"].map((name) => [name, Deno.env.get(name) ?? ""])
          .filter(([, value]) => value !== ""),
      ),
      PORT: "0",
      HOST: "127.0.0.1",
      ...dataDir === undefined ? {} : { DATA_DIR: dataDir },
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
  const exited = Promise.all([
    child.status,
    read(child.stdout, "stdout"),
    read(child.stderr, "stderr"),
  ]).then(([{ code }]) => {
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
  };
}
