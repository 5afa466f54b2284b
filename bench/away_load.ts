/**
 * The load on members who are away: each is written to once, by members who are online. A process
 * of its own, that reads an {@linkcode AwayPlan} and prints an {@linkcode AwayOutcome}.
 *
 * @module
 */
import { residentBytes } from "./cpu.ts";
import { startMeter } from "./load/meter.ts";
import { pace } from "./load/pace.ts";
import type { AwayOutcome, AwayPlan } from "./load/plan.ts";
import { Sender } from "./load/sender.ts";
import { Tally } from "./load/tally.ts";

async function run(plan: AwayPlan): Promise<AwayOutcome> {
  const tally = new Tally();
  const warm = plan.pairs.flatMap(({ conversationId, members }) =>
    members.map((account) => ({ conversationId, sender: new Sender(plan.url, account, tally) }))
  );
  const senders = warm.map(({ sender }) => sender);
  await Promise.all(senders.map((sender) => sender.connected));
  const warmUntil = performance.now() + plan.warmupSeconds * 1000;
  await Promise.all(warm.map(async ({ sender, conversationId }) => {
    while (performance.now() < warmUntil) await sender.write(conversationId);
  }));

  const residentBefore = residentBytes(plan.serverPid)?.now;
  const stopMeter = startMeter(plan);
  tally.open();
  await (plan.rate === undefined ? inTurn(senders, plan) : paced(senders, plan, plan.rate));
  tally.close();
  const meter = stopMeter();
  for (const sender of senders) sender.close();
  return { ...tally.result(), ...meter, residentBefore };
}

async function inTurn(senders: Sender[], { conversationIds }: AwayPlan): Promise<void> {
  await Promise.all(senders.map(async (sender, first) => {
    for (let n = first; n < conversationIds.length; n += senders.length) {
      await sender.write(conversationIds[n] as string);
    }
  }));
}

async function paced(
  senders: Sender[],
  { conversationIds }: AwayPlan,
  rate: number,
): Promise<void> {
  const written: Promise<void>[] = [];
  await pace(rate, (n) => {
    written.push((senders[n % senders.length] as Sender).write(conversationIds[n] as string));
    return n + 1 < conversationIds.length;
  });
  await Promise.all(written);
}

const plan: AwayPlan = JSON.parse(await new Response(Deno.stdin.readable).text());
console.log(JSON.stringify(await run(plan)));
Deno.exit();
