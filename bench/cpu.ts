/**
 * Processor time and memory from Linux' own books; other systems are not asked.
 *
 * @module
 */

/** The books count in hundredths of a second, whatever the kernel's clock does. */
const ticksPerSecond = 100;

interface Stat {
  parent: number;
  seconds: number;
  /** Of those it started that have ended. */
  endedSeconds: number;
}

/** Of a process that has ended: undefined. */
function statOf(pid: number): Stat | undefined {
  const text = read(`/proc/${pid}/stat`);
  // The program's name, in parentheses, may hold spaces; after it come the state and the parent,
  // and utime, stime, cutime and cstime as fields 14 to 17 of all.
  const fields = text?.slice(text.lastIndexOf(")") + 2).split(" ").map(Number);
  if (!fields) return undefined;
  const [, parent = 0] = fields;
  return {
    parent,
    seconds: (fields[11]! + fields[12]!) / ticksPerSecond,
    endedSeconds: (fields[13]! + fields[14]!) / ticksPerSecond,
  };
}

/** Seconds of processor time that a process has used, its threads included. */
export function processSeconds(pid: number): number | undefined {
  return statOf(pid)?.seconds;
}

/**
 * The same for a process and those it started, ended or not, as a Postgres server has one for each
 * connection and each table that it cleans up.
 */
export function familySeconds(pid: number): number | undefined {
  if (Deno.build.os !== "linux") return undefined;
  const stats = [...Deno.readDirSync("/proc")]
    .filter(({ name }) => /^\d+$/.test(name))
    .map(({ name }) => ({ pid: Number(name), stat: statOf(Number(name)) }));
  return stats.filter((one) => one.pid === pid || one.stat?.parent === pid)
    .reduce((sum, { stat }) => sum + (stat?.seconds ?? 0), statOf(pid)?.endedSeconds ?? 0);
}

/** Seconds of processor time that all that runs on the machine has used. */
export function machineSeconds(): number | undefined {
  const fields = read("/proc/stat")?.split("\n")[0]?.trim().split(/ +/).map(Number);
  if (!fields) return undefined;
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = fields.slice(1);
  return (user + nice + system + irq + softirq) / ticksPerSecond;
}

/** Bytes of memory that a process holds now, and the most it ever held. */
export function residentBytes(pid: number): { now: number; highest: number } | undefined {
  const status = read(`/proc/${pid}/status`);
  if (status === undefined) return undefined;
  const bytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s*(\\d+) kB`, "m").exec(status)?.[1]) * 1024;
  return { now: bytes("VmRSS"), highest: bytes("VmHWM") };
}

function read(path: string): string | undefined {
  if (Deno.build.os !== "linux") return undefined;
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}
