import type { StatusResult } from "@/chat/protocol.ts";
import { Sparkline } from "./Sparkline.tsx";

type Figure = keyof StatusResult["seconds"];

/** A figure, what it is called, and its unit. */
type Row = [figure: Figure, name: string, unit: string];

const groups: [title: string, rows: Row[]][] = [
  ["Traffic", [
    ["connections", "Connections", ""],
    ["messages", "Messages", "/s"],
    ["framesIn", "Frames in", "/s"],
    ["framesOut", "Frames out", "/s"],
  ]],
  ["Writing", [
    ["batchSize", "Messages a write", ""],
    ["batchMs", "Time of a write", "ms"],
    ["writerWaiting", "Messages waiting", ""],
    ["markerWaiting", "Marks waiting", ""],
  ]],
  ["Bus and process", [
    ["busWaiting", "Events waiting", ""],
    ["busLagMs", "Delay of events", "ms"],
    ["cpuPercent", "Processor", "%"],
    ["memoryMegabytes", "Memory", "MB"],
  ]],
];

const number = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const time = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });

/** How one instance fares. */
export function Instance({ status, isOneOfMany }: { status: StatusResult; isOneOfMany: boolean }) {
  const { instanceId, startedAt, members, messages, jobsWaiting, seconds } = status;
  return (
    <section aria-label={`Instance ${instanceId}`}>
      <p class="facts">
        {isOneOfMany && <strong>Instance {instanceId.slice(-6)}</strong>}
        <span>Since {time.format(new Date(startedAt))}</span>
        <span>{counted(members, "member")} here</span>
        <span>{counted(messages, "message")} stored</span>
        {Object.entries(jobsWaiting ?? {}).map(([queue, count]) => (
          <span key={queue}>{number.format(count)} in the queue of {queue}</span>
        ))}
      </p>
      {seconds.connections.length === 0
        ? <p class="message">The first second is not over.</p>
        : groups.map(([title, rows]) => (
          <div key={title}>
            <h2>{title}</h2>
            <div class="cards">
              {rows.map(([figure, name, unit]) => (
                <Card key={figure} name={name} unit={unit} values={seconds[figure]} />
              ))}
            </div>
          </div>
        ))}
    </section>
  );
}

function Card({ name, unit, values }: { name: string; unit: string; values: number[] }) {
  const highest = number.format(Math.max(...values));
  return (
    <div class="card">
      <h3>{name}</h3>
      <p class="figure">
        {number.format(values.at(-1) ?? 0)}
        {unit && <small>{unit}</small>}
      </p>
      <Sparkline
        values={values}
        label={`${name}, the last minute: at most ${highest} ${unit}`.trim()}
      />
      <p class="highest">at most {highest}</p>
    </div>
  );
}

const counted = (count: number, noun: string) =>
  `${number.format(count)} ${count === 1 ? noun : `${noun}s`}`;
