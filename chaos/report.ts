import type { Violation } from "./check.ts";
import { wasOut } from "./check_stored.ts";
import { allKeptLines } from "./kept_lines.ts";
import { Memberships } from "./memberships.ts";
import type { Mess } from "./mess.ts";
import type { Options } from "./options.ts";

/** Violations of one invariant that are told in full; beyond them one sees their number. */
const toldMost = 5;

/** What the run was, and what came of it, as Markdown. */
export async function report(
  options: Options,
  mess: Mess,
  violations: Violation[],
): Promise<string> {
  const { journal, cluster: { sql } } = mess;
  const [stored] = await sql<{ messages: number; conversations: number; longest: number }[]>`
    select coalesce(sum(last_seq), 0)::int as messages, count(*)::int as conversations,
      coalesce(max(last_seq), 0)::int as longest
    from conversations
  `;
  const written = [...journal.written.values()];
  const bad = written.filter((one) => one.isBad).length;
  const memberships = await Memberships.read(sql);
  const toOthers = (await allKeptLines(mess.members)).filter(({ clientId, failure }) => {
    const message = journal.written.get(clientId);
    return failure !== undefined && message && !message.isBad &&
      wasOut(message, memberships, journal.beganAt);
  });
  const crashed = written.filter((one) => one.mayBeGone).length;
  const seconds = (part: number) => `${(journal.delays.percentile(part) / 1_000).toFixed(2)} s`;
  const rows = [
    ["messages written", written.length],
    ["messages stored", stored?.messages],
    ["messages that the server had to refuse", bad],
    ["messages refused since their writer was no member any more", toOthers.length],
    ["messages whose page crashed before the browser had kept them", crashed],
    ["conversations; messages in the longest", `${stored?.conversations}; ${stored?.longest}`],
    [
      "members taken out of groups, or leaving them",
      memberships.changes.filter(({ isIn }) => !isIn).length,
    ],
    ["devices of the members", mess.members.reduce((sum, one) => sum + one.devices.size, 0)],
    [
      "from writing to knowing that it is stored: median; 99 %; longest",
      `${seconds(0.5)}; ${seconds(0.99)}; ${(journal.delays.most / 1_000).toFixed(0)} s`,
    ],
  ];
  const faults = [...journal.faultCounts].sort(([, one], [, other]) => other - one);
  const command = `deno task chaos --seed ${options.seed} --minutes ${options.minutes} ` +
    `--members ${options.members} --rate ${options.rate}`;
  return [
    `\`${command}\`, ${new Date().toISOString().slice(0, 10)}`,
    "",
    verdict(options, violations),
    "",
    "| what | how many |",
    "| ---- | -------- |",
    ...rows.map(([what, count]) => `| ${what} | ${count} |`),
    "",
    "| fault | how often |",
    "| ----- | --------- |",
    ...faults.map(([what, count]) => `| ${what} | ${count} |`),
    "",
  ].join("\n");
}

function verdict({ seed }: Options, violations: Violation[]): string {
  if (violations.length === 0) return "Nothing was lost, doubled, changed or out of order.";
  const byInvariant = Map.groupBy(violations, ({ invariant }) => invariant);
  const told = [...byInvariant].flatMap(([invariant, all]) => [
    `- **${invariant}**, which is not so ${all.length} times:`,
    ...all.slice(0, toldMost).map(({ found }) => `  - ${found}`),
  ]);
  return [`**${violations.length} violations** with seed ${seed}:`, "", ...told].join("\n");
}
