/** Our own contestants: the program with each form of its kernels and each number of threads. */

import { createRequire } from "node:module";
import { readTrainingLog } from "./epoch-log.js";
import { lastLines, runTscntk } from "./program.js";
import { argumentsOf, OUTPUT, type Workload } from "./workloads.js";

export interface Contestant {
  readonly name: string;
  /** options of the program */
  readonly options: readonly string[];
  /** too slow for whole epochs: trains shorter ones */
  readonly isSlow: boolean;
}

const FORMS = [
  { form: "wasm", backend: "kernels" },
  { form: "native", backend: "auto" },
];

/**
 * What can be measured here.
 * @param help what the program says about its options
 * @param warn takes what is left out, and why
 */
export function ourContestants(help: string, warn: (line: string) => void): Contestant[] {
  const contestants = FORMS.flatMap(({ form, backend }) => {
    const options = ["--backend", backend];
    if (!help.includes("--threads")) return [{ name: form, options, isSlow: false }];
    return [1, 2].map((threads) => ({
      name: `${form}, ${threads} ${threads === 1 ? "thread" : "threads"}`,
      options: [...options, "--threads", `${threads}`],
      isSlow: false,
    }));
  });
  if (!help.includes("--threads")) warn("SKIPPED two threads: the program has no --threads");
  if (!isInstalled("@tensorflow/tfjs-node")) {
    warn("SKIPPED tfjs-node: the package @tensorflow/tfjs-node is not installed");
    return contestants;
  }
  return [
    ...contestants,
    { name: "tfjs-node", options: ["--backend", "tensorflow"], isSlow: true },
  ];
}

function isInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(`${name}/package.json`);
    return true;
  } catch {
    return false;
  }
}

export interface Measured {
  /** samples/s of every epoch or interval but those that warmed up */
  readonly speeds: readonly number[];
  /** of all, in order */
  readonly losses: readonly number[];
  readonly version: string;
}

/**
 * Trains whole epochs, reader included; the first warms up.
 * @param epochs how many are timed
 * @throws Error with the end of the log if the program fails
 */
export async function measureOurs(
  { name, options, isSlow }: Contestant,
  workload: Workload,
  epochs: number,
): Promise<Measured> {
  const { minibatchSize, intervalMinibatches } = workload;
  const epochSize = isSlow ? minibatchSize * intervalMinibatches : workload.epochSize;
  const args = argumentsOf(workload, {
    epochSize,
    maxEpochs: epochs + 1,
    numMBsToShowResult: Math.ceil(epochSize / minibatchSize),
    inOrder: false,
    outputDir: `${OUTPUT}/${workload.name}/${name.replaceAll(/\W+/g, "-")}`,
  });
  const { log, exitCode } = await runTscntk([...args, ...options]);
  if (exitCode !== 0) throw new Error(lastLines(log, 5));
  const { epochs: logged, engine } = readTrainingLog(log);
  return {
    speeds: logged.slice(1).map(({ samples, seconds }) => samples / seconds),
    losses: logged.map(({ loss }) => loss),
    version: engine,
  };
}
