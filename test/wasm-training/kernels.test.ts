/** The kernels that `tscntk/wasm-training` adds to the wasm backend agree with TensorFlow.js's cpu backend. */

import { describe, expect, it } from "@jest/globals";
import * as tf from "@tensorflow/tfjs";
import { addedKernels } from "../../src/wasm-training/node.js";

interface Row {
  readonly note: string;
  /** [N, H, W, C] */
  readonly x: [number, number, number, number];
  /** [kH, kW, C, K] */
  readonly filter: [number, number, number, number];
  readonly strides?: number | [number, number];
  readonly pad?: "same" | "valid" | number;
  readonly dimRoundingMode?: "floor" | "ceil";
}

tf.enableProdMode();

const rows: readonly Row[] = [
  { note: "one cell", x: [1, 1, 1, 1], filter: [1, 1, 1, 1] },
  { note: "3x3, padded", x: [2, 8, 8, 3], filter: [3, 3, 3, 4] },
  { note: "3x3, unpadded", x: [3, 9, 7, 2], filter: [3, 3, 2, 5], pad: "valid" },
  { note: "5x5, one channel", x: [2, 28, 28, 1], filter: [5, 5, 1, 3] },
  { note: "prime sizes", x: [2, 23, 37, 7], filter: [5, 3, 7, 11], strides: [2, 3] },
  { note: "even kernel, stride 2", x: [2, 6, 9, 2], filter: [4, 4, 2, 3], strides: 2 },
  { note: "1x1", x: [5, 4, 6, 8], filter: [1, 1, 8, 2] },
  { note: "1x1, stride 3", x: [2, 6, 6, 2], filter: [1, 1, 2, 2], strides: 3, pad: "valid" },
  { note: "stride over kernel", x: [2, 19, 53, 2], filter: [3, 2, 2, 5], strides: [5, 7] },
  { note: "whole image", x: [3, 4, 5, 6], filter: [4, 5, 6, 2], pad: "valid" },
  { note: "one row", x: [2, 1, 101, 5], filter: [1, 9, 5, 2], strides: [1, 3] },
  { note: "one column", x: [2, 12, 1, 3], filter: [3, 1, 3, 2], strides: [2, 1] },
  {
    ...{ note: "padding of 2", x: [2, 7, 8, 3], filter: [3, 3, 3, 2], strides: 2, pad: 2 },
    dimRoundingMode: "floor",
  },
];

const numbers = (count: number, seed: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(i * 1.7 + seed) + (i % 5) / 4);

const elements = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

const tensorOf = (shape: number[], seed: number) =>
  tf.tensor(numbers(elements(shape), seed), shape);

/** A kernel as TensorFlow.js calls it; the inputs are made anew on each backend. */
interface Call {
  readonly kernel: string;
  readonly inputs: () => Record<string, tf.Tensor>;
  readonly attributes: Record<string, number | string | number[]>;
}

const run = ({ kernel, attributes }: Call, inputs: Record<string, tf.Tensor>): tf.Tensor =>
  tf.engine().runKernel(kernel, inputs, attributes);

/** The same call on both backends: shape and numbers agree, and nothing is left behind. */
async function compare(call: Call): Promise<void> {
  const compute = async (backend: "cpu" | "wasm") => {
    await tf.setBackend(backend);
    const held = () => ({ ...tf.memory(), buffers: tf.engine().backend.numDataIds() });
    const before = held();
    const inputs = call.inputs();
    const result = run(call, inputs);
    const { shape, dtype } = result;
    const values = Array.from(result.dataSync());
    tf.dispose([result, inputs]);
    expect(held()).toEqual(before);
    return { shape, dtype, values };
  };
  const [expected, found] = [await compute("cpu"), await compute("wasm")];
  expect({ ...found, values: [] }).toEqual({ ...expected, values: [] });
  const largest = Math.max(1, ...expected.values.map(Math.abs));
  const differences = found.values.map((value, i) => Math.abs(value - (expected.values[i] ?? NaN)));
  expect(Math.max(...differences)).toBeLessThan(1e-5 * largest);
}

const attributesOf = ({ strides = 1, pad = "same", dimRoundingMode }: Row) => ({
  ...{ strides, pad, dilations: 1, dataFormat: "NHWC" },
  ...(dimRoundingMode && { dimRoundingMode }),
});

const outputShape = ({ x, filter, ...row }: Row, isDepthwise: boolean): number[] => {
  const { strides = 1, pad = "same", dimRoundingMode } = row;
  return tf.backend_util.computeConv2DInfo(
    ...([x, filter, strides, 1, pad, dimRoundingMode, isDepthwise] as const),
  ).outShape;
};

it("adds what the backend lacks", () => {
  expect(addedKernels).toEqual([
    "Conv2DBackpropFilter",
    "DepthwiseConv2dNativeBackpropFilter",
    "DepthwiseConv2dNativeBackpropInput",
    "UnsortedSegmentSum",
  ]);
});

describe.each(rows)("gradients of a convolution: $note", (row) => {
  const { x, filter } = row;
  const attributes = attributesOf(row);
  it.each([
    ["Conv2DBackpropFilter", false],
    ["DepthwiseConv2dNativeBackpropFilter", true],
  ] as const)("%s", (kernel, isDepthwise) =>
    compare({
      kernel,
      inputs: () => ({ x: tensorOf(x, 1), dy: tensorOf(outputShape(row, isDepthwise), 2) }),
      attributes: { ...attributes, filterShape: filter },
    }),
  );
  it("DepthwiseConv2dNativeBackpropInput", () =>
    compare({
      kernel: "DepthwiseConv2dNativeBackpropInput",
      inputs: () => ({ dy: tensorOf(outputShape(row, true), 3), filter: tensorOf(filter, 4) }),
      attributes: { ...attributes, inputShape: x },
    }));
});

const segmentRows: readonly {
  readonly note: string;
  readonly shape: number[];
  readonly ids: number[];
  readonly numSegments: number;
}[] = [
  { note: "numbers", shape: [5], ids: [2, 0, 2, 2, 0], numSegments: 3 },
  { note: "rows", shape: [4, 3], ids: [1, 1, 0, 1], numSegments: 2 },
  { note: "an empty segment", shape: [3, 7], ids: [4, 0, 4], numSegments: 6 },
  { note: "segments outside", shape: [4, 2], ids: [-1, 1, 9, 1], numSegments: 3 },
  { note: "matrices", shape: [3, 2, 5], ids: [0, 0, 1], numSegments: 2 },
];

it.each(segmentRows)("UnsortedSegmentSum: $note", ({ shape, ids, numSegments }) =>
  compare({
    kernel: "UnsortedSegmentSum",
    inputs: () => ({ x: tensorOf(shape, 5), segmentIds: tf.tensor1d(ids, "int32") }),
    attributes: { numSegments },
  }),
);

it.each([
  { attribute: { dilations: [2, 2] }, message: "dilations of 1" },
  { attribute: { dataFormat: "NCHW" }, message: "NHWC" },
])("refuses $attribute", async ({ attribute, message }) => {
  await tf.setBackend("wasm");
  const row: Row = { note: "", x: [1, 5, 5, 1], filter: [2, 2, 1, 1] };
  const attributes = { ...attributesOf(row), ...attribute, filterShape: row.filter };
  tf.tidy(() => {
    const inputs = { x: tensorOf(row.x, 1), dy: tensorOf(row.x, 2) };
    const call = { kernel: "Conv2DBackpropFilter", inputs: () => inputs, attributes };
    expect(() => run(call, inputs)).toThrow(message);
  });
});
