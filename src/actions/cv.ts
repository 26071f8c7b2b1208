/** Action `cv`: evaluates the models that a training left after its epochs, and names the best (actions.md 4). */

import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { CntkError } from "../../grammar/errors.js";
import type { Section } from "../config/section.js";
import type { Run } from "../engine/run.js";
import { createReader } from "../readers/index.js";
import { printf } from "../script/printf.js";
import { evaluateNodes } from "../train/evaluation.js";
import type { CriterionItem } from "../train/log-format.js";
import { networkFromFile } from "./network-source.js";
import { nodesToEvaluate, testSettings } from "./test.js";

/** The keys of the section itself. @throws CntkError "configuring" */
export function cvSettings(section: Section) {
  const modelPath = section.string("modelPath");
  const epochs = epochsToEvaluate(section);
  return {
    modelPath,
    epochs,
    /** what a check looks at */
    firstModel: firstExisting({ modelPath, epochs }) ?? modelPath,
    secondsBetweenRuns: section.integer("sleepTimeBetweenRuns", 0),
    ...testSettings(section),
  };
}

/** `start:step:end`, the end included. */
function epochsToEvaluate(section: Section): number[] {
  const key = "crossValidationInterval";
  const { values } = section.schedule(key, "integer");
  const [start = 0, step = 0, end = 0] = values;
  if (values.length !== 3 || start < 0 || step < 1) {
    throw section.error(
      key,
      `expected start:step:end, found ${values.join(":")}`,
      "2:2:6 evaluates the models after epochs 2, 4 and 6",
    );
  }
  return Array.from({ length: Math.max(0, Math.floor((end - start) / step) + 1) }, (_, index) => {
    return start + index * step;
  });
}

interface Result {
  readonly file: string;
  readonly items: readonly CriterionItem[];
}

export async function cvAction(section: Section, run: Run): Promise<void> {
  const settings = cvSettings(section);
  const { modelPath, secondsBetweenRuns, traceLevel, evalNodeNames } = settings;
  // all models see the data in the order in which the reader goes on
  const reader = await createReader(section.section("reader"), { log: run.log, traceLevel });
  const results: Result[] = [];
  for (const file of modelsToEvaluate(settings, run.log)) {
    if (results.length > 0 && secondsBetweenRuns > 0) await sleep(1000 * secondsBetweenRuns);
    run.log(`Model ${file} --> `);
    const network = networkFromFile(file, section, run);
    const nodes = nodesToEvaluate(network, evalNodeNames, run.log);
    const items = evaluateNodes({
      ...settings,
      engine: await run.engine(network),
      network,
      nodes,
      reader,
      showsIntermediate: traceLevel > 0,
      stampedLog: run.stampedLog,
    });
    results.push({ file, items });
  }
  if (results.length === 0) {
    throw new CntkError("running", "No model is evaluated.", {
      hint: `neither '${modelPath}' nor a model of the epochs in crossValidationInterval exists`,
    });
  }
  run.log("Best models:");
  run.log("------------");
  for (const line of bestModels(results)) run.log(line);
}

interface Models {
  readonly modelPath: string;
  readonly epochs: readonly number[];
}

const firstExisting = ({ modelPath, epochs }: Models) =>
  epochs.map((epoch) => `${modelPath}.${epoch}`).find((file) => existsSync(file));

/** The file of each epoch; instead of missing ones, once, the final model. */
function* modelsToEvaluate(
  { modelPath, epochs }: Models,
  log: (text: string) => void,
): Generator<string> {
  let isFinalEvaluated = false;
  for (const epoch of epochs) {
    const file = `${modelPath}.${epoch}`;
    if (existsSync(file)) {
      yield file;
      continue;
    }
    log(`Model ${file} does not exist.`);
    if (isFinalEvaluated || !existsSync(modelPath)) continue;
    isFinalEvaluated = true;
    yield modelPath;
  }
}

/** For each node, the first model with the least value. */
function bestModels(results: readonly Result[]): string[] {
  const count = results[0]?.items.length ?? 0;
  return Array.from({ length: count }, (_, index) => {
    const valueOf = ({ items }: Result) => items[index]?.value ?? Infinity;
    const best = results.reduce((one, other) => (valueOf(other) < valueOf(one) ? other : one));
    return printf(
      "Based on Err[%d]: Best model = %s with min err %.8g",
      ...[index, best.file, valueOf(best)],
    );
  });
}
