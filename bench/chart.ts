/** A bar chart of how many times as fast we are as each library, as SVG; for the README. */

import { timesFaster, type WorkloadResult } from "./results.js";
import { fastest, ratios } from "./statistics.js";

const [WIDTH, LABELS, MARGIN, TITLE] = [880, 290, 60, 46];
const [BAR, GAP, GROUP_GAP] = [13, 2, 11];
/** Legible on a light and on a dark page. */
const COLOURS: Readonly<Record<string, string>> = {
  CNTK: "#3b82f6",
  PyTorch: "#ef6c33",
  JAX: "#22a06b",
};
const TEXT = "#7d8590";

interface Bar {
  readonly library: string;
  readonly value: number;
}

interface Group {
  readonly label: string;
  readonly bars: readonly Bar[];
}

/** The fastest of ours against the fastest of every library. */
function groupOf({ about, outcomes }: WorkloadResult): Group {
  const best = fastest(outcomes.filter(({ library }) => library === undefined));
  const bars = Object.keys(COLOURS).flatMap((library) => {
    const found = ratios(outcomes).find(
      ({ ours, peer }) => ours === best?.contestant && peer.startsWith(library),
    );
    return found === undefined ? [] : [{ library, value: found.value }];
  });
  return { label: about, bars };
}

const escaped = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

function text(x: number, y: number, content: string, anchor = "start"): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

/**
 * The chart: a logarithmic axis, on which the line of 1x is where a library is as fast as we are.
 * @param caption what was measured, and on which machine
 */
export function ratioChart(workloads: readonly WorkloadResult[], caption: string): string {
  const groups = workloads.map(groupOf).filter(({ bars }) => bars.length > 0);
  const values = groups.flatMap(({ bars }) => bars.map(({ value }) => value));
  const lowest = Math.min(0, ...values.map((value) => Math.log10(value)));
  const highest = Math.max(1, ...values.map((value) => Math.log10(value)));
  const scale = (WIDTH - LABELS - MARGIN) / (highest - lowest);
  const x = (value: number) => LABELS + (Math.log10(value) - lowest) * scale;
  const parts: string[] = [];
  let y = TITLE;
  for (const { label, bars } of groups) {
    const height = bars.length * (BAR + GAP);
    parts.push(text(LABELS - 10, y + height / 2 + 4, label, "end"));
    for (const { library, value } of bars) {
      const [from, to] = [Math.min(x(1), x(value)), Math.max(x(1), x(value))];
      parts.push(
        `<rect x="${from.toFixed(1)}" y="${y}" width="${(to - from).toFixed(1)}" height="${BAR}" fill="${COLOURS[library] ?? TEXT}"/>`,
        text(to + 5, y + BAR - 2, timesFaster(value)),
      );
      y += BAR + GAP;
    }
    y += GROUP_GAP;
  }
  const axis = `<line x1="${x(1).toFixed(1)}" x2="${x(1).toFixed(1)}" y1="${TITLE - 6}" y2="${y}" stroke="${TEXT}"/>`;
  const height = y + 26;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12" fill="${TEXT}">`,
    legend(),
    ...parts,
    axis,
    text(10, y + 16, caption),
    "</svg>",
    "",
  ].join("\n");
}

function legend(): string {
  const entries = Object.entries(COLOURS).map(([library, colour], index) => {
    const at = LABELS + index * 110;
    return `<rect x="${at}" y="12" width="${BAR}" height="${BAR}" fill="${colour}"/>${text(at + 20, 23, `than ${library}`)}`;
  });
  return [text(LABELS - 10, 23, "times as fast, logarithmic", "end"), ...entries].join("\n");
}
