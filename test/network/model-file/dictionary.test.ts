/** Models of CNTK 2, dictionaries in protobuf, as networks (model-format.md 8, 9). */

import { describe, expect, it } from "@jest/globals";
import { OPERATORS } from "../../../src/network/model-file/dictionary/operators.js";
import { readModel } from "../../../src/network/model-file/read-model.js";
import { writeModel } from "../../../src/network/model-file/write-model.js";
import type { ComputationNetwork } from "../../../src/network/network.js";
import { validateNetwork } from "../../../src/network/validate.js";
import { operations } from "../../../src/operations/index.js";
import {
  axis,
  block,
  bool,
  composite,
  double,
  functionOf,
  int,
  shape,
  size,
  text,
  variable,
  vector,
} from "./dictionary-bytes.js";
import { load, nodeOf } from "./loading.js";

const LARGEST = 2147483647;

/** Everything about the nodes that a file says, by name. */
const described = (network: ComputationNetwork) =>
  Object.fromEntries(
    network.nodes.map(({ name, operation, settings, inputs, parameter, shape: sizes }) => [
      name,
      {
        operation: operation.name,
        inputs: inputs.map((input) => input.name).join(" "),
        ...(Object.keys(settings).length > 0 ? { settings } : {}),
        ...(parameter === undefined
          ? {}
          : { shape: sizes, rate: parameter.learningRateMultiplier }),
      },
    ]),
  );

describe("a model of CNTK 2", () => {
  // model-format.md 9.3
  const images = composite(
    "ReLU15",
    [
      variable("Input1", 0, [5, 5, 3], { name: text("Images") }),
      variable("Parameter2", 2, [3, 3, 3, 16]),
      variable("Parameter7", 2, [16]),
      variable("Parameter6", 2, [16]),
      variable("Constant8", 3, [16]),
      variable("Constant9", 3, [16]),
    ],
    [
      functionOf("Convolution3", 33, ["Parameter2", "Input1"], {
        strides: shape(1, 1, 3),
        sharing: vector(bool(true), bool(true), bool(true)),
        autoPadding: vector(bool(true), bool(true), bool(true)),
        lowerPad: shape(0, 0, 0),
        upperPad: shape(0, 0, 0),
        transpose: bool(false),
        maxTempMemSizeInSamples: size(0),
      }),
      functionOf(
        "BatchNormalization11",
        40,
        ["Convolution3_Output_0", "Parameter7", "Parameter6", "Constant8", "Constant9"],
        {
          spatial: bool(true),
          normalizationTimeConstant: double(4096),
          blendTimeConstant: double(0),
          epsilon: double(1e-5),
          useCuDNNEngine: bool(true),
        },
        { version: size(3) },
      ),
      functionOf("ReLU15", 3, ["BatchNormalization11_Output_0"]),
    ],
  );

  it("becomes a network", () => {
    const network = load(images);
    expect(described(network)).toMatchObject({
      Images: { operation: "InputValue" },
      Parameter2: { shape: [3, 3, 3, 16], rate: 1 },
      Constant8: { shape: [16], rate: 0 },
      Convolution3: {
        operation: "Convolution",
        inputs: "Parameter2 Images",
        settings: { kernelShape: [3, 3, 3], mapCount: [16], strideShape: [1, 1, 3] },
      },
      BatchNormalization11: {
        inputs:
          "Convolution3 Parameter7 Parameter6 Constant8 Constant9 BatchNormalization11.run_sample_count",
        settings: { spatial: true, normalizationTimeConstant: 4096, useCntkEngine: false },
      },
      "BatchNormalization11.run_sample_count": { shape: [1], rate: 0 },
      ReLU15: { operation: "RectifiedLinear", inputs: "BatchNormalization11" },
    });
    expect(network.groups.feature.map(({ name }) => name)).toEqual(["Images"]);
    expect(network.groups.output.map(({ name }) => name)).toEqual(["ReLU15"]);
    expect(nodeOf(network, "Parameter2").parameter?.value?.[431]).toBe(432);
    validateNetwork(network, { log: () => undefined, traceLevel: 0, precision: "float" });
    expect(nodeOf(network, "ReLU15").shape).toEqual([5, 5, 16]);
    const written = writeModel(network, "float");
    expect(Buffer.from(writeModel(load(written), "float")).equals(written)).toBe(true);
  });

  it("may use what comes later, and blocks in blocks", () => {
    const network = load(
      composite(
        "Block9",
        [
          variable("Input1", 0, [2], { name: text("x") }),
          variable("Input2", 0, [2], { name: text("X"), is_sparse: bool(true) }),
          variable("Plus3_Output_0", 4, [2]),
          variable("Placeholder4", 4, [2]),
          variable("Placeholder5", 4, [2]),
        ],
        [
          functionOf("Tanh2", 2, ["Plus3_Output_0"]),
          functionOf("Plus3", 19, ["Input1", "Input2"]),
          functionOf("Exp6", 4, ["Placeholder4"], {}, { name: text("inner") }),
          block("Block7", "Exp6", { Placeholder4: "Placeholder5" }),
          functionOf("Combine8", 44, ["Block7_Output_0", "Placeholder5"]),
          block("Block9", "Combine8", { Placeholder5: "Tanh2_Output_0" }, { name: text("z") }),
        ],
      ),
    );
    expect(described(network)).toEqual({
      x: { operation: "InputValue", inputs: "" },
      "X.Input2": { operation: "SparseInputValue", inputs: "" },
      Tanh2: { operation: "Tanh", inputs: "Plus3" },
      Plus3: { operation: "Plus", inputs: "x X.Input2" },
      inner: { operation: "Exp", inputs: "Tanh2" },
    });
    expect(network.groups.output.map(({ name }) => name)).toEqual(["inner", "Tanh2"]);
  });

  it("may recur, with inputs that have a sequence and inputs that have none", () => {
    const sequence = vector(axis(LARGEST, true, "defaultDynamicAxis"), axis(LARGEST));
    const network = load(
      composite(
        "Plus4",
        [
          variable("x", 0, [2], { dynamic_axis: sequence }),
          variable("y", 0, [2]),
          variable("Constant1", 3, []),
          variable("Parameter2", 2, [2]),
        ],
        [
          functionOf("PastValue3", 37, ["Plus4_Output_0", "Constant1"], { offset: size(2) }),
          functionOf("FutureValue5", 38, ["x", "Parameter2"], { offset: size(1) }),
          functionOf("Plus4", 19, ["PastValue3_Output_0", "x"]),
        ],
      ),
    );
    expect(described(network)).toMatchObject({
      PastValue3: { inputs: "Plus4", settings: { timeStep: 2, defaultHiddenActivation: 1 } },
      FutureValue5: { inputs: "x Parameter2", settings: { timeStep: 1 } },
      __noSequenceAxis: { operation: "DynamicAxis" },
    });
    expect(["x", "y"].map((name) => nodeOf(network, name).dynamicAxis)).toEqual([
      "*",
      "__noSequenceAxis",
    ]);
  });

  it.each<[string, number, number, Parameters<typeof functionOf>[3], object]>([
    [
      "Slice from the end",
      14,
      1,
      { axis: axis(1), beginIndex: int(-2), endIndex: int(0) },
      { f: { settings: { beginIndex: -2, endIndex: 0, axis: 2 } } },
    ],
    [
      "Slice of two axes",
      14,
      1,
      {
        axisVec: vector(axis(2), axis(0)),
        beginIndexVec: vector(int(1), int(0)),
        endIndexVec: vector(int(3), int(1)),
        sliceStridesVec: vector(int(1), int(1)),
      },
      {
        f: { inputs: "f.step1", settings: { beginIndex: 0, endIndex: 1, axis: 1 } },
        "f.step1": { inputs: "i0", settings: { beginIndex: 1, endIndex: 3, axis: 3 } },
      },
    ],
    [
      "a permutation",
      12,
      1,
      { axisVec: vector(axis(1), axis(2), axis(0)) },
      {
        f: { inputs: "f.step1", settings: { axis1: 2, axis2: 3 } },
        "f.step1": { inputs: "i0", settings: { axis1: 1, axis2: 2 } },
      },
    ],
    [
      "a reduction of two axes",
      39,
      1,
      {
        axisVec: vector(axis(2), axis(0)),
        reductionOpName: text("Mean"),
        reductionKeepDimensions: bool(true),
      },
      {
        f: { inputs: "f.step1", settings: { axis: 1, reductionOp: "Mean" } },
        "f.step1": { inputs: "i0", settings: { axis: 3, reductionOp: "Mean" } },
      },
    ],
    [
      "a reduction of all axes",
      39,
      1,
      {
        axis: axis(LARGEST - 1),
        reductionOpName: text("Sum"),
        reductionKeepDimensions: bool(false),
      },
      { f: { settings: { axis: 0, reductionOp: "Sum" } } },
    ],
    [
      "a reduction of everything",
      39,
      1,
      { axis: axis(LARGEST - 4), reductionOpName: text("Sum") },
      { f: { settings: { axis: -1 } } },
    ],
    [
      "Reshape with a size to infer",
      16,
      1,
      { newShape: shape(2, 2n ** 64n - 1n), beginAxis: axis(0), endAxis: axis(LARGEST - 3) },
      { f: { settings: { shape: [2, 0], beginAxis: 1, endAxis: 0 } } },
    ],
    [
      "average pooling",
      17,
      1,
      {
        poolingType: size(1),
        poolingWindowShape: shape(3, 3),
        strides: shape(2, 2),
        autoPadding: vector(bool(false)),
        lowerPad: shape(0),
        upperPad: shape(0),
      },
      { f: { operation: "Pooling", settings: { pool: "average", kernelShape: [3, 3] } } },
    ],
    ["Clip", 41, 3, {}, { f: { inputs: "i1 i2 i0" } }],
    ["Select", 42, 3, {}, { f: { operation: "If", inputs: "i0 i1 i2" } }],
    ["cross entropy", 35, 2, {}, { f: { inputs: "i1 i0" } }],
    ["ClassificationError", 36, 2, {}, { f: { inputs: "i1 i0" } }],
    ["Logistic with weights", 48, 3, {}, { f: { inputs: "i1 i0 i2" } }],
    ["LambdaRank", 59, 3, {}, { f: { inputs: "i1 i0 i2" } }],
    ["NDCG", 60, 3, {}, { f: { operation: "NDCG1Eval", inputs: "i1 i0 i2" } }],
    ["GatherPacked", 29, 2, {}, { f: { inputs: "i1 i0" } }],
    ["ScatterPacked", 30, 3, {}, { f: { inputs: "i2 i1 i0" } }],
    ["Splice", 43, 2, { axis: axis(1) }, { f: { operation: "RowStack", settings: { axis: 2 } } }],
    ["StableSigmoid", 75, 1, {}, { f: { operation: "Sigmoid" } }],
    [
      "Dropout",
      15,
      1,
      { dropoutRate: double(0.5), rngSeed: size(5), rngOffset: size(3) },
      { f: { settings: { randomSeed: 5n, randomOffset: 3n } } },
    ],
    [
      "Where",
      13,
      1,
      { newDynamicAxes: vector(axis(LARGEST, false)) },
      { f: { settings: { dynamicAxisName: "__noSequenceAxis" } } },
    ],
    [
      "OptimizedRNNStack",
      49,
      2,
      {
        bidirectional: bool(true),
        numLayers: size(2),
        hiddenSize: size(7),
        recurrentOp: text("gru"),
      },
      { f: { inputs: "i1 i0", settings: { hiddenDims: 7, recurrentOp: "gru" } } },
    ],
  ])("has the function %s", (_, op, count, attributes, expected) => {
    const names = Array.from({ length: count }, (__, i) => `i${i}`);
    const inputs = names.map((name) => variable(name, 0, [3, 4, 5]));
    const network = load(composite("f", inputs, [functionOf("f", op, names, attributes)]));
    expect(described(network)).toMatchObject(expected);
  });

  it("says that it does not keep the rate of Dropout", () => {
    const lines: string[] = [];
    const inputs = [variable("x", 0, [3])];
    const bytes = composite("f", inputs, [
      functionOf("f", 15, ["x"], { dropoutRate: double(0.5) }),
    ]);
    readModel(bytes, "x", { precision: "float", operations, log: (line) => lines.push(line) });
    expect(lines).toEqual([
      "INFO: f: the rate 0.5 of Dropout is not kept: dropoutRate of the SGD section decides.",
    ]);
  });

  it("counts its operators as CNTK does", () => {
    const numbers = { 3: "RectifiedLinear", 18: "SumElements", 31: "Times", 58: "MaxUnpooling" };
    const later = { 64: "StopGradient", 69: "Pow", 75: "Sigmoid", 84: "Crop", 96: "Atan" };
    for (const [number, name] of Object.entries({ ...numbers, ...later }))
      expect([number, OPERATORS[Number(number)]?.node]).toEqual([number, name]);
    expect(OPERATORS.length).toBe(98);
  });
});
