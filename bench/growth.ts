/**
 * How costs grow with members, with a group, with a member's conversations and with history.
 *
 * @module
 */
import { type OwnPostgres, startPostgres } from "@/tests/support/postgres.ts";
import { fileURLToPath } from "node:url";
import { makePairs } from "./accounts.ts";
import { type Chart, drawChart } from "./chart.ts";
import { kinds, openGroup } from "./group.ts";
import { askInTurn, openSite } from "./history.ts";
import { makeLoads, runLoad } from "./loads.ts";
import type { Options } from "./options.ts";
import { ensurePage } from "./page.ts";
import { median, microsecondsEach } from "./results.ts";
import { openTargets } from "./targets.ts";

const folder = fileURLToPath(new URL("../docs/performance", import.meta.url));

const memberCounts = [20, 50, 100, 200, 500, 1_000, 2_000];
const groupSizes = [3, 10, 30, 100, 300, 1_000];
const conversationCounts = [10, 100, 1_000, 10_000];
/** Of the largest history. */
const historyShares = [1 / 1_000, 1 / 100, 1 / 10, 1];
/** Where conversations are what grows. */
const fewMessages = 10_000;
/** Where messages are. */
const someConversations = 100;

/** Measures each and draws it into docs/performance/. */
export async function drawGrowth(options: Options, say: (what: string) => void): Promise<void> {
  await ensurePage();
  const postgres = await startPostgres({ durable: true });
  try {
    await Deno.mkdir(folder, { recursive: true });
    const draw = (name: string, chart: Chart) =>
      Deno.writeTextFile(`${folder}/${name}.svg`, drawChart(chart));
    await draw("members", await growMembers(options, postgres, say));
    await draw("group", await growGroup(options, postgres, say));
    await draw(
      "conversations",
      await growHistory(
        {
          title: "What a member asks for, by how many conversations they have",
          x: "conversations of the member",
          sites: conversationCounts.map((conversations) => ({
            ...{ at: conversations, conversations, messages: fewMessages },
          })),
        },
        options,
        postgres,
        say,
      ),
    );
    await draw(
      "history",
      await growHistory(
        {
          title: "What a member asks for, by the length of a conversation",
          x: "messages in the conversation",
          sites: historyShares.map((share) => Math.round(options.history * share))
            .map((messages) => ({ at: messages, conversations: someConversations, messages })),
        },
        options,
        postgres,
        say,
      ),
    );
  } finally {
    await postgres.stop();
  }
}

async function growMembers(
  options: Options,
  postgres: OwnPostgres,
  say: (what: string) => void,
): Promise<Chart> {
  const pairs = await makePairs(memberCounts.at(-1)!);
  await using targets = await openTargets(["postgres", "relay"], pairs, postgres, say);
  const lines: Chart["lines"] = targets.all.map(({ name }) => ({ name, points: [] }));
  for (const members of memberCounts) {
    const loads = makeLoads(targets.all, { ...options, windows: [1], rates: [], marks: false });
    for (let round = 1; round <= options.rounds; round++) {
      say(`round ${round}: ${members} members`);
      for (const load of loads) await runLoad(load, pairs.slice(0, members / 2), options);
    }
    for (const [n, { result, faults }] of loads.entries()) {
      if (faults.length > 0) throw new Error(faults.join("\n"));
      const each = median(result.rounds.map((outcome) => microsecondsEach(outcome) ?? NaN));
      lines[n]!.points.push([members, each]);
    }
  }
  return {
    title: "A message, by how many members write at once",
    x: "members, one message under way each",
    y: "µs of processor time, server and database",
    lines,
  };
}

async function growGroup(
  options: Options,
  postgres: OwnPostgres,
  say: (what: string) => void,
): Promise<Chart> {
  const lines: Chart["lines"] = kinds.map((name) => ({ name, points: [] }));
  for (const size of groupSizes) {
    await using group = await openGroup(options, postgres, size);
    for (const [n, kind] of kinds.entries()) {
      const each: number[] = [];
      for (let round = 1; round <= options.rounds; round++) {
        say(`round ${round}: ${kind}, a group of ${size}`);
        const { serverCores = NaN, databaseCores = NaN, deliveriesPerSecond, faults } = await group
          .run(kind);
        if (faults.length > 0) throw new Error(faults.join("\n"));
        each.push((serverCores + databaseCores) / deliveriesPerSecond * 1e6);
      }
      lines[n]!.points.push([size, median(each)]);
    }
  }
  return {
    title: "A delivery, by how many are in the group",
    x: "members of the group, all online",
    y: "µs of processor time, server and database",
    lines,
  };
}

interface Growing {
  title: string;
  x: string;
  sites: { at: number; conversations: number; messages: number }[];
}

/** What is asked of each size, one after the other. */
async function growHistory(
  { title, x, sites }: Growing,
  { rounds }: Options,
  postgres: OwnPostgres,
  say: (what: string) => void,
): Promise<Chart> {
  const lines: Chart["lines"] = [];
  for (const { at, ...size } of sites) {
    const { server, questions } = await openSite(postgres, size, say);
    say(`${x}: ${at.toLocaleString("en")}`);
    const found: number[][] = [];
    for (let round = 1; round <= rounds; round++) {
      found.push(await askInTurn(Object.values(questions)));
    }
    await server.stop();
    for (const [n, name] of Object.keys(questions).entries()) {
      lines[n] ??= { name, points: [] };
      lines[n].points.push([at, median(found.map((times) => times[n]!))]);
    }
  }
  return { title, x, y: "ms, median", lines };
}
