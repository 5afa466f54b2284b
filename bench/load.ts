/**
 * The load: members who write to each other as fast as acknowledgements allow, in a process of its
 * own. Reads a {@linkcode Plan} from its input and prints an {@linkcode Outcome}.
 *
 * @module
 */
import { Member } from "./load/member.ts";
import { startMeter } from "./load/meter.ts";
import type { Outcome, Plan } from "./load/plan.ts";
import { Tally } from "./load/tally.ts";

/** How long what is still under way at the end may take before it counts as lost. */
const settleMs = 10_000;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function run(plan: Plan): Promise<Outcome> {
  const tally = new Tally();
  const members = plan.pairs.flatMap(({ conversationId, members }) => {
    const [one, other] = members.map((account) =>
      new Member(plan.url, account, conversationId, { ...plan, tally })
    ) as [Member, Member];
    one.peer = other;
    other.peer = one;
    return [one, other];
  });
  await Promise.all(members.map((member) => member.joined));

  for (const member of members) member.start();
  await sleep(plan.warmupSeconds * 1000);
  const stopMeter = startMeter(plan);
  const started = performance.now();
  tally.open();
  await sleep(plan.seconds * 1000);
  tally.close();
  const seconds = (performance.now() - started) / 1000;
  const meter = stopMeter();

  for (const member of members) member.stop();
  const patience = performance.now() + settleMs;
  while (performance.now() < patience && !members.every((member) => member.settled)) {
    await sleep(20);
  }
  await Promise.all(members.map((member) => member.finish()));
  return { ...tally.result(seconds), ...meter };
}

const plan: Plan = JSON.parse(await new Response(Deno.stdin.readable).text());
console.log(JSON.stringify(await run(plan)));
Deno.exit();
