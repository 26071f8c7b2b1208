/**
 * How fast a text is read: `node dist/bench/reader.js FILE` with MNIST's text, seconds of the clock and of the
 * processor, each run in a process of its own.
 */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { CNTKTextFormatReader } from "../src/readers/text-format.js";
import { TEXT_FORMAT_DEFAULTS } from "../src/readers/settings.js";

const RUNS = 5;
const DIMENSIONS = [
  ["features", 784],
  ["labels", 10],
] as const;

interface Measurement {
  readonly first: number;
  readonly epoch: number;
  readonly secondEpoch: number;
  readonly processor: number;
  readonly megabytes: number;
}

/** Reads two epochs in minibatches of 128. */
function measure(file: string): Measurement {
  const seconds = () => performance.now() / 1000;
  const started = seconds();
  const before = process.cpuUsage();
  const reader = CNTKTextFormatReader(
    {
      file,
      streams: DIMENSIONS.map(([name, dimension]) => ({
        name,
        alias: name,
        dimension,
        format: "dense",
      })),
      randomization: { window: 128, unit: "chunks" },
      ...TEXT_FORMAT_DEFAULTS,
    },
    console.log,
  );
  const startEpoch = (epoch: number) => {
    reader.startEpoch({ minibatchSize: 128, epoch, epochSize: 0 });
  };
  startEpoch(0);
  reader.nextMinibatch();
  const first = seconds() - started;
  const { user, system } = process.cpuUsage(before);
  while (reader.nextMinibatch() !== undefined);
  const epoch = seconds() - started;
  startEpoch(1);
  while (reader.nextMinibatch() !== undefined);
  return {
    first,
    epoch,
    secondEpoch: seconds() - started - epoch,
    processor: (user + system) / 1e6,
    megabytes: process.resourceUsage().maxRSS / 1024,
  };
}

const [file = "data/MNIST/Train-28x28_cntk_text.txt", mode] = process.argv.slice(2);
if (!existsSync(file)) {
  console.log(`${file} is missing: tscntk install mnist --to data/MNIST`);
} else if (mode === "once") {
  console.log(JSON.stringify(measure(file)));
} else {
  const script = fileURLToPath(import.meta.url);
  const runs = Array.from({ length: RUNS }, () => {
    const { stdout } = spawnSync(process.execPath, [script, file, "once"], { encoding: "utf8" });
    // printed by `measure`
    return JSON.parse(stdout) as Measurement;
  });
  const least = (key: keyof Measurement) => Math.min(...runs.map((run) => run[key]));
  console.log(`first minibatch   ${least("first").toFixed(3)} s`);
  console.log(`  processor       ${least("processor").toFixed(3)} s`);
  console.log(`first epoch       ${least("epoch").toFixed(3)} s`);
  console.log(`second epoch      ${least("secondEpoch").toFixed(3)} s`);
  console.log(`largest memory    ${least("megabytes").toFixed(0)} MB`);
}
