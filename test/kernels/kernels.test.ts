/** Our kernels on the wasm backend agree with the portable form on the cpu backend, for shapes of real networks too. */

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { installKernels } from "../../src/engine/tensorflow-kernels.js";
import {
  correlate,
  correlateInput,
  correlateWeights,
  prepareCorrelation,
} from "../../src/operations/correlation.js";
import { loadTensors, tf, type Tensor } from "../../src/operations/tensors.js";
import {
  addToSelected,
  average,
  maximumAndSelection,
  preparePooling,
  readFromSelected,
  spreadAverage,
  writeToSelected,
} from "../../src/operations/window-maximum.js";
import { layWindows, type WindowAttributes } from "../../src/operations/windows.js";
import { findBackends } from "../operations/harness.js";

interface Row {
  readonly note: string;
  readonly input: readonly number[];
  readonly samples: number;
  readonly maps: number;
  readonly kernel: readonly number[];
  readonly stride?: readonly number[];
  readonly pad?: boolean;
  readonly lower?: readonly number[];
  readonly upper?: readonly number[];
}

const rows: readonly Row[] = [
  { note: "07", input: [28, 28, 1], samples: 3, maps: 1, kernel: [5, 5], pad: true },
  { note: "07, 3 maps", input: [28, 28, 1], samples: 2, maps: 3, kernel: [5, 5], pad: true },
  { note: "3 channels to 1", input: [28, 28, 3], samples: 1, maps: 1, kernel: [5, 5], pad: true },
  { note: "02, first", input: [28, 28, 1], samples: 2, maps: 16, kernel: [5, 5], pad: true },
  { note: "02, second", input: [14, 14, 8], samples: 2, maps: 16, kernel: [5, 5], pad: true },
  {
    note: "ResNet, last stage",
    input: [8, 8, 32],
    samples: 2,
    maps: 32,
    kernel: [3, 3],
    pad: true,
  },
  {
    note: "ResNet, stride 2",
    input: [16, 16, 8],
    samples: 2,
    maps: 16,
    kernel: [3, 3],
    stride: [2],
    pad: true,
  },
  {
    note: "ResNet, shortcut",
    input: [16, 16, 8],
    samples: 2,
    maps: 16,
    kernel: [1, 1],
    stride: [2],
    pad: true,
  },
  {
    note: "7x7 stride 2",
    input: [33, 31, 3],
    samples: 1,
    maps: 7,
    kernel: [7, 7],
    stride: [2],
    pad: true,
  },
  {
    note: "11x11 stride 4",
    input: [47, 43, 3],
    samples: 1,
    maps: 5,
    kernel: [11, 11],
    stride: [4],
    pad: true,
  },
  { note: "prime sizes", input: [37, 23, 7], samples: 2, maps: 11, kernel: [3, 5], stride: [3, 2] },
  { note: "unpadded, narrow", input: [5, 41, 2], samples: 3, maps: 6, kernel: [3, 2] },
  { note: "one row", input: [101, 1, 5], samples: 2, maps: 9, kernel: [9, 1], stride: [3, 1] },
  {
    note: "stride over kernel",
    input: [53, 19, 2],
    samples: 2,
    maps: 5,
    kernel: [2, 3],
    stride: [7, 5],
  },
  {
    ...{ note: "one-sided padding", input: [20, 17, 3], samples: 2, maps: 6, kernel: [4, 3] },
    ...{ lower: [3, 0], upper: [0, 2] },
  },
];

const oddRows: readonly Row[] = [
  { note: "one cell", input: [1, 1, 1], samples: 2, maps: 1, kernel: [1, 1] },
  { note: "kernel as large as the input", input: [3, 3, 2], samples: 2, maps: 2, kernel: [3, 3] },
  {
    note: "even kernel, stride 2",
    input: [9, 6, 2],
    samples: 2,
    maps: 3,
    kernel: [4, 4],
    stride: [2],
    pad: true,
  },
  {
    note: "1x1 stride 3, border skipped",
    input: [6, 6, 2],
    samples: 2,
    maps: 2,
    kernel: [1, 1],
    stride: [3],
    pad: true,
  },
  {
    note: "1x1 stride 4, wide",
    input: [40, 2, 2],
    samples: 2,
    maps: 2,
    kernel: [1, 1],
    stride: [4, 1],
    pad: true,
  },
  {
    ...{
      note: "padding wider than the kernel",
      input: [3, 3, 1],
      samples: 2,
      maps: 1,
      kernel: [2, 2],
    },
    ...{ lower: [4, 3], upper: [3, 5] },
  },
  { note: "one column", input: [1, 12, 3], samples: 2, maps: 2, kernel: [1, 3], stride: [1, 2] },
  { note: "no channel axis", input: [7, 6], samples: 2, maps: 3, kernel: [3, 3] },
  { note: "9 maps, height 2", input: [13, 2, 1], samples: 2, maps: 9, kernel: [3, 2] },
  {
    note: "one map, 33 columns",
    input: [33, 3, 1],
    samples: 2,
    maps: 1,
    kernel: [1, 3],
    pad: true,
  },
  {
    note: "one map, 21 columns",
    input: [21, 5, 2],
    samples: 1,
    maps: 1,
    kernel: [4, 2],
    pad: true,
  },
  { note: "one map, 10 columns", input: [10, 3, 1], samples: 2, maps: 1, kernel: [2, 1] },
  { note: "one map, 5 columns", input: [5, 9, 1], samples: 2, maps: 1, kernel: [2, 2], pad: true },
  { note: "one map, 3 columns", input: [3, 9, 1], samples: 2, maps: 1, kernel: [2, 2], pad: true },
  { note: "one map, 40 columns", input: [40, 2, 1], samples: 2, maps: 1, kernel: [3, 1] },
  {
    note: "one map, 23 columns",
    input: [23, 2, 1],
    samples: 2,
    maps: 1,
    kernel: [3, 1],
    stride: [2, 1],
  },
];

const poolingRows: readonly Row[] = [
  { note: "4x4 of 28x28", input: [28, 28, 2], samples: 2, maps: 1, kernel: [4, 4], stride: [4] },
  { note: "2x2 of 14x14", input: [14, 14, 5], samples: 2, maps: 1, kernel: [2, 2], stride: [2] },
  { note: "overlapping", input: [33, 31, 3], samples: 1, maps: 1, kernel: [3, 3], stride: [2] },
  { note: "stride 1, padded", input: [13, 9, 3], samples: 2, maps: 1, kernel: [3, 2], pad: true },
  { note: "prime sizes", input: [37, 23, 7], samples: 1, maps: 1, kernel: [3, 5], stride: [3, 2] },
  { note: "one row", input: [101, 1, 5], samples: 2, maps: 1, kernel: [9, 1], stride: [3, 1] },
  { note: "whole planes", input: [8, 8, 16], samples: 3, maps: 1, kernel: [8, 8] },
  {
    note: "stride over kernel",
    input: [53, 19, 2],
    samples: 2,
    maps: 1,
    kernel: [2, 3],
    stride: [7, 5],
  },
];

const geometryOf = (kind: "convolution" | "pooling", row: Row) => {
  const attributes: WindowAttributes = {
    kernelShape: row.kernel,
    strideShape: row.stride ?? [1],
    dimSharing: [true],
    dimPadding: row.pad === true ? [true] : [false],
    dimPadLower: row.lower ?? [0],
    dimPadUpper: row.upper ?? [0],
    mapCount: [row.maps],
    ceilOutDim: false,
  };
  return layWindows(kind, attributes, row.input);
};

/** Numbers from -1 to 1, none of them twice within a window. */
const pseudoRandom = (count: number, seed: number) =>
  Float32Array.from({ length: count }, (_, i) => ((((i + seed) * 7919) % 10007) / 10007) * 2 - 1);

const count = (sizes: readonly number[]) => sizes.reduce((product, size) => product * size, 1);

/** Computes the same on both backends. */
async function onBoth(compute: () => Tensor[]): Promise<Float32Array[][]> {
  const results: Float32Array[][] = [];
  for (const backend of ["cpu", "wasm"]) {
    await tf.setBackend(backend);
    results.push(
      tf.tidy(() => compute().map((tensor) => Float32Array.from(tensor.dataSync<"float32">()))),
    );
  }
  return results;
}

/** Largest difference, in units of the largest finite number; equal infinities do not differ. */
function difference(one: Float32Array, other: Float32Array): number {
  expect(one.length).toBe(other.length);
  const finite = one.filter((value) => Number.isFinite(value));
  const largest = finite.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
  const differences = one.map((value, i) =>
    Object.is(value, other[i]) ? 0 : Math.abs(value - (other[i] ?? NaN)),
  );
  return differences.reduce((most, value) => Math.max(most, value), 0) / largest;
}

async function expectAgreement(names: readonly string[], compute: () => Tensor[]): Promise<void> {
  const [portable = [], own = []] = await onBoth(compute);
  for (const [index, name] of names.entries()) {
    const found = difference(
      portable[index] ?? new Float32Array(),
      own[index] ?? new Float32Array(),
    );
    if (!(found < 1e-5)) throw new Error(`${name} differs by ${found}`);
  }
}

await findBackends();
await tf.setBackend("wasm");
const { installed, reason } = await installKernels();
if (!installed) console.warn(`our kernels are not tested: ${reason}`);
const ifInstalled = installed ? describe : describe.skip;

describe("installKernels", () => {
  it("changes nothing when called again", async () => {
    await tf.setBackend("wasm");
    expect(await installKernels()).toEqual({ installed, reason });
  });

  it("says that other backends have no kernels", async () => {
    await loadTensors();
    await tf.setBackend("cpu");
    const expected = { installed: false, reason: "they need the wasm backend, not cpu" };
    expect(await installKernels()).toEqual(expected);
  });
});

ifInstalled("kernels", () => {
  let before = 0;
  beforeAll(() => {
    before = tf.memory().numTensors;
  });
  afterAll(() => expect(tf.memory().numTensors).toBe(before));

  it.each([...rows, ...oddRows])("convolve $note", async (row) => {
    const correlation = prepareCorrelation(geometryOf("convolution", row));
    expect(correlation.planar).toBeDefined();
    const { geometry } = correlation;
    const size = count(geometry.completed.kernelShape) * geometry.maps;
    await expectAgreement(["value", "input gradient", "weight gradient"], () => {
      const x = tf.tensor(pseudoRandom(row.samples * count(row.input), 1), [
        row.samples,
        count(row.input),
      ]);
      const weights = tf.tensor1d(pseudoRandom(size, 2));
      const g = tf.tensor(pseudoRandom(row.samples * count(geometry.output), 3), [
        row.samples,
        count(geometry.output),
      ]);
      return [
        correlate(correlation, x, weights),
        correlateInput(correlation, g, weights),
        correlateWeights(correlation, x, g),
      ];
    });
  });

  it.each([...poolingRows, ...oddRows])("pool $note", async (row) => {
    const pooling = preparePooling(geometryOf("pooling", { ...row, maps: 1 }), false);
    const planes = row.samples * pooling.channels;
    const windows = count(pooling.geometry.output) / pooling.channels;
    const names = ["max", "its gradient", "average", "its gradient", "unpooled", "its gradient"];
    await expectAgreement(names, () => {
      const x = tf.tensor(pseudoRandom(row.samples * count(row.input), 1), [
        row.samples,
        count(row.input),
      ]);
      const g = tf.tensor(pseudoRandom(planes * windows, 2), [planes, windows]);
      const { value, selection } = maximumAndSelection(pooling, x, "number");
      const selected = selection();
      return [
        value(),
        addToSelected(pooling, g, selected),
        average(pooling, x, false),
        spreadAverage(pooling, g, false),
        writeToSelected(pooling, g, selected),
        readFromSelected(pooling, x, selected),
      ];
    });
  });

  it.each([
    { size: 9, strides: 1, pad: "same" as const },
    { size: 8, strides: 2, pad: "same" as const },
    { size: 11, strides: 3, pad: "valid" as const },
  ])("give TensorFlow.js its filter gradient: $pad, stride $strides", async (row) => {
    const x = pseudoRandom(2 * row.size * row.size * 3, 1);
    const filter = pseudoRandom(3 * 3 * 3 * 5, 2);
    await expectAgreement(["filter gradient"], () => {
      const images = tf.tensor4d(x, [2, row.size, row.size, 3]);
      const gradient = tf.grad((weights: Tensor) =>
        tf.conv2d(images, weights as ReturnType<typeof tf.tensor4d>, row.strides, row.pad).square(),
      );
      return [gradient(tf.tensor4d(filter, [3, 3, 3, 5]))];
    });
  });
});
