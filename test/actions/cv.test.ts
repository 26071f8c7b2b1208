/** Action `cv`: which models are evaluated, and which is the best. */

import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { saveModelFile } from "../../src/train/checkpoint.js";
import { networkFromScript } from "../network/script-network.js";
import { runAction } from "./run-action.js";

const directory = mkdtempSync(path.join(tmpdir(), "cv-"));
const inDirectory = (name: string) => path.join(directory, name);
const modelPath = inDirectory("m.dnn");
afterAll(() => rmSync(directory, { recursive: true }));

/** A model that predicts `slope` x; the data are y = 2 x. */
function saveModel(name: string, slope: number): void {
  const { network } = networkFromScript(`
    x = Input {1}
    y = Input {1}
    a = ParameterTensor {(1), initValue = ${slope}}
    error = SquareError (y, a .* x)
    distances = Abs (y - a .* x)
    featureNodes = (x) ; labelNodes = (y) ; criterionNodes = (error) ; evaluationNodes = (distances)`);
  saveModelFile(inDirectory(name), network, "float");
}

beforeAll(() => {
  writeFileSync(inDirectory("data.txt"), "|x 1 |y 2\n|x 2 |y 4\n|x -1 |y -2\n|x 4 |y 8\n");
  saveModel("worse", 1);
  saveModel("good", 2.5);
});
beforeEach(() => {
  for (const suffix of ["", ".1", ".2", ".3", ".5"]) rmSync(modelPath + suffix, { force: true });
});

const keysOf = (keys: string) => `action = cv ; modelPath = "${modelPath}" ; minibatchSize = 3
  reader = [ readerType = CNTKTextFormatReader ; file = "${inDirectory("data.txt")}" ; randomize = none
    input = [ x = [ dim = 1 ; format = dense ] ; y = [ dim = 1 ; format = dense ] ] ]
  ${keys}`;

const DEFAULT_NODES =
  "evalNodeNames are not specified, using all the default evalnodes and training criterion nodes.";

describe("cv", () => {
  it("evaluates the models of an interval and names the best for each node, the first of equals", async () => {
    copyFileSync(inDirectory("worse"), `${modelPath}.1`);
    copyFileSync(inDirectory("good"), `${modelPath}.3`);
    copyFileSync(inDirectory("good"), `${modelPath}.5`);
    expect(await runAction(keysOf("crossValidationInterval = 1:2:6"))).toEqual([
      `Model ${modelPath}.1 --> `,
      DEFAULT_NODES,
      "Final Results: Minibatch[1-2]: distances = 200.000% * 4; error = 5.50000000 * 4",
      `Model ${modelPath}.3 --> `,
      DEFAULT_NODES,
      "Final Results: Minibatch[1-2]: distances = 100.000% * 4; error = 1.37500000 * 4",
      `Model ${modelPath}.5 --> `,
      DEFAULT_NODES,
      "Final Results: Minibatch[1-2]: distances = 100.000% * 4; error = 1.37500000 * 4",
      "Best models:",
      "------------",
      `Based on Err[0]: Best model = ${modelPath}.3 with min err 1`,
      `Based on Err[1]: Best model = ${modelPath}.3 with min err 1.375`,
    ]);
  });

  it("takes the final model once for those that are missing", async () => {
    copyFileSync(inDirectory("good"), modelPath);
    copyFileSync(inDirectory("worse"), `${modelPath}.2`);
    const log = await runAction(
      keysOf("crossValidationInterval = 1:1:3 ; evalNodeNames = error ; traceLevel = 1"),
    );
    expect(log.filter((line) => /Model |Based|Minibatch\[/.test(line))).toEqual([
      `Model ${modelPath}.1 does not exist.`,
      `Model ${modelPath} --> `,
      "Minibatch[1-2]: error = 1.37500000 * 4",
      "Final Results: Minibatch[1-2]: error = 1.37500000 * 4",
      `Model ${modelPath}.2 --> `,
      "Minibatch[1-2]: error = 5.50000000 * 4",
      "Final Results: Minibatch[1-2]: error = 5.50000000 * 4",
      `Model ${modelPath}.3 does not exist.`,
      `Based on Err[0]: Best model = ${modelPath} with min err 1.375`,
    ]);
  });

  it.each([
    { keys: "crossValidationInterval = 1:1:3", message: /^No model is evaluated\.$/ },
    { keys: "crossValidationInterval = 4:1:3", message: /^No model is evaluated\.$/ },
    { keys: "crossValidationInterval = 1:3", message: /expected start:step:end, found 1:3/ },
    { keys: "crossValidationInterval = 1:0:3", message: /expected start:step:end, found 1:0:3/ },
    { keys: "", message: /crossValidationInterval: required, but missing/ },
  ])("refuses '$keys'", async ({ keys, message }) => {
    await expect(runAction(keysOf(keys))).rejects.toThrow(message);
  });
});
