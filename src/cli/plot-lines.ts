/** A small plot in text: the criterion over the epochs. */

import { printf } from "../script/printf.js";

const HEIGHT = 8;
const MOST_COLUMNS = 60;
const LABEL_WIDTH = 12;

/**
 * The plot's lines; none for less than two values.
 * @param values one per epoch
 * @param columns width of the terminal
 */
export function plotLines(name: string, values: readonly number[], columns: number): string[] {
  const finite = values.filter(Number.isFinite);
  if (finite.length < 2) return [];
  const width = Math.max(2, Math.min(MOST_COLUMNS, columns - LABEL_WIDTH - 2));
  const largest = Math.max(...finite);
  const smallest = Math.min(...finite);
  const rows = Array.from({ length: HEIGHT }, () => Array.from({ length: width }, () => " "));
  for (let column = 0; column < width; column++) {
    const value = valueAt(values, column / (width - 1));
    if (!Number.isFinite(value)) continue;
    const share = largest === smallest ? 0 : (value - smallest) / (largest - smallest);
    const row = rows[Math.round((1 - share) * (HEIGHT - 1))];
    if (row !== undefined) row[column] = "*";
  }
  const labels = new Map([
    [0, largest],
    [HEIGHT - 1, smallest],
  ]);
  const label = (value: number | undefined) =>
    (value === undefined ? "" : printf("%.6g", value)).padStart(LABEL_WIDTH - 1);
  const last = String(values.length);
  return [
    `${name} over ${last} epochs`,
    ...rows.map((row, i) => `${label(labels.get(i))} |${row.join("")}`.trimEnd()),
    `${label(undefined)} +${"-".repeat(width)}`,
    `${label(undefined)}  1${last.padStart(width - 1)}`,
  ];
}

/** The value of the epoch at a share of the way, 0 the first and 1 the last. */
const valueAt = (values: readonly number[], share: number): number =>
  values[Math.round(share * (values.length - 1))] ?? NaN;
