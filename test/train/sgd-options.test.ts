/** Keys of the SGD section on a real network: sub-minibatches, noise, tracing, criteria by name, rollback of files. */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { runProgram } from "../../src/cli/program.js";

// each test trains once or twice, and the first one loads TensorFlow.js
jest.setTimeout(30_000);

const directory = mkdtempSync(path.join(os.tmpdir(), "tscntk-sgd-"));
afterAll(() => {
  rmSync(directory, { recursive: true });
});
const inDirectory = (name: string) => path.join(directory, name);

const CONFIG = `
command = train ; traceLevel = 1
train = {
  action = train ; modelPath = "$to$/m"
  reader = { readerType = CNTKTextFormatReader ; file = "${inDirectory("data.txt")}" ; randomize = false
    input = { features = { dim = 3 ; format = dense } ; labels = { dim = 2 ; format = dense } } }
  BrainScriptNetworkBuilder = {
    features = Input {3}
    labels = Input {2}
    h = Sigmoid (BatchNormalizationLayer {} (LinearLayer {4} (features)))
    z = LinearLayer {2} (if $normalizes$ then h else Sigmoid (LinearLayer {4} (features)))
    ce = CrossEntropyWithSoftmax (labels, z)
    square = SquareError (labels, z)
    perSample = ReduceSum (z)
    errs = ClassificationError (labels, z)
    featureNodes = (features) ; labelNodes = (labels)
    criterionNodes = (ce : square) ; evaluationNodes = (errs : square) ; outputNodes = (z : perSample)
  }
  SGD = { maxEpochs = 2 ; minibatchSize = 8 ; learningRatesPerSample = 0.05 ; numMBsToShowResult = 2 }
}
normalizes = false
`;

beforeAll(() => {
  const row = (i: number) => {
    const values = [(i * 7) % 5, (i * 3) % 4, (i * 11) % 3];
    return `|features ${values.join(" ")} |labels ${(i * 5) % 3 === 0 ? "1 0" : "0 1"}\n`;
  };
  writeFileSync(inDirectory("data.txt"), Array.from({ length: 30 }, (_, i) => row(i)).join(""));
  writeFileSync(inDirectory("sgd.cntk"), CONFIG);
});

/** Trains with more keys in the SGD section, into the folder `to`. */
async function train(to: string, sgd: string, ...more: readonly string[]) {
  let log = "";
  const status = await runProgram(
    [
      ...["--backend", "cpu", `configFile=${inDirectory("sgd.cntk")}`],
      ...[`to=${inDirectory(to)}`, `train=[SGD=[${sgd}]]`, ...more],
    ],
    { stdout: () => undefined, stderr: { write: (text) => (log += text), columns: undefined } },
  );
  const lines = log.split("\n");
  const model = inDirectory(`${to}/m`);
  return {
    status,
    lines,
    model: existsSync(model) ? readFileSync(model).toString("hex") : undefined,
    files: existsSync(inDirectory(to)) ? readdirSync(inDirectory(to)).sort() : [],
    /** criterion of every epoch */
    criteria: [...log.matchAll(/^Finished Epoch.*\[Training\] \w+ = (\S+) /gm)].map((match) =>
      Number(match[1]),
    ),
  };
}

describe("sub-minibatches", () => {
  it.each([
    ["numSubminibatches = 3", ", with 3 subminibatch.", "cpu"],
    ["maxSamplesInRAM = 3", ", with maximum 3 samples in RAM.", "cpu"],
    ["numSubminibatches = 100", ", with 100 subminibatch.", "cpu"],
    // an engine whose parameters and gradients have a place of their own
    ["numSubminibatches = 3", ", with 3 subminibatch.", "kernels"],
  ])("%s gives what whole minibatches give, up to rounding", async (sgd, note, backend) => {
    const engine = ["makeMode=false", `--backend=${backend}`];
    const whole = await train("whole", "", ...engine);
    const split = await train("split", sgd, ...engine);
    expect(split.status).toBe(0);
    expect(split.lines).toContain(`Starting minibatch loop${note}`);
    expect(split.criteria).toHaveLength(2);
    for (const [i, criterion] of split.criteria.entries()) {
      expect(criterion).toBeCloseTo(whole.criteria[i] ?? NaN, 5);
    }
  });
});

describe("noise", () => {
  it("changes the result, in the same way every time, also after a resume", async () => {
    const still = await train("still", "");
    const noisy = await train(
      "noisy",
      "gaussianNoiseInjectStd = 0.01 ; keepCheckPointFiles = true",
    );
    const again = await train(
      "again",
      "gaussianNoiseInjectStd = 0.01 ; keepCheckPointFiles = true",
    );
    expect(noisy.model).not.toBe(still.model);
    expect(again.model).toBe(noisy.model);
    rmSync(inDirectory("again/m"));
    const resumed = await train("again", "gaussianNoiseInjectStd = 0.01");
    expect(resumed.lines.some((line) => line.startsWith("Starting Epoch 1"))).toBe(false);
    expect(resumed.model).toBe(noisy.model);
  });
});

describe("criteria", () => {
  it("trains the first of several and lists all", async () => {
    const { lines } = await train("criteria", "maxEpochs = 1");
    expect(lines).toEqual(
      expect.arrayContaining([
        "Training criteria:",
        "\tce = CrossEntropyWithSoftmax",
        "\tsquare = SquareError",
        "Evaluation criterion: errs = ClassificationError",
        expect.stringMatching(/^Finished Epoch\[ 1 of 1\]: \[Training\] ce = \S+ \* 30; errs = /),
      ]),
    );
  });

  it("trains the one chosen by name", async () => {
    const { lines } = await train(
      "named",
      "maxEpochs = 1 ; trainCriterionNodeName = square ; evalCriterionNodeName = ce",
    );
    expect(lines).toContain("Training criterion:   square = SquareError");
    expect(lines).toContain("Evaluation criterion: ce = CrossEntropyWithSoftmax");
    expect(lines.join("\n")).toMatch(/\[Training\] square = \S+ \* 30; ce = \S+ \* 30; total/);
  });

  it("refuses one with a value per sample", async () => {
    const { status, lines } = await train("refused", "trainCriterionNodeName = perSample");
    expect(status).toBe(1);
    expect(lines.join("\n")).toContain(
      "perSample ReduceElements operation is not a valid training or eval criterion node.",
    );
  });
});

describe("tracing", () => {
  it("prints values at every minibatch", async () => {
    const { lines } = await train(
      "traced",
      "maxEpochs = 1 ; traceNodeNamesReal = labels ; traceNodeNamesCategory = labels ; traceNodeNamesSparse = labels",
    );
    const start = lines.indexOf("Minibatch 1: labels = InputValue : [2]");
    expect(lines.slice(start, start + 3)).toEqual([
      "Minibatch 1: labels = InputValue : [2]",
      "\t1 0",
      "\t0 1",
    ]);
    expect(lines.filter((line) => line === "\t0:1")).toHaveLength(10);
    expect(lines.filter((line) => line === "\t1")).toHaveLength(20);
  });

  it("suggests the nearest name", async () => {
    const { status, lines } = await train("untraced", "traceNodeNamesReal = label");
    expect(status).toBe(1);
    expect(lines.join("\n")).toMatch(/no node named 'label'\n {2}hint: did you mean 'labels'\?/);
  });
});

describe("batch normalization", () => {
  it("takes time constants from the schedule", async () => {
    const { lines } = await train(
      "normalized",
      "batchNormalizationTimeConstant = 0:100 ; batchNormalizationBlendTimeConstant = 50",
      "normalizes=true",
    );
    expect(
      lines.filter((line) => line.startsWith("Setting batch") || line.startsWith("Starting E")),
    ).toEqual([
      "Setting batch normalization blend time constant to 50.",
      expect.stringMatching(/^Starting Epoch 1/),
      "Setting batch normalization time constant to 100.",
      expect.stringMatching(/^Starting Epoch 2/),
    ]);
  });
});

describe("the gradient check", () => {
  it("needs double precision", async () => {
    const { status, lines } = await train("unchecked", "gradientcheck = true");
    expect(status).toBe(1);
    expect(lines.join("\n")).toContain("Gradient check needs to use precision = 'double'.");
  });

  it.each(["false", "true"])("passes, with batch normalization: %s", async (normalizes) => {
    const { status, criteria } = await train(
      `checked-${normalizes}`,
      "maxEpochs = 1 ; minibatchSize = 30 ; gradientcheck = true ; sigFigs = 5",
      "precision=double",
      `normalizes=${normalizes}`,
    );
    expect(status).toBe(0);
    const plain = await train(
      `plain-${normalizes}`,
      "maxEpochs = 1 ; minibatchSize = 30",
      "precision=double",
      `normalizes=${normalizes}`,
    );
    expect(criteria).toEqual(plain.criteria);
  });

  it("shows where CNTK's gradient is not the derivative", async () => {
    // the gradient of the cross entropy takes labels to sum to 1
    const text = readFileSync(inDirectory("data.txt"), "utf8").replaceAll("|labels 1", "|labels 2");
    writeFileSync(inDirectory("doubled.txt"), text);
    const { status, lines } = await train(
      "failed",
      "gradientcheck = true",
      "precision=double",
      `train=[reader=[file=${inDirectory("doubled.txt")}]]`,
    );
    expect(status).toBe(1);
    expect(lines.join("\n")).toMatch(
      /cannot pass gradient checker: '\S+' element 0: numeric gradient \S+, computed \S+; .*; and \d+ more/,
    );
  });
});

describe("adjustAfterEpoch", () => {
  const sgd =
    "maxEpochs = 5 ; learningRatesPerSample = 3 ; momentumPerMB = 0 ; AutoAdjust = [autoAdjustLR = adjustAfterEpoch]";

  it("goes back to saved models, and continues where it was stopped", async () => {
    const whole = await train("adjusted", `${sgd} ; keepCheckPointFiles = true`);
    expect(whole.status).toBe(0);
    expect(whole.lines.filter((line) => line.startsWith("Loading (rolling back"))).not.toEqual([]);
    expect(whole.files).toEqual([
      ...["m", "m.0", "m.1", "m.1.ckp", "m.2", "m.2.ckp", "m.3", "m.3.ckp", "m.4", "m.4.ckp"],
      "m.ckp",
    ]);
    rmSync(inDirectory("adjusted/m"));
    rmSync(inDirectory("adjusted/m.4"));
    const resumed = await train("adjusted", sgd);
    expect(resumed.lines).toContain(
      `Starting from checkpoint. Loading network from '${inDirectory("adjusted/m.3")}'.`,
    );
    expect(resumed.model).toBe(whole.model);
  });
});

describe("searchBeforeEpoch", () => {
  it("finds rates without any in the config, and leaves the models alone while it tries", async () => {
    const { status, lines, files } = await train(
      "searched",
      "maxEpochs = 2 ; AutoAdjust = [autoAdjustLR = searchBeforeEpoch ; numSamples4Search = 16]",
    );
    expect(status).toBe(0);
    expect(files).toEqual(["m", "m.0", "m.1", "m.ckp"]);
    const found = lines.filter((line) => line.startsWith(" SearchForBestLearnRate"));
    expect(found).toHaveLength(1);
  });
});
