/**
 * The load on members who are away: each is written to once, by members who are online. A process
 * of its own, that reads an {@linkcode AwayPlan} and prints an {@linkcode AwayOutcome}.
 *
 * @module
 */
import { residentBytes } from "./cpu.ts";
import { startMeter } from "./load/meter.ts";
import type { AwayOutcome, AwayPlan } from "./load/plan.ts";
import { Sender } from "./load/sender.ts";
import { Tally } from "./load/tally.ts";

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

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
  const started = performance.now();
  tally.open();
  await (plan.rate === undefined ? inTurn(senders, plan) : paced(senders, plan, plan.rate));
  tally.close();
  const seconds = (performance.now() - started) / 1000;
  const meter = stopMeter();
  for (const sender of senders) sender.close();
  return { ...tally.result(seconds), ...meter, residentBefore };
}

async function inTurn(senders: Sender[], { conversationIds }: AwayPlan): Promise<void> {
  await Promise.all(senders.map(async (sender, first) => {
    for (let n = first; n < conversationIds.length; n += senders.length) {
      await sender.write(conversationIds[n] as string);
    }
  }));
}

/** Writes by the clock, however long an acknowledgement takes. */
async function paced(
  senders: Sender[],
  { conversationIds }: AwayPlan,
  rate: number,
): Promise<void> {
  const started = performance.now();
  const written: Promise<void>[] = [];
  for (const [n, id] of conversationIds.entries()) {
    while (performance.now() < started + n / rate * 1000) await sleep(1);
    written.push((senders[n % senders.length] as Sender).write(id));
  }
  await Promise.all(written);
}

const plan: AwayPlan = JSON.parse(await new Response(Deno.stdin.readable).text());
console.log(JSON.stringify(await run(plan)));
Deno.exit();
