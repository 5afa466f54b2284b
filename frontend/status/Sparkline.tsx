import { statusSeconds } from "@/chat/protocol.ts";

const height = 32;

/** A minute as a line; the newest second is at its right end, and zero at the bottom. */
export function Sparkline({ values, label }: { values: number[]; label: string }) {
  const last = statusSeconds - 1;
  const highest = Math.max(...values, 0) || 1;
  const points = values.map((value, n) => {
    const y = height - 1 - value / highest * (height - 2);
    return `${last - (values.length - 1) + n},${y.toFixed(1)}`;
  });
  const start = last - (values.length - 1);
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${last} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <polygon points={`${start},${height} ${points.join(" ")} ${last},${height}`} />
      <polyline points={points.join(" ")} />
    </svg>
  );
}
