/**
 * The load: members who write to each other as fast as acknowledgements allow, or at a fixed rate,
 * in a process of its own. Reads a {@linkcode Plan} from its input and prints an
 * {@linkcode Outcome}.
 *
 * @module
 */
import { type Member, openPair } from "./load/member.ts";
import { startMeter } from "./load/meter.ts";
import { pace } from "./load/pace.ts";
import type { Outcome, Plan } from "./load/plan.ts";
import { Tally } from "./load/tally.ts";

/** When nothing comes for so long, what is still under way at the end counts as lost. */
const settleMs = 10_000;
/** A rate is given up when the messages of so long are under way at once. */
const backlogSeconds = 1;
/** Below this share of its rate, a load was not held. */
const heldShare = 0.98;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function run(plan: Plan): Promise<Outcome> {
  const tally = new Tally();
  const members = plan.pairs.flatMap((pair) => openPair(pair, plan.url, { ...plan, tally }));
  await Promise.all(members.map((member) => member.opened));

  const load = start(members, plan, tally);
  await sleep(plan.warmupSeconds * 1000);
  const stopMeter = startMeter(plan);
  tally.open();
  await sleep(plan.seconds * 1000);
  tally.close();
  const meter = stopMeter();
  load.stop();

  await settle(members, tally);
  await Promise.all(members.map((member) => member.finish()));
  const result = tally.result();
  const isHeld = !load.gaveUp() && result.perSecond >= heldShare * (plan.rate ?? 0);
  return { ...result, ...meter, isHeld };
}

async function settle(members: Member[], tally: Tally): Promise<void> {
  let { underWay } = tally;
  let late = performance.now() + settleMs;
  while (performance.now() < late && !members.every((member) => member.settled)) {
    await sleep(20);
    if (tally.underWay < underWay) late = performance.now() + settleMs;
    underWay = tally.underWay;
  }
}

interface Load {
  stop(): void;
  /** Whether it ended by itself, since more and more came to be under way. */
  gaveUp(): boolean;
}

function start(members: Member[], { window, rate }: Plan, tally: Tally): Load {
  if (rate === undefined) {
    for (const member of members) member.start(window ?? 1);
    return { stop: () => members.forEach((member) => member.stop()), gaveUp: () => false };
  }
  let isEnded = false;
  let gaveUp = false;
  pace(rate, (n, dueAt) => {
    if (isEnded) return false;
    members[n % members.length]!.write(dueAt);
    gaveUp = tally.underWay > rate * backlogSeconds;
    return !gaveUp;
  });
  return {
    stop() {
      isEnded = true;
    },
    gaveUp: () => gaveUp,
  };
}

const plan: Plan = JSON.parse(await new Response(Deno.stdin.readable).text());
console.log(JSON.stringify(await run(plan)));
Deno.exit();
