/** The values in CNTK's logs, on small data (determinism.md 7). The first epochs are enough here; `npm run reproduce` runs all. */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import type { Experiment } from "../../bench/experiments.js";
import { IN_ORDER, IN_ORDER_IN_DOUBLE, QUICK_IMAGES, SIMPLE_2D } from "../../bench/golden.js";
import { compare, readLog, type Comparison } from "../../bench/measurements.js";
import { runProgram } from "../../src/cli/program.js";

const directory = mkdtempSync(path.join(os.tmpdir(), "tscntk-golden-"));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

/** Runs the first epochs of an experiment and compares what it logs; a value that misses gives a text. */
async function misses(
  { name, parameters, commands = "", expectations }: Experiment,
  epochs: number,
) {
  let log = "";
  const [first = ""] = commands.split(":");
  const status = await runProgram(
    [
      ...parameters,
      ...[`outputDir=${path.join(directory, name)}`, `command=${first}`],
      `${first}=[SGD=[maxEpochs=${epochs}]]`,
    ],
    { stdout: () => undefined, stderr: { write: (text) => (log += text), columns: undefined } },
  );
  if (status !== 0) return [log.slice(-1000)];
  const isTrained = ({ line }: { line: string }) => {
    const epoch = /^epoch (\d+)/.exec(line)?.[1];
    return epoch !== undefined && Number(epoch) <= epochs;
  };
  const wanted = expectations.filter(isTrained);
  expect(wanted.length).toBeGreaterThan(0);
  return compare(wanted, readLog(log))
    .filter(({ passed }) => !passed)
    .map(describeMiss);
}

const describeMiss = ({ expectation: { line, node, calculated }, measured }: Comparison) =>
  `${line}, ${node}: expected ${calculated}, found ${measured ?? "nothing"}`;

describe("CNTK's log", () => {
  it.each<[string, number, Experiment]>([
    ["Simple2d OneHidden", 1, SIMPLE_2D],
    ["ParallelTraining in one process, float", 1, IN_ORDER],
    ["ParallelTraining in one process, double: every digit", 1, IN_ORDER_IN_DOUBLE],
    ["Image QuickE2E", 1, QUICK_IMAGES],
  ])(
    "is reproduced: %s, %d epochs",
    async (_, epochs, experiment) => {
      if (experiment.data === undefined || !existsSync(experiment.data)) {
        console.warn(`SKIPPED: ${experiment.name} needs ${experiment.data ?? ""}`);
        return;
      }
      expect(await misses(experiment, epochs)).toEqual([]);
    },
    60_000,
  );
});
