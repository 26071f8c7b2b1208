/**
 * `npm run reproduce [-- NAME ... --OPTION ...]`: runs the experiments through the program and compares what it logs. What
 * follows the names from the first option on is the program's: `--threads 1`, `--backend kernels`.
 */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { EXPERIMENTS, type Experiment } from "./experiments.js";
import { compare, readLog, renderTable } from "./measurements.js";

const PROGRAM = "dist/src/cli/main.js";
const MNIST = "data/MNIST/Train-28x28_cntk_text.txt";

/** Runs the program on one experiment and gives what it logged. */
async function run(
  experiment: Experiment,
  options: readonly string[],
): Promise<{ log: string; exitCode: number | null }> {
  const overrides = [
    `outputDir=output/reproduce/${experiment.name}`,
    "makeMode=false",
    `command=${experiment.commands ?? "trainNetwork:testNetwork"}`,
  ];
  const child = spawn(
    process.execPath,
    [PROGRAM, ...experiment.parameters, ...overrides, ...options],
    {
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  const chunks: Buffer[] = [];
  child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  return { log: Buffer.concat(chunks).toString("utf8"), exitCode };
}

/** Prints the table of one experiment; true if every value is within its tolerance. */
async function reproduce(experiment: Experiment, options: readonly string[]): Promise<boolean> {
  console.log(`\n${experiment.name}: ${experiment.about}`);
  console.log(`  tscntk ${[...experiment.parameters, ...options].join(" ")}\n`);
  const start = performance.now();
  const { log, exitCode } = await run(experiment, options);
  const seconds = (performance.now() - start) / 1000;
  if (exitCode !== 0) {
    console.log(log.trimEnd().split("\n").slice(-12).join("\n"));
    console.log(`FAILED: the program ended with exit code ${exitCode ?? "none"}`);
    return false;
  }
  const comparisons = compare(experiment.expectations, readLog(log));
  console.log(renderTable(comparisons));
  const failures = comparisons.filter((comparison) => !comparison.passed).length;
  const verdict = failures === 0 ? "reproduced" : `${failures} of ${comparisons.length} FAILED`;
  console.log(`${verdict}, ${seconds.toFixed(1)} s`);
  return failures === 0;
}

/** The experiments asked for, all of them without names; undefined, and a message, for an unknown name. */
function chosen(names: readonly string[]): readonly Experiment[] | undefined {
  const known = EXPERIMENTS.map((experiment) => experiment.name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    console.error(`unknown experiment ${unknown.join(", ")}; there are: ${known.join(", ")}`);
    return undefined;
  }
  return names.length === 0 ? EXPERIMENTS : EXPERIMENTS.filter(({ name }) => names.includes(name));
}

/** Runs what has its data. @returns the names of those that were skipped and of those that failed */
async function reproduceAll(
  experiments: readonly Experiment[],
  options: readonly string[],
): Promise<{ readonly skipped: string[]; readonly failed: string[] }> {
  const skipped: string[] = [];
  const failed: string[] = [];
  for (const experiment of experiments) {
    const { name, data = MNIST } = experiment;
    if (existsSync(data)) {
      if (!(await reproduce(experiment, options))) failed.push(name);
      continue;
    }
    console.log(`\n${name}: SKIPPED, ${data} is missing`);
    skipped.push(name);
  }
  return { skipped, failed };
}

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const begin = args.findIndex((arg) => arg.startsWith("-"));
  const [names, options] = begin < 0 ? [args, []] : [args.slice(0, begin), args.slice(begin)];
  const experiments = chosen(names);
  const missing = [PROGRAM, MNIST].find((file) => !existsSync(file));
  if (experiments === undefined || missing !== undefined) {
    if (missing !== undefined)
      console.error(`${missing} is missing; run in the repository, after npm start`);
    process.exitCode = 1;
    return;
  }
  const { skipped, failed } = await reproduceAll(experiments, options);
  const run = experiments.length - skipped.length;
  const omitted = skipped.length === 0 ? "" : `, skipped: ${skipped.join(", ")}`;
  const summary = failed.length === 0 ? "all reproduced" : `FAILED: ${failed.join(", ")}`;
  console.log(`\n${run} experiments, ${summary}${omitted}`);
  if (failed.length > 0) process.exitCode = 1;
}

await main();
