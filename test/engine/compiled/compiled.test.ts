/** The compiled schedule against the portable engine on TensorFlow.js's cpu backend: same values, same gradients. */

import { expect, it } from "@jest/globals";
import { expectNode } from "../../../src/network/network.js";
import { networkFromScript } from "../../network/script-network.js";
import { expectClose, results } from "./agreement.js";
import { withEngines } from "./compared-engines.js";

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
    "a layer under max pooling",
    `x = Input {(9:6:2)}
     y = MaxPoolingLayer {(3:2), stride = (3:2)} (ConvolutionalLayer {3, (3:3), pad = true, activation = ReLU} (x))`,
  ],
  [
    "two convolutions under max pooling",
    `x = Input {(8:8:1)}
     c = ConvolutionalLayer {2, (3:3), pad = true, bias = false} (ConvolutionalLayer {2, (3:3), pad = true} (x))
     y = MaxPoolingLayer {(2:2), stride = (2:2)} (c)`,
  ],
  [
    "a bias of its own for every cell under max pooling",
    `x = Input {(4:6:2)} ; b = ParameterTensor {(4:6:2)} ; s = ParameterTensor {(4:6)} ; d = ParameterTensor {1}
     y = MaxPoolingLayer {(2:2), stride = (2:2)} (ReLU (x + b + s + d))`,
  ],
  [
    "max pooling with windows over the edge",
    `x = Input {(5:5:2)} ; y = MaxPoolingLayer {(2:2), stride = (2:2), pad = true} (ConvolutionalLayer {2, (3:3)} (x))`,
  ],
  [
    "batch normalisation between convolution and pooling",
    `x = Input {(8:8:1)} ; labels = Input {(4)}
     model = Sequential (ConvolutionalLayer {3, (3:3), pad = true, bias = false} :
       BatchNormalizationLayer {spatialRank = 2, normalizationTimeConstant = 100} : ReLU :
       MaxPoolingLayer {(2:2), stride = (2:2)} : LinearLayer {7, bias = false} : BatchNormalizationLayer {} : ReLU : LinearLayer {4})
     y = CrossEntropyWithSoftmax (labels, model (x))`,
  ],
  [
    "a residual block",
    `x = Input {(6:6:2)}
     block = Sequential (ConvolutionalLayer {2, (3:3), pad = true, bias = false} : BatchNormalizationLayer {spatialRank = 2})
     y = ReLU (Plus (block (x), x)) .* x`,
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

for (const [form, threads] of [
  ["wasm", 1],
  ["native", 1],
  ["wasm", 2],
  ["native", 3],
] as const) {
  withEngines(form, threads, (engines) => {
    it.each([
      ...NETWORKS.map(([name, source]) => [name, `${source} ; criterionNodes = (y)`] as const),
      ...LOSSES,
    ])("%s", (_, source) => {
      const { compiled, portable, log } = engines();
      expectClose(results(compiled, source), results(portable, source));
      expect(log).toEqual([]);
    });
  });
}

withEngines("wasm", 1, (engines) => {
  it("leaves what has no kernel to the portable engine, and says so once", async () => {
    const { compiled, portable, log } = engines();
    const source = `x = Input {3} ; t = Input {3} ; w = ParameterTensor {(3)}
      y = CosDistanceWithNegativeSamples (x .* w, t, 1, 2) ; criterionNodes = (y)`;
    await compiled.prepare(networkFromScript(source).network);
    expectClose(results(compiled, source), results(portable, source));
    await compiled.prepare(networkFromScript(source).network);
    const told = /^CosDistanceWithNegativeSamples 'y' has no kernel: .* portable engine/;
    expect(log).toEqual([expect.stringMatching(told)]);
  });

  it("has the value of an output that is a parameter", () => {
    const { network } = networkFromScript(
      `x = Input {2} ; w = ParameterTensor {2, init = "fixedValue", value = 3} ; y = x .* w`,
    );
    const w = expectNode(network, "w");
    const program = engines().compiled.compile({ network, outputs: [w], columns: 5 });
    program.run({ samples: 5, streams: new Map() }, { isTraining: false, dropoutRate: 0 });
    expect([...program.value(w)]).toEqual([3, 3]);
  });
});
