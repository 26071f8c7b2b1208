/** The compiled schedule against the portable engine on TensorFlow.js's cpu backend: same values, same gradients. */

import { beforeAll, describe, expect, it } from "@jest/globals";
import type { Engine } from "../../../src/engine/engine.js";
import { selectBackend } from "../../../src/engine/backend.js";
import { createCompiledEngine } from "../../../src/engine/compiled/engine.js";
import { createPortableEngine } from "../../../src/engine/portable/engine.js";
import { loadKernelLibrary } from "../../../src/kernels/library.js";
import type { ComputationNetwork } from "../../../src/network/network.js";
import { elementCount } from "../../../src/operations/shape.js";
import { MersenneTwister } from "../../../src/random/mersenne-twister.js";
import type { Minibatch } from "../../../src/readers/reader.js";
import { networkFromScript } from "../../network/script-network.js";

const NETWORKS: readonly (readonly [string, string])[] = [
  [
    "a sum with a bias",
    `x = Input {(7:5:3)} ; b = ParameterTensor {(1:1:3)} ; y = Sigmoid (x + b)`,
  ],
  ["a bias of one axis", `x = Input {(7:5)} ; b = ParameterTensor {(7)} ; y = Tanh (b - x)`],
  [
    "a product of a scalar and a sample",
    `x = Input {(5)} ; s = ParameterTensor {(1)} ; y = Exp (s .* x)`,
  ],
  [
    "a node multiplied by itself",
    `x = Input {(13)} ; w = ParameterTensor {(13)} ; v = x .* w ; y = v .* v`,
  ],
  [
    "a square root of a mean",
    `x = Input {(9:2)} ; w = ParameterTensor {(9:2)} ; y = Sqrt (ReduceMean ((x + w) .* (x + w)))`,
  ],
  [
    "a mean along one axis",
    `x = Input {(4:3:5)} ; w = ParameterTensor {(4:3:5)} ; y = ReduceMean (x .* w, axis = 2)`,
  ],
  [
    "logarithms and reciprocals",
    `x = Input {(6)} ; w = ParameterTensor {(6)} ; y = Log (Exp (x) + Exp (w)) .* Reciprocal (Abs (w) + 1)`,
  ],
  [
    "dense layers",
    `x = Input {(11)} ; y = DenseLayer {3} (DenseLayer {17, activation = ReLU} (x))`,
  ],
  [
    "a dense layer over an image",
    `x = Input {(7:3:2)} ; y = DenseLayer {5, activation = Tanh} (x)`,
  ],
  ["a wide dense layer", `x = Input {(300)} ; y = LinearLayer {530} (x)`],
  [
    "a convolution with stride",
    `x = Input {(9:7:2)} ; y = ConvolutionalLayer {3, (3:2), stride = (2:1), pad = true, activation = ReLU} (x)`,
  ],
  [
    "max and average pooling",
    `x = Input {(8:6:3)} ; w = ParameterTensor {(1:1:3)} ; y = AveragePoolingLayer {(2:2)} (MaxPoolingLayer {(2:2), stride = (2:2)} (x .* w))`,
  ],
  [
    "an auto-encoder",
    `x = Input {(12:8:1)}
     c = ConvolutionalLayer {2, (5:5), pad = true, activation = ReLU} (x)
     p = MaxPoolingLayer {(4:4), stride = (4:4)} (c)
     u = MaxUnpoolingLayer {(4:4), stride = (4:4)} (p, c)
     y = DeconvLayer {1, (5:5), 2, lowerPad = (2:2:0), upperPad = (2:2:0), initValueScale = 1} (u)`,
  ],
  [
    "a node with two consumers",
    `x = Input {(5)} ; h = DenseLayer {5} (x) ; y = ReLU (h) .* Sigmoid (h) - h`,
  ],
  [
    "a reshaped sample",
    `x = Input {(6)} ; w = ParameterTensor {(2:3)} ; y = NewReshape (x, (2:3)) .* w`,
  ],
];

const LOSSES: readonly (readonly [string, string])[] = [
  [
    "cross entropy of softmax",
    `x = Input {(6)} ; labels = Input {(4)} ; z = LinearLayer {4} (x)
     ce = CrossEntropyWithSoftmax (labels, z) ; errs = ClassificationError (labels, z)
     criterionNodes = (ce) ; evaluationNodes = (errs)`,
  ],
];

const COLUMNS = 5;

function minibatchFor(network: ComputationNetwork): Minibatch {
  const generator = new MersenneTwister(3);
  const draw = () => {
    generator.draw();
    return generator.high / 2 ** 31 - 1;
  };
  const streams = network.nodes
    .filter(({ operation }) => operation.leaf === "input")
    .map(({ name, shape }) => {
      const dimension = elementCount(shape);
      const values = Float32Array.from({ length: COLUMNS * dimension }, draw);
      if (name === "labels") {
        values.fill(0);
        for (let s = 0; s < COLUMNS; s++) values[s * dimension + ((s * 3) % dimension)] = 1;
      }
      return [name, { kind: "dense", dimension, values }] as const;
    });
  return { samples: COLUMNS, streams: new Map(streams) };
}

/** Values of the roots, and gradients of all parameters by name. */
function results(engine: Engine, source: string): Record<string, readonly number[]> {
  const { network } = networkFromScript(source);
  const [criterion] = network.groups.criterion;
  if (criterion === undefined) throw new Error("the network has no criterion");
  const outputs = [criterion, ...network.groups.evaluation];
  const program = engine.compile({ network, outputs, criterion, columns: COLUMNS });
  program.run(minibatchFor(network), { isTraining: true, dropoutRate: 0 });
  // a second run finds the buffers of the first
  program.run(minibatchFor(network), { isTraining: true, dropoutRate: 0 });
  const found: Record<string, readonly number[]> = {};
  for (const node of outputs) found[node.name] = [...program.value(node)];
  for (const { name, parameter } of network.nodes) {
    if (parameter !== undefined && parameter.learningRateMultiplier > 0) {
      found[`gradient of ${name}`] = [...(parameter.gradient ?? [])];
    }
  }
  program.dispose();
  return found;
}

function expectClose(found: Record<string, readonly number[]>, expected: typeof found): void {
  expect(Object.keys(found)).toEqual(Object.keys(expected));
  for (const [name, values] of Object.entries(expected)) {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
    const difference = values.reduce((most, value, i) => {
      const own = Math.abs(value - (found[name]?.[i] ?? NaN));
      return Number.isNaN(own) ? Infinity : Math.max(most, own);
    }, 0);
    expect([name, difference / largest < 1e-5]).toEqual([name, true]);
  }
}

describe.each(["wasm", "native"] as const)("kernels as %s", (form) => {
  const refused: string[] = [];
  let portable: Engine;
  let compiled: Engine | undefined;

  beforeAll(async () => {
    portable = createPortableEngine(await selectBackend("cpu"), () => undefined);
    const library = loadKernelLibrary(form, 1 << 24);
    if (library === undefined) {
      console.warn(`SKIPPED: no kernels as ${form} have been built here`);
    } else {
      compiled = createCompiledEngine(library, portable, (line) => refused.push(line));
    }
  });

  it.each([
    ...NETWORKS.map(([name, source]) => [name, `${source} ; criterionNodes = (y)`] as const),
    ...LOSSES,
  ])("%s", (_, source) => {
    if (compiled === undefined) return;
    expectClose(results(compiled, source), results(portable, source));
    expect(refused).toEqual([]);
  });
});

it("leaves what has no kernel to the portable engine, and says so once", async () => {
  const portable = createPortableEngine(await selectBackend("cpu"), () => undefined);
  const library = loadKernelLibrary("wasm", 1 << 24);
  if (library === undefined) {
    console.warn("SKIPPED: no kernels have been built here");
    return;
  }
  const lines: string[] = [];
  const engine = createCompiledEngine(library, portable, (line) => lines.push(line));
  const source = `x = Input {3} ; w = ParameterTensor {(3)} ; y = Cosine (x .* w) ; criterionNodes = (y)`;
  expectClose(results(engine, source), results(portable, source));
  results(engine, source);
  expect(lines).toEqual(["Cosine 'y' has no kernel yet: its network runs in the portable engine."]);
});
