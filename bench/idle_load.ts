/**
 * Members who are connected and do nothing. A process of its own, that reads an
 * {@linkcode IdlePlan} and prints how many bytes of the server's memory each of them costs.
 *
 * @module
 */
import { residentBytes } from "./cpu.ts";
import { openCrowd } from "./load/crowd.ts";
import type { Account, Plan } from "./load/plan.ts";

export interface IdlePlan extends Pick<Plan, "url" | "serverPid"> {
  members: Account[];
}

/** These come first, so that what the server needs once is there before anything is counted. */
const first = 200;
/** After so long nothing is left to do for those who came. */
const settleMs = 10_000;

async function run({ url, serverPid, members }: IdlePlan): Promise<number> {
  const open = async (some: Account[]) => {
    await openCrowd(url, some, () => undefined, (why) => {
      throw new Error(why);
    });
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    return residentBytes(serverPid)?.now ?? NaN;
  };
  const before = await open(members.slice(0, first));
  const after = await open(members.slice(first));
  return (after - before) / (members.length - first);
}

const plan: IdlePlan = JSON.parse(await new Response(Deno.stdin.readable).text());
console.log(JSON.stringify(await run(plan)));
Deno.exit();
