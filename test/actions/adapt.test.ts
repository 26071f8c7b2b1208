/** Action `adapt`: every step of a small one by hand, resume, and what it refuses. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import { runProgram } from "../../src/cli/program.js";
import { loadModelFile, saveModelFile } from "../../src/train/checkpoint.js";
import { findNode } from "../../src/network/network.js";
import { networkFromScript } from "../network/script-network.js";
import { runAction } from "./run-action.js";

const directory = mkdtempSync(path.join(tmpdir(), "adapt-"));
const inDirectory = (name: string) => path.join(directory, name);
afterAll(() => {
  rmSync(directory, { recursive: true });
});

/** The original W, [2 x 2] by rows. */
const ORIGINAL = [
  [0.5, -0.25],
  [-0.75, 1],
] as const;
const original = inDirectory("original.dnn");
saveModelFile(
  original,
  networkFromScript(`
    features = Input {2} ; labels = Input {2}
    W = ParameterTensor {(2:2), init = "fromLiteral", initFromLiteral = "0.5 -0.25\n-0.75 1"}
    z = W * features ; p = Softmax (z) ; ce = CrossEntropyWithSoftmax (labels, z)
    featureNodes = (features) ; labelNodes = (labels) ; criterionNodes = (ce) ; outputNodes = (p)`)
    .network,
  "double",
);

interface Sample {
  readonly x: readonly [number, number];
  readonly label: 0 | 1;
}
const SAMPLES: readonly Sample[] = [
  { x: [1, 0.1], label: 0 },
  { x: [-0.3, 2], label: 0 },
  { x: [0.7, -1], label: 1 },
  { x: [0.2, 0.4], label: 1 },
];
const LABELS = { dense: ["1 0", "0 1"], sparse: ["0:1", "1:1"] } as const;
const RATE = Math.fround(0.25);

for (const format of ["dense", "sparse"] as const) {
  const rows = SAMPLES.map(
    ({ x, label }) => `|features ${x.join(" ")} |labels ${LABELS[format][label]}\n`,
  );
  writeFileSync(inDirectory(`${format}.txt`), rows.join(""));
}

const keysOf = (to: string, sgd: string, format = "dense", more = "") => `action = adapt
  precision = double ; origModelFileName = "${original}" ; refNodeName = p ; ${more}
  reader = [ readerType = CNTKTextFormatReader ; file = "${inDirectory(`${format}.txt`)}" ; randomize = false
    input = [ features = [ dim = 2 ; format = dense ] ; labels = [ dim = 2 ; format = ${format} ] ] ]
  SGD = [ modelPath = "${inDirectory(to)}" ; learningRatesPerSample = ${RATE} ; momentumPerSample = 0
    minibatchSize = 2 ; maxEpochs = 2 ; ${sgd} ]`;

type Matrix = readonly (readonly number[])[];

function softmaxOf(W: Matrix, x: readonly number[]): number[] {
  const powers = W.map((row) => Math.exp(row.reduce((sum, w, i) => sum + w * (x[i] ?? 0), 0)));
  const sum = powers.reduce((one, other) => one + other, 0);
  return powers.map((power) => power / sum);
}

/** W after two epochs of two minibatches: W -= rate * sum of (softmax (W x) - mixed labels) x^T. */
function adapted(weight: number): Matrix {
  let W: Matrix = ORIGINAL;
  for (const minibatch of [0, 2, 0, 2]) {
    const samples = SAMPLES.slice(minibatch, minibatch + 2);
    const before = W;
    W = W.map((row, k) =>
      row.map((w, i) => {
        const gradients = samples.map(({ x, label }) => {
          const reference = softmaxOf(ORIGINAL, x)[k] ?? 0;
          const target = weight * reference + (1 - weight) * (label === k ? 1 : 0);
          return ((softmaxOf(before, x)[k] ?? 0) - target) * (x[i] ?? 0);
        });
        return w - RATE * gradients.reduce((one, other) => one + other, 0);
      }),
    );
  }
  return W;
}

/** W of a model file, by rows. */
function weightsOf(name: string): Matrix {
  const network = loadModelFile(inDirectory(name), { precision: "double" });
  const value = findNode(network, "W")?.parameter?.value ?? [];
  return [0, 1].map((row) => [0, 1].map((column) => value[row + 2 * column] ?? NaN));
}

describe("adapt", () => {
  it.each([
    { what: "without a reference", sgd: "", weight: 0, format: "dense" },
    {
      what: "weight alone does nothing",
      sgd: "adaptationRegWeight = 0.5",
      weight: 0,
      format: "dense",
    },
    { what: "weight 0", sgd: "adaptationRegType = KL", weight: 0, format: "dense" },
    {
      what: "weight 0.3",
      sgd: "adaptationRegType = kl ; adaptationRegWeight = 0.3",
      weight: 0.3,
      format: "dense",
    },
    {
      what: "sparse labels",
      sgd: "adaptationRegType = kl ; adaptationRegWeight = 0.3",
      weight: 0.3,
      format: "sparse",
    },
    {
      what: "in pieces",
      sgd: "adaptationRegType = kl ; adaptationRegWeight = 0.3 ; numSubminibatches = 2",
      weight: 0.3,
      format: "sparse",
    },
    {
      what: "weight 1",
      sgd: "adaptationRegType = kl ; adaptationRegWeight = 1",
      weight: 1,
      format: "dense",
    },
  ])("$what", async ({ what, sgd, weight, format }) => {
    const log = await runAction(keysOf(what, sgd, format));
    expect(log).toContain(`Load Network From the original model file ${original}.`);
    const reference = `Load reference Network From the original model file ${original}.`;
    expect(log.filter((line) => line === reference).length).toBe(weight > 0 ? 1 : 0);
    weightsOf(what).forEach((row, i) => {
      row.forEach((w, k) => {
        expect(w).toBeCloseTo(adapted(weight)[i]?.[k] ?? NaN, 13);
      });
    });
  });

  it("stays what it was if only the reference counts", async () => {
    await runAction(
      keysOf(
        "still",
        "adaptationRegType = kl ; adaptationRegWeight = 1 ; maxEpochs = 1 ; minibatchSize = 4",
      ),
    );
    expect(weightsOf("still").flat()).toEqual(ORIGINAL.flat());
  });

  it("goes on from a checkpoint, and ends when it is done", async () => {
    const keys = keysOf("again", "adaptationRegType = kl ; adaptationRegWeight = 0.3");
    await runAction(keys);
    const whole = readFileSync(inDirectory("again"));
    expect(await runAction(keys)).toContain("No further training is necessary.");
    rmSync(inDirectory("again"));
    const log = await runAction(keys);
    expect(log).toContain(
      `Starting from checkpoint. Loading network from '${inDirectory("again.1")}'.`,
    );
    expect(log.join()).not.toContain("Load Network From");
    expect(readFileSync(inDirectory("again")).equals(whole)).toBe(true);
  });
});

describe("a check of adapt", () => {
  const KL = "adaptationRegType = kl ; adaptationRegWeight = 0.5";
  it.each([
    { what: "what is right", more: "", message: /1 command, 0 errors, 0 warnings/, code: 0 },
    { what: "a missing node", more: "refNodeName = q", message: /no node named 'q'/, code: 1 },
    { what: "a missing model", more: "origModelFileName = none", message: /'none'/, code: 1 },
  ])("finds $what", async ({ more, message, code }) => {
    const file = inDirectory("check.cntk");
    writeFileSync(file, `command = adapt\nadapt = [ ${keysOf("checked", KL, "dense", more)} ]`);
    let text = "";
    const write = (part: string) => (text += part);
    const streams = { stdout: write, stderr: { write, columns: undefined } };
    expect(await runProgram(["check", `configFile=${file}`], streams)).toBe(code);
    expect(text).toMatch(message);
  });
});

describe("adapt refuses", () => {
  const KL = "adaptationRegType = kl ; adaptationRegWeight = 0.5";
  it.each([
    {
      sgd: "adaptationRegType = l2",
      more: "",
      message: /adaptationRegType: expected none or kl, found "l2"/,
    },
    {
      sgd: "adaptationRegWeight = 1.5",
      more: "",
      message: /adaptationRegWeight: expected a number from 0 to 1/,
    },
    { sgd: KL, more: "refNodeName = q", message: /the network has no node named 'q'/ },
    {
      sgd: KL,
      more: "refNodeName = ce",
      message: /reference node 'ce' must have 2 values per sample, as 'labels' has; it has 1/,
    },
    { sgd: KL, more: "origModelFileName = none.dnn", message: /cannot read the model 'none.dnn'/ },
  ])("$sgd $more", async ({ sgd, more, message }) => {
    await expect(runAction(keysOf("refused", sgd, "dense", more))).rejects.toThrow(message);
  });
});
