/** What each version stores of each operation. */

import { describe, expect, it } from "@jest/globals";
import { writeModel } from "../../../src/network/model-file/write-model.js";
import { load, nodeOf, sorted } from "./loading.js";
import {
  bools,
  bytesOf,
  f32,
  f64,
  i32,
  i64,
  matrix,
  modelBytes,
  parameter,
  shape,
  u32,
  u64,
  u8,
  type NodeBytes,
} from "./model-bytes.js";

/** A node between an input `x` and an image input, in a file of that version. */
interface BodyCase {
  readonly what: string;
  readonly versions: readonly number[];
  readonly operation: string;
  readonly body?: Uint8Array;
  /** default: the input `x` alone */
  readonly inputs?: readonly string[];
  readonly settings: Readonly<Record<string, unknown>>;
  /** the body in version 19, unless it is the same */
  readonly written?: Uint8Array;
}

const geometry = [
  shape(3, 3, 2),
  shape(4),
  shape(1, 1, 2),
  bools(1, 1, 1),
  bools(1, 1, 0),
  shape(0, 0, 0),
  shape(0, 0, 0),
  i32(0),
  i32(1),
  u64(0),
];
const convolved = ["w", "image"];
const readConvolution = {
  kernelShape: [3, 3, 2],
  mapCount: [4],
  strideShape: [1, 1, 2],
  dimPadding: [true, true, false],
  imageLayout: "CHW",
  transpose: false,
};
const traceFormat = [u8(0), "", u8(1), u8(1), Buffer.from("<\0>\0\0\0\n\0 \0\n\0.3\0")];

const bodies: readonly BodyCase[] = [
  {
    what: "Times without output rank",
    versions: [1, 2],
    operation: "Times",
    inputs: ["w", "x"],
    settings: { outputRank: 1, inferInputRankToMap: -1 },
    written: bytesOf(u64(1), i32(-1)),
  },
  {
    what: "Times",
    versions: [12, 19, 31],
    operation: "Times",
    body: bytesOf(u64(2), i32(0)),
    inputs: ["w", "x"],
    settings: { outputRank: 2, inferInputRankToMap: 0 },
  },
  {
    what: "Convolution of images",
    versions: [1, 4],
    operation: "Convolution",
    body: bytesOf(u64(3), u64(2), u64(1), u64(2), u32(4), u32(1), u8(1), u64(7)),
    inputs: convolved,
    settings: {
      kernelShape: [3, 2],
      mapCount: [4],
      strideShape: [1, 2],
      dimPadding: [true],
      convolution2D: true,
    },
    written: bytesOf(
      shape(3, 2, 2),
      shape(4),
      shape(1, 2, 2),
      bools(1, 1, 1),
      bools(1, 1, 0),
      shape(0, 0, 0),
      shape(0, 0, 0),
      i32(0),
      i32(1),
      u64(7),
      u8(0),
      u8(1),
      shape(1),
    ),
  },
  {
    what: "Convolution without transpose",
    versions: [5, 8],
    operation: "Convolution",
    body: bytesOf(...geometry, u8(0)),
    inputs: convolved,
    settings: readConvolution,
    written: bytesOf(...geometry, u8(0), u8(0), shape(1)),
  },
  {
    what: "Convolution without dilation",
    versions: [9, 17],
    operation: "Convolution",
    body: bytesOf(...geometry, u8(0), u8(0)),
    inputs: convolved,
    settings: readConvolution,
    written: bytesOf(...geometry, u8(0), u8(0), shape(1)),
  },
  {
    what: "Convolution",
    versions: [18, 19],
    operation: "Convolution",
    body: bytesOf(...geometry, u8(0), u8(0), shape(1)),
    inputs: convolved,
    settings: readConvolution,
  },
  {
    what: "Convolution with all later options",
    versions: [23, 31],
    operation: "Convolution",
    body: bytesOf(...geometry, u8(0), shape(0), u8(0), u8(0), u8(0), shape(1, 1, 1)),
    inputs: convolved,
    settings: { ...readConvolution, outputShape: [0], includePad: false, dilation: [1, 1, 1] },
    written: bytesOf(...geometry, u8(0), u8(0), shape(1, 1, 1)),
  },
  {
    what: "Pooling with lists shorter than the image's rank",
    versions: [9, 19],
    operation: "Pooling",
    body: bytesOf(
      shape(2, 3),
      shape(1),
      shape(2),
      bools(1),
      bools(0),
      shape(0),
      shape(0),
      i32(2),
      i32(1),
      u64(0),
      u8(0),
    ),
    inputs: ["image"],
    settings: { kernelShape: [2, 3], strideShape: [2], pool: "average" },
    written: bytesOf(
      shape(2, 3, 1),
      shape(1),
      shape(2, 2, 1),
      bools(1, 1, 1),
      bools(0, 0, 0),
      shape(0, 0, 0),
      shape(0, 0, 0),
      i32(2),
      i32(1),
      u64(0),
      u8(0),
    ),
  },
  {
    what: "PastValue without initial value",
    versions: [1],
    operation: "Delay",
    body: bytesOf(i32(1), u64(3), u64(9)),
    inputs: ["n"],
    settings: { timeStep: 1, defaultHiddenActivation: 0.1 },
    written: bytesOf(i32(1), shape(3), f32(0.1)),
  },
  {
    what: "PastValue without shape",
    versions: [2, 3],
    operation: "PastValue",
    body: bytesOf(i32(2), u64(3), u64(9), f32(0.5)),
    inputs: ["n"],
    settings: { timeStep: 2, defaultHiddenActivation: 0.5 },
    written: bytesOf(i32(2), shape(3), f32(0.5)),
  },
  {
    what: "PastValue",
    versions: [4, 19, 31],
    operation: "PastValue",
    body: bytesOf(i32(2), shape(3, 4), f32(0.5)),
    settings: { timeStep: 2, defaultHiddenActivation: 0.5 },
  },
  {
    what: "Slice without axis",
    versions: [2],
    operation: "RowSlice",
    body: bytesOf(i64(1), i64(2)),
    settings: { beginIndex: 1, endIndex: 3, axis: 1 },
    written: bytesOf(i64(1), i64(2), i32(1)),
  },
  {
    what: "Slice of the last two",
    versions: [3, 19, 21],
    operation: "Slice",
    body: bytesOf(i64(-2), i64(2), i32(3)),
    settings: { beginIndex: -2, endIndex: 0, axis: 3 },
  },
  {
    what: "Slice with a count",
    versions: [22, 26],
    operation: "Slice",
    body: bytesOf(i32(1), i64(1), i64(2), i32(1)),
    settings: { beginIndex: 1, endIndex: 3, axis: 1 },
    written: bytesOf(i64(1), i64(2), i32(1)),
  },
  {
    what: "Slice with a step",
    versions: [27, 31],
    operation: "Slice",
    body: bytesOf(i32(1), i64(1), i64(2), i32(1), i32(1)),
    settings: { beginIndex: 1, endIndex: 3, axis: 1 },
    written: bytesOf(i64(1), i64(2), i32(1)),
  },
  {
    what: "ReduceElements with the old name of Sum",
    versions: [1, 23],
    operation: "ReduceElements",
    body: bytesOf(i32(0), "Plus"),
    settings: { axis: 0, reductionOp: "Sum" },
    written: bytesOf(i32(0), "Sum"),
  },
  {
    what: "ReduceElements of later versions",
    versions: [27, 31],
    operation: "ReduceElements",
    body: bytesOf(i32(1), i32(2), "Max", u8(1)),
    settings: { axis: 2, reductionOp: "Max" },
    written: bytesOf(i32(2), "Max"),
  },
  {
    what: "TransposeDimensions without axes",
    versions: [2],
    operation: "TransposeDimensions",
    inputs: ["x"],
    settings: { axis1: 1, axis2: 2 },
    written: bytesOf(i32(1), i32(2)),
  },
  {
    what: "Where without axis name",
    versions: [10],
    operation: "Where",
    settings: { dynamicAxisName: "WhereNodeAxis" },
    written: bytesOf("WhereNodeAxis"),
  },
  {
    what: "Crop with automatic offsets",
    versions: [1, 19],
    operation: "Crop",
    body: bytesOf(f64(Number.MAX_VALUE), f64(Number.MAX_VALUE)),
    inputs: ["image", "image"],
    settings: { xOffset: Number.MAX_VALUE, yOffset: Number.MAX_VALUE },
  },
  {
    what: "Dropout without random state",
    versions: [1, 15],
    operation: "Dropout",
    inputs: ["x"],
    settings: {},
    written: bytesOf(u64(0), u64(0)),
  },
  {
    what: "Dropout with the seed of a 4-byte long",
    versions: [16],
    operation: "Dropout",
    body: bytesOf(u32(7), u64(9)),
    settings: { randomSeed: 7n, randomOffset: 9n },
    written: bytesOf(u64(7), u64(9)),
  },
  {
    what: "Dropout",
    versions: [16, 17, 19, 31],
    operation: "Dropout",
    body: bytesOf(u64(2n ** 64n - 2n), u64(9)),
    settings: { randomSeed: 2n ** 64n - 2n, randomOffset: 9n },
  },
  {
    what: "OptimizedRNNStack of version 13, inputs the other way round",
    versions: [13],
    operation: "RNN",
    body: bytesOf(u64(1), u64(2), u64(30), "RNN_RELU"),
    inputs: ["x", "w"],
    settings: {
      bidirectional: true,
      numLayers: 2,
      hiddenDims: 30,
      recurrentOp: "rnnReLU",
      axis: -1,
    },
    written: bytesOf(u64(1), u64(2), u64(30), "rnnReLU", i32(-1)),
  },
  {
    what: "OptimizedRNNStack",
    versions: [14, 19, 31],
    operation: "OptimizedRNNStack",
    body: bytesOf(u64(0), u64(1), u64(30), "lstm", i32(2)),
    inputs: ["w", "x"],
    settings: { bidirectional: false, axis: 2 },
  },
  {
    what: "Trace",
    versions: [1, 19],
    operation: "Trace",
    body: bytesOf("here", u64(10), u64(100), u8(1), ...traceFormat, u64(5), u64(6)),
    settings: { say: "here", logFrequency: 100, logGradientToo: true, onlyUpToT: 6 },
  },
  {
    what: "EditDistanceError",
    versions: [1, 19],
    operation: "EditDistanceError",
    inputs: ["x", "x"],
    settings: {},
  },
  {
    what: "EditDistanceError of later versions",
    versions: [31],
    operation: "EditDistanceError",
    body: bytesOf(f32(1), f32(2), f32(0.5), u8(1), u64(1), u64(4)),
    inputs: ["x", "x"],
    settings: { subPen: 1, delPen: 2, insPen: 0.5, squashInputs: true, tokensToIgnore: [4] },
    written: bytesOf(),
  },
  {
    what: "NCEBasedCrossEntropyWithSoftmax without mode",
    versions: [1],
    operation: "NCEBasedCrossEntropyWithSoftmax",
    inputs: ["x", "x", "w", "x"],
    settings: { evalMode: 0 },
    written: bytesOf(i32(0)),
  },
  {
    what: "NCEBasedCrossEntropyWithSoftmax",
    versions: [1, 19],
    operation: "NCEBasedCrossEntropyWithSoftmax",
    body: i32(2),
    inputs: ["x", "x", "w", "x"],
    settings: { evalMode: 2 },
  },
  {
    what: "RowStack of many inputs",
    versions: [3, 19],
    operation: "RowStack",
    body: i32(2),
    inputs: ["x", "x", "image"],
    settings: { axis: 2 },
  },
];

/** Parameters and inputs as that version stores them. */
function surroundings(version: number): readonly NodeBytes[] {
  const oldInput = (name: string, ...sizes: readonly number[]): NodeBytes => ({
    name,
    operation: "InputValue",
    body: bytesOf(
      u64(0),
      u64(0),
      shape(...sizes),
      ...(version >= 8 ? [u32(1), ""] : []),
      ...(version >= 10 ? [f32(0)] : []),
    ),
  });
  const w: NodeBytes =
    version >= 3
      ? parameter("w", [1, 2], [3, 4])
      : {
          name: "w",
          operation: "LearnableParameter",
          body: bytesOf(u8(1), u64(1), u64(2), matrix(1, 2, [3, 4])),
        };
  return [w, oldInput("x", 3), oldInput("image", 5, 5, 2)];
}

describe.each(bodies)("the body of $what", ({ versions, settings, written, ...stored }) => {
  it.each(versions)("is read from version %i and written as version 19", (version) => {
    const node = { name: "n", inputs: ["x"], ...stored };
    const network = load(modelBytes({ version, nodes: [node, ...surroundings(version)] }));
    const loaded = nodeOf(network, "n");
    expect(loaded.settings).toMatchObject(settings);
    const now = {
      ...node,
      operation: loaded.operation.name,
      inputs: loaded.inputs.map(({ name }) => name),
      body: written ?? node.body ?? bytesOf(),
    };
    const expected = modelBytes({ version: 19, nodes: sorted([now, ...surroundings(19)]) });
    // Groups that a later version left out were completed; they are not what is compared here.
    const plain = {
      ...network,
      groups: { feature: [], label: [], criterion: [], evaluation: [], output: [] },
    };
    expect(Buffer.from(writeModel(plain, "float")).equals(expected)).toBe(true);
  });
});
