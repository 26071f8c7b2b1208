/** Networks as configs have them: nodes, shapes, and the number of trained parameters counted by formula. */

import { describe, expect, it } from "@jest/globals";
import { elementCount } from "../../src/operations/shape.js";
import type { ComputationNetwork } from "../../src/network/network.js";
import { goldenCases } from "../golden-cases.js";
import { listNodes } from "./list-nodes.js";
import { networkFromScript } from "./script-network.js";

const dense = (inputs: number, outputs: number) => inputs * outputs + outputs;
const convolution = (window: number, inputs: number, outputs: number) => window * inputs * outputs;
const batchNormalized = (window: number, inputs: number, outputs: number) =>
  convolution(window, inputs, outputs) + 2 * outputs;
/** input, candidate, forget and output gate, all with one bias */
const lstm = (inputs: number, cells: number) => 4 * (cells * inputs + cells * cells + cells);
const projectedLstm = (inputs: number, cells: number, outputs: number) =>
  4 * cells * (inputs + outputs + 1) + cells * outputs;
/** the older one, with peepholes to all but the candidate, and perhaps an auxiliary input */
const lstmWithPeepholes = (inputs: number, cells: number, auxiliary = 0) =>
  lstm(inputs, cells) + 4 * cells * auxiliary + 3 * cells;
const sum = (terms: readonly number[]) => terms.reduce((total, term) => total + term, 0);

/** 3 x 3 convolutions of VGG-16, by their channels */
const VGG_CHANNELS = [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512];

const mnistConvolution = convolution(25, 1, 16) + 16;
const mnistDense = dense(14 * 14 * 16, 64) + dense(64, 10);

/** A block of 1 x 1, 1 x 1 + 3 x 3, 1 x 1 + 1 x 7 + 7 x 1 and pooled 1 x 1 convolutions. */
const inception = (inputs: number, [a, b, c, d]: readonly [number, number, number, number]) =>
  batchNormalized(1, inputs, a) +
  batchNormalized(1, inputs, b) +
  batchNormalized(9, b, 2 * b) +
  batchNormalized(1, inputs, c) +
  batchNormalized(7, c, 2 * c) +
  batchNormalized(7, 2 * c, 2 * c) +
  batchNormalized(1, inputs, d);

/** A stack of bottlenecks that ends with four times as many channels as it has inside; the first has a shortcut. */
const bottlenecks = (count: number, inputs: number, inner: number) => {
  const behindFirst = batchNormalized(9, inner, inner) + batchNormalized(1, inner, 4 * inner);
  return (
    batchNormalized(1, inputs, inner) +
    batchNormalized(1, inputs, 4 * inner) +
    (count - 1) * batchNormalized(1, 4 * inner, inner) +
    count * behindFirst
  );
};

const TRAINED: Readonly<Record<string, number>> = {
  "01_OneHidden": dense(784, 200) + dense(200, 10),
  "02_OneConv": mnistConvolution + mnistDense,
  "03, with dropout": mnistConvolution + mnistDense,
  "04, with batch normalisation": batchNormalized(25, 1, 16) + mnistDense,
  "05, a regression": mnistConvolution + mnistDense,
  "07_Deconvolution": convolution(25, 1, 1) + 1 + convolution(25, 1, 1),
  "ResNet-20":
    batchNormalized(9, 3, 16) +
    6 * batchNormalized(9, 16, 16) +
    batchNormalized(9, 16, 32) +
    5 * batchNormalized(9, 32, 32) +
    batchNormalized(1, 16, 32) +
    batchNormalized(9, 32, 64) +
    5 * batchNormalized(9, 64, 64) +
    batchNormalized(1, 32, 64) +
    dense(64, 10),
  "ResNet-152":
    batchNormalized(49, 3, 64) +
    bottlenecks(3, 64, 64) +
    bottlenecks(8, 256, 128) +
    bottlenecks(36, 512, 256) +
    bottlenecks(3, 1024, 512) +
    dense(2048, 1000),
  "VGG-16": 138_357_544,
  "a network of Inception blocks":
    batchNormalized(9, 3, 32) +
    inception(32, [16, 16, 8, 8]) +
    inception(72, [32, 24, 12, 16]) +
    dense(120, 10),
  "a tagger with an LSTM in each direction":
    50 * 1000 + 2 * lstm(50, 30) + 2 * lstm(60, 20) + dense(40, 12),
  "a speech model (brainscript.md 7.6, row 24)":
    projectedLstm(363, 1024, 512) + 2 * projectedLstm(512, 1024, 512) + dense(512, 132),
  "an encoder and a decoder with attention":
    16 * 60 +
    16 * 40 +
    lstmWithPeepholes(16, 32) +
    lstmWithPeepholes(32, 24) +
    // of the attention: encoder, state, and their sum
    20 * 24 +
    20 * 28 +
    20 +
    lstmWithPeepholes(16, 28, 24) +
    dense(28, 40),
};

function trainedParameters({ nodes }: ComputationNetwork): number {
  const trained = nodes.filter(({ parameter }) => (parameter?.learningRateMultiplier ?? 0) > 0);
  return sum(trained.map(({ shape }) => elementCount(shape)));
}

describe("large networks", () => {
  it.each(goldenCases("networks/large.txt"))("$name", ({ name, source, expected }) => {
    const { network } = networkFromScript(source, { withoutRandomValues: true });
    const nodes = listNodes(network).split("\n");
    const shown = new Set(expected.split("\n"));
    expect(nodes.filter((line) => shown.has(line)).sort()).toEqual([...shown].sort());
    expect(trainedParameters(network)).toBe(TRAINED[name]);
  });

  it("has 500 stacked layers", () => {
    const { network } = networkFromScript(
      "x = Input {4} ; y = LayerStack {500, k => DenseLayer {4, activation = Tanh}} (x) ; outputNodes = (y)",
    );
    expect(network.nodes).toHaveLength(1 + 500 * 5);
    expect(trainedParameters(network)).toBe(500 * dense(4, 4));
  });

  it("has 100 recurrent layers", () => {
    const { network } = networkFromScript(
      "x = Input {4} ; y = LayerStack {100, k => RecurrentLSTMLayer {4}} (x) ; outputNodes = (y)",
    );
    expect(trainedParameters(network)).toBe(100 * lstm(4, 4));
  });

  it("counts VGG-16 by formula, too", () => {
    const convolutions = VGG_CHANNELS.slice(1).map(
      (outputs, layer) => convolution(9, VGG_CHANNELS[layer] ?? 0, outputs) + outputs,
    );
    const layers = [
      ...convolutions,
      dense(7 * 7 * 512, 4096),
      dense(4096, 4096),
      dense(4096, 1000),
    ];
    expect(sum(layers)).toBe(138_357_544);
  });
});
