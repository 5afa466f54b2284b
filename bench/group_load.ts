/**
 * The load on a group: one member writes, all others are there. A process of its own, that reads a
 * {@linkcode GroupPlan} and prints a {@linkcode GroupOutcome}.
 *
 * @module
 */
import { openCrowd } from "./load/crowd.ts";
import { startMeter } from "./load/meter.ts";
import type { Account, Outcome, Plan } from "./load/plan.ts";

export interface GroupPlan
  extends Pick<Plan, "url" | "serverPid" | "databasePid" | "warmupSeconds" | "seconds"> {
  conversationId: string;
  /** The first one writes. */
  members: Account[];
}

export interface GroupOutcome
  extends Pick<Outcome, "loadCores" | "serverCores" | "databaseCores" | "machineCores" | "lagP99"> {
  /** Frames that came to the others, in each measured second. */
  deliveriesPerSecond: number;
  faults: string[];
}

/** So many messages are under way at once; each until it has come to all. */
const window = 5;
const content = "lorem ipsum ".repeat(10);
/** Without a frame for so long, all know who is there. */
const quietMs = 2_000;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function run(plan: GroupPlan): Promise<GroupOutcome> {
  const { conversationId, members } = plan;
  const others = members.length - 1;
  const faults: string[] = [];
  const lastSeq: (number | undefined)[] = [];
  /** By seq, how many have it. */
  const reached = new Map<number, number>();
  let deliveries = 0;
  let heardAt = 0;
  let isSending = true;
  const write = () => {
    const clientId = crypto.randomUUID();
    const frame = { type: "send_message", clientId, conversationId, content };
    sockets[0]!.send(JSON.stringify(frame));
  };
  const deliver = (seq: number, member: number) => {
    const before = lastSeq[member];
    if (before !== undefined && seq !== before + 1) faults.push(`After ${before} came ${seq}`);
    lastSeq[member] = seq;
    deliveries++;
    const have = (reached.get(seq) ?? 0) + 1;
    reached.set(seq, have);
    if (have < others) return;
    reached.delete(seq);
    if (isSending) write();
  };

  const sockets = await openCrowd(plan.url, members, (text, member) => {
    // A frame that comes to all is not parsed by each: the load would be the limit.
    if (text.startsWith('{"type":"new_message"')) {
      deliver(Number.parseInt(text.slice(text.indexOf('"seq":') + '"seq":'.length)), member);
      return;
    }
    heardAt = performance.now();
    if (text.startsWith('{"type":"error"')) faults.push(text);
    if (!text.startsWith('{"type":"connected"')) return;
    return { type: "join_conversation", conversationId, limit: 1 };
  }, (why) => faults.push(why));
  while (performance.now() < heardAt + quietMs) await sleep(100);

  for (let n = 0; n < window; n++) write();
  await sleep(plan.warmupSeconds * 1000);
  const stopMeter = startMeter(plan);
  const started = performance.now();
  const before = deliveries;
  await sleep(plan.seconds * 1000);
  const deliveriesPerSecond = (deliveries - before) / (performance.now() - started) * 1000;
  const meter = stopMeter();
  isSending = false;
  const late = performance.now() + 10_000;
  while (reached.size > 0 && performance.now() < late) await sleep(20);
  if (reached.size > 0) faults.push(`${reached.size} messages did not come to all`);
  return { deliveriesPerSecond, ...meter, faults: faults.slice(0, 5) };
}

const plan: GroupPlan = JSON.parse(await new Response(Deno.stdin.readable).text());
console.log(JSON.stringify(await run(plan)));
Deno.exit();
