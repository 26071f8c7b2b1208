/** Makes the Run object that the layers below share (run.ts). */

import type { Precision, Run } from "../engine/run.js";
import { ctrlC } from "./ctrl-c.js";
import { readText } from "./file-access.js";
import type { LogOutput } from "./log-output.js";
import { keepHeapSteady } from "./steady-heap.js";

export interface RunParts {
  readonly precision: Precision;
  readonly includeDirectories: readonly string[];
  readonly output: LogOutput;
  readonly engine: Run["engine"];
  /** every parameter with random values gets the same seed */
  readonly hasConstantSeed: boolean;
}

/** Everything computes on the CPU, whatever deviceId says. */
const CPU = -1;

export function makeRun({ output, hasConstantSeed, ...parts }: RunParts): Run {
  const interruption = ctrlC();
  let seed = 0;
  const count = () => ++seed;
  const skipped: ((nextSeed: () => number) => void)[] = [];
  return {
    ...parts,
    log: output.line,
    stampedLog: output.stamped,
    deviceId: CPU,
    nextSeed: () => {
      if (hasConstantSeed) return 1;
      for (const build of skipped.splice(0)) build(count);
      return count();
    },
    skipSeeds: (build) => void skipped.push(build),
    progress: output.progress,
    interruption: {
      ...interruption,
      watch: async () => {
        const obeyAtOnce = await interruption.watch();
        keepHeapSteady();
        return obeyAtOnce;
      },
    },
    readText,
  };
}
