/**
 * Members who all lose their server at once, and all come back as soon as there is one. A process
 * of its own, that reads a {@linkcode ReconnectPlan} and prints in how many seconds, from the
 * server's first good answer on, all were in step again.
 *
 * @module
 */
import type { SyncResult } from "@/chat/protocol.ts";
import { openCrowd } from "./load/crowd.ts";
import type { Account, Plan } from "./load/plan.ts";

export interface ReconnectPlan extends Pick<Plan, "url" | "serverPid"> {
  members: Account[];
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What each member holds, by conversation. */
type Heads = Record<string, { rev: number; marksRev: number }>;

async function run({ url, serverPid, members }: ReconnectPlan): Promise<number> {
  const heads: Heads[] = members.map(() => ({}));
  await comeIn(url, members, heads, 100);
  const gone = Promise.withResolvers<void>();
  whenGone = gone.resolve;
  Deno.kill(serverPid, "SIGKILL");
  await gone.promise;

  while (!await fetch(`${url}/api/ready`).then((answer) => answer.text(), () => "")) await sleep(5);
  const started = performance.now();
  await comeIn(url, members, heads, members.length);
  return (performance.now() - started) / 1000;
}

/** Told when a socket is closed. */
let whenGone: () => void = () => {
  throw new Error("A socket was closed before its server");
};

/** All connect and sync. */
async function comeIn(
  url: string,
  members: Account[],
  heads: Heads[],
  atOnce: number,
): Promise<void> {
  const all = Promise.withResolvers<void>();
  let inStep = 0;
  const hear = (text: string, member: number) => {
    if (text.startsWith('{"type":"connected"')) {
      return { type: "sync", heads: heads[member]! } as const;
    }
    if (!text.startsWith('{"type":"sync_result"')) return;
    const { conversations = [] }: Partial<SyncResult> = JSON.parse(text);
    for (const { conversation: { id, rev, marksRev } } of conversations) {
      heads[member]![id] = { rev, marksRev };
    }
    if (++inStep === members.length) all.resolve();
    return;
  };
  await openCrowd(url, members, hear, () => whenGone(), atOnce);
  await all.promise;
}

const plan: ReconnectPlan = JSON.parse(await new Response(Deno.stdin.readable).text());
console.log(JSON.stringify(await run(plan)));
Deno.exit();
