/**
 * A server program that cannot outlive the process that started it.
 *
 * @module
 */
import { delimiter, join } from "node:path";
import { firstExisting } from "./tools.ts";

export interface KeptProcess {
  pid: number;
  /** Kills it, and waits until it is gone. */
  kill(): Promise<void>;
}

/** A shell waits for the end of its input, which comes also when the starting process dies. */
const life = `
trap '' HUP INT PIPE TERM
cd "$1"; shift
"$@" >log 2>&1 & server=$!
echo $server
cat >/dev/null
kill -9 $server 2>/dev/null
`;

/** Starts a program in a folder, where it finds what it needs and its log is kept. */
export async function startKept(folder: string, command: string[]): Promise<KeptProcess> {
  const shell = new Deno.Command("sh", {
    args: ["-c", life, "sh", folder, ...command],
    detached: true, // else it is killed when this process ends
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const said = shell.stdout.getReader();
  const pid = Number(new TextDecoder().decode((await said.read()).value));
  await said.cancel();
  shell.unref(); // a program that forgets to stop it can still end
  return {
    pid,
    async kill() {
      shell.ref();
      await shell.stdin.close();
      await shell.status;
    },
  };
}

/** Finds the first of these programs on the `PATH`, and where Debian keeps those of administrators. */
export function findProgram(...names: string[]): Promise<string | undefined> {
  const folders = [...(Deno.env.get("PATH") ?? "").split(delimiter), "/usr/sbin"];
  return firstExisting(folders.flatMap((folder) => names.map((name) => join(folder, name))));
}
