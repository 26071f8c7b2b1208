/** What is drawn of a network: which nodes form layers, what stands in the boxes and on the arrows. */

import { describe, expect, it } from "@jest/globals";
import { drawingOf } from "../../../src/actions/graph/drawing.js";
import { networkFromScript } from "../../network/script-network.js";

const drawingOfScript = (script: string) => drawingOf(networkFromScript(script).network);

/** The short names of the boxes of each layer; boxes without layer are left out. */
function layersIn(script: string): Record<string, string> {
  const { boxes, layers } = drawingOfScript(script);
  return Object.fromEntries(
    layers.map((title) => [
      title,
      boxes
        .filter(({ layer }) => layer === title)
        .map(({ shortName }) => shortName)
        .join(" "),
    ]),
  );
}

const CONVOLUTION_AND_NORM = `
  ConvBN {maps, kernel, stride} = Sequential (
    ConvolutionalLayer {maps, kernel, stride = stride, pad = true, bias = false} :
    BatchNormalizationLayer {spatialRank = 2})
  Block {maps, stride} = {
    long = Sequential (ConvBN {maps, (3:3), stride} : ReLU : ConvBN {maps, (3:3), (1:1)})
    short = ConvBN {maps, (1:1), stride}
    apply (x) = ReLU (short (x) + long (x))
  }.apply`;

describe("layers", () => {
  it.each([
    {
      what: "are named like the variables of the config, with the nodes inside them",
      script: `
        model (f) = {
          conv1   = ConvolutionalLayer {2, (5:5), pad = true, activation = ReLU} (f)
          pool1   = MaxPoolingLayer {(4:4), stride = (4:4)} (conv1)
          unpool1 = MaxUnpoolingLayer {(4:4), stride = (4:4)} (pool1, conv1)
          deconv1 = DeconvLayer {1, (5:5), 2, lowerPad = (2:2:0), upperPad = (2:2:0), bias = false} (unpool1)
        }.deconv1
        features = Input {(28:28:1)}
        z = model (features)
        outputNodes = (z)`,
      layers: {
        "z.conv1": "c res._ res",
        "z.pool1": "z.pool1",
        "z.unpool1": "z.unpool1",
        "z.deconv1": "z",
      },
    },
    {
      what: "hold what functions inside functions make",
      script: `${CONVOLUTION_AND_NORM}
        model (f) = {
          first = ConvBN {4, (3:3), (1:1)} (f)
          block = Block {8, (2:2)} (first)
          pool  = AveragePoolingLayer {(4:4)} (block)
          z     = LinearLayer {3} (pool)
        }.z
        features = Input {(8:8:3)}
        z = model (features)
        outputNodes = (z)`,
      layers: {
        "z.first": "x.c z.first",
        "z.block":
          "_.PlusArgs[0].x.c _.PlusArgs[0] _.PlusArgs[1].x._.x.c _.PlusArgs[1].x._ _.PlusArgs[1].x " +
          "_.PlusArgs[1].x.c _.PlusArgs[1] _ z.block",
        "z.pool": "z.pool",
        "z.z": "PlusArgs[0] z",
      },
    },
    {
      what: "are left out around single nodes",
      script: `
        features = Input {3}
        f1 = Constant (2) .* features
        p  = Softmax (f1)
        outputNodes = (p)`,
      layers: {},
    },
    {
      what: "hold the members of a record",
      script: `
        features = Input {3}
        cell = { a = Sigmoid (features) ; b = Tanh (features) ; out = a .* b }
        p = Softmax (cell.out)
        outputNodes = (p)`,
      layers: { cell: "a b out" },
    },
  ])("$what", ({ script, layers }) => {
    expect(layersIn(script)).toEqual(layers);
  });
});

describe("boxes and arrows", () => {
  const { boxes, arrows, summary } = drawingOfScript(`
    features = Input {(6:6:1)}
    labels = Input {2}
    shared = ParameterTensor {(2:1)}
    c = Convolution (ParameterTensor {(3:3:1:2)}, features, (3:3:1), mapDims = 2, stride = (3:3:1), autoPadding = (false))
    z = LinearLayer {2} (c) + shared
    ce = CrossEntropyWithSoftmax (labels, z .* shared)
    square = ce .* ce
    state = PastValue (2, next)
    next = z + state
    featureNodes = (features) ; labelNodes = (labels) ; criterionNodes = (ce)
    evaluationNodes = (ce) ; outputNodes = (z : next : square)`);
  const box = (name: string) => boxes.find((candidate) => candidate.name === name);

  it.each([
    { name: "features", look: "feature", details: ["feature"], parameters: [] },
    { name: "labels", look: "label", details: ["label, feature"], parameters: [] },
    { name: "ce", look: "criterion", details: ["criterion, evaluation"], parameters: [] },
    { name: "z", look: "output", details: ["output"], parameters: [] },
    { name: "shared", look: "parameter", details: [], parameters: [] },
    {
      name: "c",
      look: "plain",
      details: ["windows 3 x 3 x 1", "stride 3 x 3 x 1"],
      parameters: ["weightNode [3 x 3 x 1 x 2]"],
    },
  ])("$name", ({ name, look, details, parameters }) => {
    const found = box(name);
    expect([found?.look, found?.details, found?.parameters.map(({ text }) => text)]).toEqual([
      look,
      details,
      parameters,
    ]);
  });

  const arrow = (from: string, to: string) =>
    arrows.filter((candidate) => candidate.from === from && candidate.to === to);

  it("has the shape of what flows on each arrow, once for each pair of nodes", () => {
    expect(arrow("features", "c")).toEqual([
      { from: "features", to: "c", text: "[6 x 6 x 1 x *]", share: 1, isDelayed: false },
    ]);
    expect(arrow("ce", "square").map(({ text }) => text)).toEqual(["[1] (2 times)"]);
    expect(arrow("next", "state").map(({ isDelayed }) => isDelayed)).toEqual([true]);
    expect(arrow("state", "next").map(({ isDelayed }) => isDelayed)).toEqual([false]);
  });

  it("counts nodes and parameters", () => {
    // 3 x 3 x 1 x 2 weights, 2 x 8 weights and 2 biases, 2 shared
    expect(summary).toMatch(/^\d+ nodes; 38 parameters in 4 tensors$/);
  });
});
