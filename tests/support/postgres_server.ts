/**
 * Runs a Postgres server that cannot outlive the process that started it.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findPostgres } from "./postgres_binaries.ts";

export interface PostgresServer {
  /** The server's own database, `postgres`, as its superuser, `parley`. */
  readonly url: string;
  /** Starts again at the same address; `immediate` is as a crash, `fast` an orderly end first. */
  restart(mode: "fast" | "immediate"): Promise<void>;
  /** Ends every connection; whoever connects is refused until it is started again. */
  halt(): Promise<void>;
  resume(): Promise<void>;
  /** Stops its processes in the middle of what they do; until they go on, nobody gets an answer. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Ends the server and removes its folder. */
  stop(): Promise<void>;
}

/**
 * The server's whole life, kept by a shell that waits for the end of its input. That comes when
 * the starting process closes the pipe, and also when it dies, of whatever; until then the shell
 * takes no signal. Arguments: the folder, the programs' folder, the locale.
 */
const life = `
trap '' HUP INT PIPE TERM
cd "$1"
if "$2/initdb" -D data -U parley -A trust -E UTF8 --locale="$3" --no-sync >log 2>&1 &&
  cat settings >>data/postgresql.conf &&
  "$2/pg_ctl" start -D data -l log -w >>log 2>&1
then
  echo ready
  cat >/dev/null
else
  cat log >&2
fi
"$2/pg_ctl" stop -D data -m immediate -w >/dev/null 2>&1
cd /
rm -rf "$1"
`;

/**
 * Starts an empty server on a free port of 127.0.0.1, in a temporary folder.
 * `durable`: whether a commit waits for the disk. Throws if it cannot be had or does not start.
 */
export async function startServer(durable: boolean): Promise<PostgresServer> {
  const installed = await findPostgres();
  const user = await unprivilegedUser();
  const folder = await Deno.makeTempDir({ prefix: "parley-postgres-" });
  const bin = user ? await programsFor(installed, folder) : installed;
  const port = freePort();
  await Deno.writeTextFile(join(folder, "settings"), settings(port, durable));
  if (user) await run("chown", "-R", `${user.uid}:${user.gid}`, folder);

  const as = { ...user, cwd: folder };
  const locale = Deno.build.os === "darwin" ? "en_US.UTF-8" : "C.UTF-8";
  const shell = new Deno.Command("sh", {
    args: ["-c", life, "sh", folder, bin, locale],
    ...as,
    detached: true, // else it is killed when this process ends
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const said = shell.stdout.getReader();
  const { done } = await said.read();
  await said.cancel();
  if (done) {
    await end(shell);
    throw new Error(`Cannot start Postgres with the programs in ${installed}`);
  }
  shell.unref(); // a program that forgets to stop it can still end

  const control = async (command: string, ...args: string[]) => {
    const { success } = await new Deno.Command(join(bin, "pg_ctl"), {
      args: [command, "-D", "data", ...args, "-w"],
      ...as,
      stdin: "null",
      stdout: "null",
    }).spawn().status;
    if (!success) throw new Error(`Cannot ${command} Postgres on port ${port}`);
  };
  /** To the server and to each connection's process, which are its children. */
  const signal = async (name: "STOP" | "CONT") => {
    const [pid] = (await Deno.readTextFile(join(folder, "data/postmaster.pid"))).split("\n");
    const script = `kill -${name} ${pid} $(ps -o pid= --ppid ${pid})`;
    await new Deno.Command("sh", { args: ["-c", script], stderr: "null" }).output();
  };

  return {
    url: `postgres://parley@127.0.0.1:${port}/postgres`,
    restart: (mode) => control("restart", "-l", "log", "-m", mode),
    halt: () => control("stop", "-m", "fast"),
    resume: () => control("start", "-l", "log"),
    freeze: () => signal("STOP"),
    thaw: () => signal("CONT"),
    stop: () => end(shell),
  };
}

async function end(shell: Deno.ChildProcess): Promise<void> {
  shell.ref();
  await shell.stdin.close();
  await shell.status;
}

/** Settings that differ from a new server's own. */
function settings(port: number, durable: boolean): string {
  const lines = [
    `port = ${port}`,
    "listen_addresses = '127.0.0.1'",
    "unix_socket_directories = ''",
    "max_connections = 300",
  ];
  // A commit still reaches the system before it is acknowledged, so a crash of the server alone
  // loses none, and a test may count on that.
  const forTests = ["fsync = off", "full_page_writes = off"];
  return [...lines, ...(durable ? [] : forTests), ""].join("\n");
}

/** Postgres refuses to run as root: a user that exists, because initdb asks for its name. */
async function unprivilegedUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (Deno.uid() !== 0) return undefined;
  const accounts = (await Deno.readTextFile("/etc/passwd")).split("\n")
    .map((line) => line.split(":"));
  for (const wanted of ["postgres", "nobody"]) {
    const account = accounts.find(([name]) => name === wanted);
    if (account) return { uid: Number(account[2]), gid: Number(account[3]) };
  }
  throw new Error("Cannot run Postgres as root, and /etc/passwd has neither postgres nor nobody");
}

/** Copies programs out of our own folder, where another user may not be let in. */
async function programsFor(bin: string, folder: string): Promise<string> {
  const project = fileURLToPath(new URL("../..", import.meta.url));
  if (!bin.startsWith(project)) return bin;
  const copy = join(folder, "programs");
  await run("cp", "-R", dirname(bin), copy);
  return join(copy, "bin");
}

async function run(command: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args }).output();
  if (!success) throw new Error(`Cannot ${command}: ${new TextDecoder().decode(stderr).trim()}`);
}

/** A port below those that systems give to outgoing connections, so that none takes it first. */
export function freePort(): number {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
