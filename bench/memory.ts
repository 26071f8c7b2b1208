/**
 * Whether memory stays flat: trains a small network for 300 epochs and compares the most that the process holds later with
 * what it held after the fifth epoch; takes some minutes. `node dist/bench/memory.js [--backend NAME] [key=value ...]`;
 * "train=[SGD=[minibatchSize=1500]]" makes few minibatches of an epoch instead of many.
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { runProgram } from "../src/cli/program.js";
import { MersenneTwister } from "../src/random/mersenne-twister.js";

const EPOCHS = 300;
const FIRST_MEASURED = 5;
const MOST_GROWTH_MB = 20;
const SAMPLES = 3000;

/** Everything that a run may hold on to: checkpoints, validation, dropout, batch normalisation, short minibatches. */
const CONFIG = `
command = train ; modelPath = "$to$/model"
reader = { readerType = CNTKTextFormatReader ; file = "$to$/data.txt" ; input = { features = { dim = 8 ; format = dense } ; labels = { dim = 3 ; format = sparse } } }
cvReader = $reader$
BrainScriptNetworkBuilder = {
  features = Input {8} ; labels = Input {3}
  h = Dropout (BatchNormalizationLayer {} (DenseLayer {16, activation = Tanh} (features)))
  z = LinearLayer {3} (h)
  ce = CrossEntropyWithSoftmax (labels, z) ; errs = ClassificationError (labels, z)
  featureNodes = (features) ; labelNodes = (labels)
  criterionNodes = (ce) ; evaluationNodes = (errs) ; outputNodes = (z)
}
train = { action = train ; SGD = {
  maxEpochs = ${EPOCHS} ; minibatchSize = 32 ; learningRatesPerSample = 0.001 ; dropoutRate = 0.2 ; gradUpdateType = rmsProp
} }
`;

function writeInputs(to: string): void {
  const random = new MersenneTwister(1);
  const row = (label: number) => {
    const values = Array.from({ length: 8 }, () => random.below(64) / 32 - 1);
    return `|features ${values.join(" ")} |labels ${label}:1\n`;
  };
  writeFileSync(
    path.join(to, "data.txt"),
    Array.from({ length: SAMPLES }, (_, i) => row(i % 3)).join(""),
  );
  writeFileSync(path.join(to, "memory.cntk"), CONFIG);
}

interface Measurement {
  readonly epoch: number;
  readonly rss: number;
  readonly heap: number;
  readonly buffers: number;
}

/** In MB. */
function measure(epoch: number): Measurement {
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  const [inMB = 0, heap = 0, buffers = 0] = [rss, heapUsed, arrayBuffers].map((n) => n / 2 ** 20);
  return { epoch, rss: inMB, heap, buffers };
}

const describe = ({ epoch, rss, heap, buffers }: Measurement) =>
  `after epoch ${epoch}: ${rss.toFixed(1)} MB in all, ${heap.toFixed(1)} MB heap, ${buffers.toFixed(1)} MB buffers`;

async function main(args: readonly string[]): Promise<void> {
  const to = mkdtempSync(path.join(os.tmpdir(), "tscntk-memory-"));
  writeInputs(to);
  const measurements: Measurement[] = [];
  let rest = "";
  const watch = (text: string) => {
    rest = (rest + text).slice(-2000);
    const epoch = Number(/^Finished Epoch\[ *(\d+) of \d+\]: \[Training\]/m.exec(text)?.[1] ?? 0);
    if (epoch !== FIRST_MEASURED && (epoch === 0 || epoch % 25 !== 0)) return;
    measurements.push(measure(epoch));
  };
  const status = await runProgram(
    [...args, `configFile=${path.join(to, "memory.cntk")}`, `to=${to}`],
    { stdout: () => undefined, stderr: { write: watch, columns: undefined } },
  );
  rmSync(to, { recursive: true });
  for (const measurement of measurements) console.log(describe(measurement));
  const [first, last] = [measurements[0], measurements.at(-1)];
  if (status !== 0 || first === undefined || last?.epoch !== EPOCHS) {
    console.log(rest);
    process.exitCode = 1;
    return;
  }
  const growth = Math.max(...measurements.map(({ rss }) => rss)) - first.rss;
  console.log(`growth: ${growth.toFixed(1)} MB, allowed ${MOST_GROWTH_MB} MB`);
  if (growth > MOST_GROWTH_MB) process.exitCode = 1;
}

await main(process.argv.slice(2));
