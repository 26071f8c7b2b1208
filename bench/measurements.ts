/** Reads the values that a run logged and compares them with what was expected. */

import type { Expectation } from "./experiments.js";

/** Values by line and node; percentages as percent. */
export type Measurements = ReadonlyMap<string, number>;

const key = (line: string, node: string) => `${line}: ${node}`;

/** The values in a CNTK log: of the shown minibatches, the epochs and the test. */
export function readLog(log: string): Measurements {
  const found = new Map<string, number>();
  for (const text of log.split("\n")) {
    const line = logLine(text);
    if (line === undefined) continue;
    for (const item of text.matchAll(/([^\s;:]+) = ([-+.\w]+)(%?) \* \d+/g)) {
      found.set(key(line, item[1] ?? ""), Number(item[2]));
    }
  }
  return found;
}

function logLine(text: string): string | undefined {
  const minibatches = / Epoch\[ *(\d+) of \d+\]-Minibatch\[ *(\d+)- *(\d+)/.exec(text);
  if (minibatches !== null) {
    const [, epoch, first, last] = minibatches;
    return `epoch ${epoch ?? ""}, minibatches ${first ?? ""}-${last ?? ""}`;
  }
  const epoch = /^Finished Epoch\[ *(\d+) of \d+\]/.exec(text);
  if (epoch !== null) return `epoch ${epoch[1] ?? ""}`;
  return text.startsWith("Final Results:") ? "test" : undefined;
}

export interface Comparison {
  readonly expectation: Expectation;
  /** undefined if the log lacks the line */
  readonly measured: number | undefined;
  /** |measured - calculated| / calculated */
  readonly difference: number;
  readonly passed: boolean;
}

export function compare(
  expectations: readonly Expectation[],
  measurements: Measurements,
): Comparison[] {
  return expectations.map((expectation) => {
    const { line, node, calculated, tolerance } = expectation;
    const measured = measurements.get(key(line, node));
    const difference =
      measured === undefined ? NaN : Math.abs(measured - calculated) / Math.abs(calculated);
    // half of the last printed digit: what the log cannot show, it cannot miss
    const rounding = (node.endsWith("s") ? 0.0005 : 0.5e-8) / Math.abs(calculated);
    return { expectation, measured, difference, passed: difference <= tolerance + rounding };
  });
}

/** The comparisons as a table for the terminal. */
export function renderTable(comparisons: readonly Comparison[]): string {
  const header = ["", "", "documented", "calculated", "measured", "difference", "allowed", ""];
  const rows = comparisons.map(({ expectation, measured, difference, passed }) => [
    expectation.line,
    expectation.node,
    expectation.documented ?? "-",
    printValue(expectation.calculated, expectation.node),
    measured === undefined ? "missing" : printValue(measured, expectation.node),
    measured === undefined ? "-" : difference.toExponential(1),
    expectation.tolerance.toExponential(0),
    passed ? "ok" : "FAILED",
  ]);
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const isText = (column: number) => column < 2 || column === header.length - 1;
  return [header, ...rows]
    .map((row) =>
      row
        .map((cell, column) =>
          isText(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** As the log prints it: percent for a node whose name ends in s. */
function printValue(value: number, node: string): string {
  return node.endsWith("s") ? `${value.toFixed(3)}%` : value.toFixed(8);
}
