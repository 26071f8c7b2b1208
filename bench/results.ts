/** The results of `npm run bench`: as tables in Markdown, and as JSON. */

import { machineLine, type Machine } from "./machine.js";
import { fastest, median, ratios, speedOf, type Outcome } from "./statistics.js";
import type { WholeOutcome } from "./whole-program.js";

export interface WorkloadResult {
  readonly name: string;
  readonly about: string;
  readonly outcomes: readonly Outcome[];
}

export interface Results {
  readonly date: string;
  readonly machine: Machine;
  readonly rounds: number;
  readonly epochs: number;
  readonly workloads: readonly WorkloadResult[];
  /** undefined if it was not measured */
  readonly whole: readonly WholeOutcome[] | undefined;
  /** what was skipped, and what disturbed the measurement */
  readonly warnings: readonly string[];
}

/** Figures, rounded to what they mean: three digits. */
export function rounded(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const digits = Math.max(0, Math.floor(Math.log10(Math.abs(value) || 1)) - 2);
  const unit = 10 ** digits;
  return (Math.round(value / unit) * unit).toLocaleString("en", { maximumFractionDigits: 0 });
}

export const timesFaster = (value: number) =>
  value >= 10 ? `${value.toFixed(0)}x` : `${value.toFixed(2)}x`;

type Row = readonly string[];

/** A Markdown table with aligned columns; all but the first are numbers. */
export function markdownTable(header: Row, rows: readonly Row[]): string {
  const widths = header.map((title, column) =>
    Math.max(...[title, ...rows.map((row) => row[column] ?? "")].map((cell) => cell.length), 3),
  );
  const line = (row: Row) =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(" | ")} |`;
  const rule = widths.map((width, column) =>
    column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  return [line(header), line(rule), ...rows.map(line)].join("\n");
}

/** Samples/s of everyone in every workload. */
export function speedTable(workloads: readonly WorkloadResult[]): string {
  const names = [
    ...new Set(workloads.flatMap(({ outcomes }) => outcomes.map(({ contestant }) => contestant))),
  ];
  const rows = workloads.map(({ about, outcomes }) => [
    about,
    ...names.map((name) => {
      const outcome = outcomes.find(({ contestant }) => contestant === name);
      if (outcome === undefined) return "";
      return outcome.failure === undefined ? rounded(speedOf(outcome)) : "FAILED";
    }),
  ]);
  return markdownTable(["samples/s", ...names], rows);
}

/** The fastest of ours against the fastest of every library. */
export function ratioTable(workloads: readonly WorkloadResult[]): string {
  const libraries = [
    ...new Set(
      workloads.flatMap(({ outcomes }) => outcomes.flatMap(({ library }) => library ?? [])),
    ),
  ];
  const rows = workloads.map(({ about, outcomes }) => {
    const best = fastest(outcomes.filter(({ library }) => library === undefined));
    const found = ratios(outcomes).filter(({ ours }) => ours === best?.contestant);
    return [
      about,
      best?.contestant ?? "-",
      ...libraries.map((library) => {
        const ratio = found.find(({ peer }) => peer.startsWith(library));
        return ratio === undefined ? "" : `${timesFaster(ratio.value)} (${ratio.peer})`;
      }),
    ];
  });
  return markdownTable(["times as fast", "ours", ...libraries.map((name) => `as ${name}`)], rows);
}

/** Losses, first and last, and how far peers are from us on the same minibatches. */
export function lossTable(workloads: readonly WorkloadResult[]): string {
  const rows = workloads.flatMap(({ name, outcomes }) =>
    outcomes.map(({ contestant, losses, lossDifference, failure }) => [
      `${name}, ${contestant}`,
      losses[0]?.toFixed(5) ?? "-",
      losses.at(-1)?.toFixed(5) ?? "-",
      Number.isNaN(lossDifference) ? "" : lossDifference.toExponential(1),
      failure === undefined ? "ok" : "FAILED",
    ]),
  );
  return markdownTable(["loss", "first", "last", "difference to ours", ""], rows);
}

/** Seconds from start to end, and memory. */
export function wholeTable(outcomes: readonly WholeOutcome[]): string {
  const best = Math.min(...outcomes.map(({ seconds }) => median(seconds)));
  const rows = outcomes.map(({ contestant, seconds, peakMB, losses, failure }) => [
    contestant,
    median(seconds).toFixed(2),
    timesFaster(median(seconds) / best),
    rounded(peakMB),
    losses.at(-1)?.toFixed(5) ?? "-",
    failure === undefined ? "ok" : "FAILED",
  ]);
  return markdownTable(["07 whole", "s", "of the best", "MB", "last loss", ""], rows);
}

/** Everything that a reader of the terminal wants. */
export function renderResults(results: Results): string {
  const { date, machine, rounds, epochs, workloads, whole, warnings } = results;
  const method = `Median of ${rounds * epochs} epochs in ${rounds} ${rounds === 1 ? "round" : "rounds"}, contestants in turn; ${date}`;
  const engines = [
    ...new Set(workloads.flatMap(({ outcomes }) => outcomes.map(({ version }) => version))),
  ];
  const sections = [
    [machineLine(machine), method, ...engines.filter((engine) => engine !== "")].join("\n"),
    ...(workloads.length === 0
      ? []
      : [speedTable(workloads), ratioTable(workloads), lossTable(workloads)]),
    ...(whole === undefined ? [] : [wholeTable(whole)]),
    ...(warnings.length === 0 ? [] : [[...new Set(warnings)].join("\n")]),
  ];
  return sections.join("\n\n");
}

/** The names of those that failed. */
export function failures({
  workloads,
  whole = [],
}: Pick<Results, "workloads" | "whole">): string[] {
  return [
    ...workloads.flatMap(({ name, outcomes }) =>
      outcomes
        .filter(({ failure }) => failure !== undefined)
        .map(({ contestant }) => `${name}, ${contestant}`),
    ),
    ...whole
      .filter(({ failure }) => failure !== undefined)
      .map(({ contestant }) => `whole, ${contestant}`),
  ];
}
