import process from "node:process";

/** What the process has used of the processor since its start, and uses of the memory now. */
export function processUsage(): { cpuSeconds: number; memoryBytes: number } {
  const { user, system } = process.cpuUsage();
  return { cpuSeconds: (user + system) / 1e6, memoryBytes: process.memoryUsage().rss };
}
