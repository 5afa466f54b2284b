// @ts-types="@types/d3-scale"
import { scaleLinear, scaleLog } from "d3-scale";

/** How something grows with a size. */
export interface Chart {
  title: string;
  /** What the points lie at; its axis is logarithmic. */
  x: string;
  /** The axis begins at 0. */
  y: string;
  lines: { name: string; points: [x: number, y: number][] }[];
}

const [width, height] = [720, 320];
const edge = { top: 48, right: 190, bottom: 48, left: 64 };
const colors = ["#2f6fde", "#d1600f", "#2c8a57", "#a443b8", "#b3261e"];

/** Reads on a light and on a dark page. */
const style = `
  text { font: 12px system-ui, sans-serif; fill: #444 }
  .title { font-size: 14px; font-weight: 600 }
  .grid { stroke: #888; stroke-opacity: 0.25 }
  @media (prefers-color-scheme: dark) { text { fill: #ccc } }
`;

/** Draws it as SVG. */
export function drawChart({ title, x: xName, y: yName, lines }: Chart): string {
  const points = lines.flatMap((line) => line.points);
  const sizes = [...new Set(points.map(([x]) => x))];
  const right = width - edge.right;
  const bottom = height - edge.bottom;
  const x = scaleLog().domain([Math.min(...sizes), Math.max(...sizes)]).range([edge.left, right]);
  const y = scaleLinear().domain([0, Math.max(...points.map(([, y]) => y))]).nice()
    .range([bottom, edge.top]);
  const count = new Intl.NumberFormat("en", { notation: "compact" });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${title}</title><style>${style}</style>`,
    text(edge.left, 20, title, ` class="title"`),
    text(edge.left, 38, yName),
    text((edge.left + right) / 2, height - 8, xName, ` text-anchor="middle"`),
    ...y.ticks(5).flatMap((tick) => [
      `<path class="grid" d="M${edge.left} ${round(y(tick))}H${right}"/>`,
      text(edge.left - 8, y(tick) + 4, count.format(tick), ` text-anchor="end"`),
    ]),
    ...sizes.map((size) => text(x(size), bottom + 18, count.format(size), ` text-anchor="middle"`)),
    ...lines.flatMap(({ name, points }, n) => {
      const places = points.map(([at, value]) => [round(x(at)), round(y(value))]);
      const color = colors[n % colors.length];
      return [
        `<polyline fill="none" stroke="${color}" stroke-width="2" points="${places.join(" ")}"/>`,
        ...places.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3" fill="${color}"/>`),
        `<path stroke="${color}" stroke-width="2" d="M${right + 14} ${legendY(n) - 4}h16"/>`,
        text(right + 36, legendY(n), name),
      ];
    }),
    "</svg>\n",
  ].join("\n");
}

const legendY = (n: number) => edge.top + 12 + n * 20;

const text = (x: number, y: number, content: string, attributes = "") =>
  `<text x="${round(x)}" y="${round(y)}"${attributes}>${content}</text>`;

const round = (number: number) => Math.round(number * 10) / 10;
