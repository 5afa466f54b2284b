import {
  type AwayLoad,
  type AwayResults,
  type AwayRound,
  median,
  microsecondsEach,
  otherCores,
  p99OnToOff,
} from "../results.ts";
import { count, table } from "./table.ts";

/** Members who are away. */
export function awayTables(away: AwayResults | undefined): string {
  if (!away) return "";
  const head = [
    ...["", "messages/s", "p50 ms", "p99 ms", "of off", "lowest-highest", "µs each", "server"],
    ...["database", "load", "others", "handed/s", "mails/s", "MB before", "highest", "after"],
  ];
  const middle = (pick: "madePerSecond" | "microsecondsToNote") =>
    median(away.notices.map((one) => one[pick]));
  return [
    `To ${count(away.members)} members who are away, a message each, acknowledged.`,
    "handed/s: notices looked at and put into the queue; mails/s: taken by an SMTP server.",
    table([
      head,
      ...away.loads.flatMap((load) => [awayRow(load, "on"), awayRow(load, "off")]),
    ]),
    `Notices alone: ${middle("microsecondsToNote").toFixed(1)} µs to note a message, ` +
    `${count(middle("madePerSecond"))} made a second`,
  ].join("\n");
}

function awayRow(load: AwayLoad, notices: "on" | "off"): string[] {
  const rounds = load[notices];
  const p99s = rounds.map(({ p99 }) => p99);
  const middle = (pick: (round: AwayRound) => number | undefined, digits: number) => {
    const value = median(rounds.map((round) => pick(round) ?? NaN));
    return Number.isNaN(value) ? "" : value.toFixed(digits);
  };
  const megabytes = (pick: (round: AwayRound) => number | undefined) =>
    middle((round) => (pick(round) ?? NaN) / 1e6, 0);
  return [
    `${load.rate === undefined ? "W=1" : `${count(load.rate)}/s`}, notices ${notices}`,
    count(median(rounds.map(({ perSecond }) => perSecond))),
    middle(({ p50 }) => p50, 1),
    middle(({ p99 }) => p99, 1),
    notices === "on" ? p99OnToOff(load).toFixed(2) : "",
    `${Math.min(...p99s).toFixed(1)}-${Math.max(...p99s).toFixed(1)}`,
    middle(microsecondsEach, 0),
    middle(({ serverCores }) => serverCores, 2),
    middle(({ databaseCores }) => databaseCores, 2),
    middle(({ loadCores }) => loadCores, 2),
    middle(otherCores, 2),
    middle(({ handedPerSecond }) => handedPerSecond, 0),
    middle(({ mailsPerSecond }) => mailsPerSecond, 0),
    megabytes(({ residentBefore }) => residentBefore),
    megabytes(({ residentHighest }) => residentHighest),
    megabytes(({ residentAfter }) => residentAfter),
  ];
}
