/** The text of an SVG file from a layout. */

import type { Look } from "./drawing.js";
import {
  FONT_SIZES,
  LINE_HEIGHTS,
  PADDING,
  textWidth,
  TITLE_HEIGHT,
  type Layout,
  type PlacedArrow,
  type PlacedBox,
  type PlacedLayer,
  type Point,
} from "./layout.js";
import { STYLE } from "./style.js";

export interface Caption {
  readonly title: string;
  readonly summary: string;
}

/** What the legend says of each look, in its order. */
const LEGEND: Readonly<Record<Look, string>> = {
  feature: "input",
  label: "label",
  plain: "operation",
  parameter: "parameter",
  output: "output",
  criterion: "criterion",
  evaluation: "evaluation",
};

/** A drawing that can be opened in a browser; colours follow its light or dark mode. */
export function svgText(layout: Layout, { title, summary }: Caption): string {
  const legend = legendOf(layout, Math.max(layout.width, 480));
  const width = Math.ceil(Math.max(layout.width, legend.width, textWidth(title, 18) + 48));
  const top = 62 + legend.height;
  const height = Math.ceil(top + layout.height);
  const left = round((width - layout.width) / 2);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="paper" width="${width}" height="${height}"/>`,
    `<text class="title" x="24" y="34">${escaped(title)}</text>`,
    `<text class="summary" x="24" y="53">${escaped(summary)}</text>`,
    ...legend.lines,
    `<g transform="translate(${left} ${round(top)})">`,
    ...layout.layers.map(({ place }) => `<rect class="layer" ${rectangle(place)} rx="10"/>`),
    ...layout.arrows.map(drawArrow),
    ...layout.layers.map(drawTitle),
    ...layout.boxes.map(drawBox),
    ...layout.arrows.map(drawArrowText),
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

const sampleOf = (style: string, x: number, middle: number) =>
  `<rect class="${style}" x="${round(x)}" y="${middle - 7}" width="22" height="14" rx="4"/>`;

/** Samples of the looks that occur, in rows. */
function legendOf(layout: Layout, room: number) {
  const used = new Set(layout.boxes.map(({ box }) => box.look));
  if (layout.boxes.some(({ box }) => box.parameters.length > 0)) used.add("parameter");
  const lines: string[] = [];
  let [x, y, widest] = [24, 74, 0];
  const add = (text: string, sample: (x: number, y: number) => string) => {
    const width = 30 + textWidth(text, FONT_SIZES.detail) + 14;
    if (x > 24 && x + width > room) [x, y] = [24, y + 20];
    lines.push(
      sample(x, y),
      `<text class="detail" x="${round(x + 28)}" y="${y + 4}">${text}</text>`,
    );
    x += width;
    widest = Math.max(widest, x);
  };
  if (layout.layers.length > 0) {
    add("layer", (left, middle) => sampleOf("layer", left, middle));
  }
  for (const [look, text] of Object.entries(LEGEND)) {
    if (![...used].some((known) => known === look)) continue;
    const style = look === "parameter" ? "pill" : `box ${look}`;
    add(text, (left, middle) => sampleOf(style, left, middle));
  }
  const line = (left: number, middle: number, width: number) =>
    `<path class="arrow" stroke-width="${width}" d="M${round(left)} ${middle}h22"/>`;
  add("shape of a sample; wider for more values", (left, middle) => line(left, middle, 5));
  if (layout.arrows.some(({ arrow }) => arrow.isDelayed)) {
    add("value of another step", (left, middle) =>
      line(left, middle, 2).replace("arrow", "arrow delayed"),
    );
  }
  return { lines, width: widest + 10, height: y - 54 };
}

/** Above the arrows: in a narrow layer one may pass below. */
function drawTitle({ title, place }: PlacedLayer): string {
  const [x, y] = [round(place.x + 10), round(place.y + TITLE_HEIGHT - 6)];
  return `<text class="layer-title" x="${x}" y="${y}">${escaped(title)}</text>`;
}

function drawBox({ box, place }: PlacedBox): string {
  const { look, operation, shortName, details, parameters } = box;
  const middle = round(place.x + place.width / 2);
  let y = place.y + PADDING;
  const line = (kind: keyof typeof LINE_HEIGHTS, style: string, text: string) => {
    y += LINE_HEIGHTS[kind];
    return `<text class="${style}" x="${middle}" y="${round(y - 4)}">${escaped(text)}</text>`;
  };
  const lines = [
    line("operation", "operation", operation),
    line("name", "name", shortName),
    ...details.map((text) => line("detail", "detail middle", text)),
  ];
  y += 4;
  const pills = parameters.map(({ name, text }) => {
    const inner = { x: place.x + PADDING, y: y + 2, width: place.width - 2 * PADDING, height: 14 };
    const label = line("parameter", "parameter-text", text);
    return `<g><title>${escaped(name)}</title><rect class="pill" ${rectangle(inner)} rx="7"/>${label}</g>`;
  });
  const frame = `<rect class="box ${look}" ${rectangle(place)} rx="6"/>`;
  return `<g><title>${escaped(box.name)}</title>${frame}${[...lines, ...pills].join("")}</g>`;
}

const HEAD_LENGTH = 9;

/** The line ends where its head begins, so that a wide line does not stick out. */
function drawArrow({ arrow, points }: PlacedArrow): string {
  const end = points.at(-1);
  const before = points.at(-2);
  if (end === undefined || before === undefined) return "";
  const length = Math.hypot(end.x - before.x, end.y - before.y) || 1;
  const along = { x: (end.x - before.x) / length, y: (end.y - before.y) / length };
  const width = 1.2 + 4.3 * Math.sqrt(arrow.share);
  const half = 3.5 + width / 2;
  const base = { x: end.x - HEAD_LENGTH * along.x, y: end.y - HEAD_LENGTH * along.y };
  const corner = (side: number) => ({ x: base.x - side * along.y, y: base.y + side * along.x });
  const head = [end, corner(half), corner(-half)].map(pair).join(" ");
  const style = arrow.isDelayed ? "arrow delayed" : "arrow";
  return (
    `<path class="${style}" stroke-width="${round(width)}" d="${curve([...points.slice(0, -1), base])}"/>` +
    `<polygon class="head" points="${head}"/>`
  );
}

/** A line through the middles between the points, rounded towards the points. */
function curve(points: readonly Point[]): string {
  const parts: string[] = [];
  for (const [index, point] of points.entries()) {
    const next = points[index + 1];
    if (index === 0) parts.push(`M${pair(point)}`);
    else if (next === undefined) parts.push(`L${pair(point)}`);
    else {
      const middle = { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 };
      parts.push(`Q${pair(point)} ${pair(middle)}`);
    }
  }
  return parts.join("");
}

function drawArrowText({ arrow, text }: PlacedArrow): string {
  const x = round(text.x + text.width / 2);
  const y = round(text.y + text.height / 2 + 4);
  return `<rect class="arrow-label" ${rectangle(text)} rx="6"/><text class="arrow-text" x="${x}" y="${y}">${escaped(arrow.text)}</text>`;
}

const round = (value: number) => Math.round(value * 10) / 10;
const pair = ({ x, y }: Point) => `${round(x)} ${round(y)}`;
const rectangle = ({ x, y, width, height }: PlacedBox["place"]) =>
  `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`;

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

/** Also replaces what XML does not allow at all. */
const escaped = (text: string) =>
  text
    .replace(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, "\ufffd")
    .replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
