/** Rows of the case table for convolution, pooling and unpooling; run for the portable form and for our own kernels. */

import { elementCount, type Shape } from "../../src/operations/shape.js";
import {
  layTransposedWindows,
  layWindows,
  type WindowAttributes,
} from "../../src/operations/windows.js";
import { readPeerNumbers, type Case, type CaseInput } from "./harness.js";
import {
  convolve,
  convolveTransposed,
  poolAverage,
  poolMaximum,
  poolRegions,
  unpool,
} from "./windows-by-definition.js";

const peer = readPeerNumbers("expected-windows.json");

/** Small numbers without two equal ones near each other, in steps that central differences do not cross. */
const numbers = (count: number, seed: number) =>
  Array.from({ length: count }, (_, i) => (((i + seed) * 37) % 101) / 16 - 3);

/** Central differences take two values for every number of the inputs: small rows only have several samples. */
const samplesFor = (input: Shape) => (elementCount(input) < 40 ? 2 : 1);

const data = (shape: Shape, samples: number, seed: number): CaseInput => ({
  shape,
  values: numbers(elementCount(shape) * samples, seed),
});

const constant = (shape: Shape, seed: number): CaseInput => ({
  ...data(shape, 1, seed),
  isConstant: true,
});

const plain: WindowAttributes = {
  kernelShape: [],
  strideShape: [1],
  dimSharing: [true],
  dimPadding: [false],
  dimPadLower: [0],
  dimPadUpper: [0],
  mapCount: [1],
  ceilOutDim: false,
};

type Given = Partial<WindowAttributes> & Pick<WindowAttributes, "kernelShape">;

function convolutionRow(note: string, input: Shape, maps: number, given: Given): Case {
  const attributes = { ...plain, mapCount: [maps], ...given };
  const geometry = layWindows("convolution", attributes, input);
  const weights = constant([...geometry.completed.kernelShape, maps], 5);
  const x = data(input, samplesFor(input), 11);
  const value = convolve(geometry, weights.values, x.values);
  const settings = { ...given, mapCount: [maps] };
  const tolerance = 2e-5;
  return { operation: "Convolution", note, inputs: [weights, x], settings, value, tolerance };
}

function transposedRow(note: string, input: Shape, given: Given): Case {
  const maps = input.at(-1) ?? 1;
  const geometry = layTransposedWindows({ ...plain, mapCount: [maps], ...given }, input);
  const weights = constant([...geometry.completed.kernelShape, maps], 5);
  const x = data(input, samplesFor(input), 11);
  return {
    ...{ operation: "Convolution", note: `transposed, ${note}`, inputs: [weights, x] },
    settings: { ...given, mapCount: [maps], transpose: true },
    shape: geometry.input,
    value: convolveTransposed(geometry, weights.values, x.values),
    tolerance: 2e-5,
  };
}

const padded = { dimPadding: [true, true, false] };

export const convolutionCases: readonly Case[] = [
  convolutionRow("one cell", [1, 1, 1], 1, { kernelShape: [1, 1] }),
  convolutionRow("kernel as large as the input", [3, 3, 2], 2, { kernelShape: [3, 3] }),
  convolutionRow("prime sizes, 7 channels", [5, 3, 7], 2, { kernelShape: [3, 2], ...padded }),
  convolutionRow("many maps, wide", [11, 2, 1], 9, { kernelShape: [3, 2], ...padded }),
  convolutionRow("5 maps, narrow", [3, 4, 1], 5, { kernelShape: [2, 3] }),
  convolutionRow("stride 2 and 3", [11, 7, 1], 2, { kernelShape: [3, 2], strideShape: [2, 3] }),
  convolutionRow("stride over kernel", [17, 4, 1], 1, { kernelShape: [2, 2], strideShape: [5, 3] }),
  convolutionRow("even kernel, padded", [6, 5, 1], 1, { kernelShape: [4, 2], ...padded }),
  convolutionRow("even kernel, padded, stride 2", [7, 4, 1], 3, {
    ...{ kernelShape: [4, 4], strideShape: [2, 2], ...padded },
  }),
  convolutionRow("explicit padding", [6, 5, 2], 2, {
    ...{ kernelShape: [3, 3], dimPadLower: [1, 2], dimPadUpper: [2, 0] },
  }),
  convolutionRow("explicit padding, stride 2", [7, 6, 1], 2, {
    ...{ kernelShape: [3, 4], strideShape: [2, 2], dimPadLower: [1, 2], dimPadUpper: [1, 2] },
  }),
  convolutionRow("padding wider than the kernel", [3, 3, 1], 1, {
    ...{ kernelShape: [2, 2], dimPadLower: [4, 3], dimPadUpper: [3, 5] },
  }),
  convolutionRow("1x1 stride 3, border skipped", [6, 6, 2], 2, {
    ...{ kernelShape: [1, 1], strideShape: [3, 3], ...padded },
  }),
  convolutionRow("1x1 stride 4, wide", [20, 2, 1], 2, {
    ...{ kernelShape: [1, 1], strideShape: [4, 1], ...padded },
  }),
  convolutionRow("one axis", [13, 2], 3, { kernelShape: [5], dimPadding: [true, false] }),
  convolutionRow("one row, stride 2", [12, 1, 3], 2, { kernelShape: [3, 1], strideShape: [2, 1] }),
  convolutionRow("one column", [1, 12, 3], 2, { kernelShape: [1, 3], strideShape: [1, 2] }),
  convolutionRow("no channel axis", [7, 6], 3, { kernelShape: [3, 3] }),
  convolutionRow("three axes", [5, 3, 2, 2], 1, { kernelShape: [3, 2, 2], strideShape: [2, 1, 1] }),
  convolutionRow("across channels", [3, 3, 6], 2, {
    ...{ kernelShape: [2, 2, 2], strideShape: [1, 1, 2], dimPadding: [true, false, false] },
  }),
  transposedRow("same size", [6, 5, 1], {
    ...{ kernelShape: [5, 5, 1], dimPadLower: [2, 2, 0], dimPadUpper: [2, 2, 0] },
  }),
  transposedRow("stride 2, even kernel", [3, 2, 2], {
    ...{ kernelShape: [4, 4, 1], strideShape: [2, 2, 1] },
    ...{ dimPadLower: [1, 1, 0], dimPadUpper: [1, 1, 0] },
  }),
  transposedRow("stride over kernel", [5, 2, 2], {
    kernelShape: [2, 1, 3],
    strideShape: [3, 2, 1],
  }),
  transposedRow("one channel, scalar padding", [4, 3, 1], {
    ...{ kernelShape: [3, 3, 1], dimPadding: [true] },
  }),
  transposedRow("5 channels to 7", [3, 2, 5], { kernelShape: [2, 1, 7] }),
];

const conv = (kernelShape: Shape, strideShape: Shape, mapCount: number, ...pad: boolean[]) => ({
  ...{ kernelShape, strideShape, mapCount: [mapCount], dimPadding: pad },
});
const deconv = (kernelShape: Shape, strideShape: Shape, mapCount: number, ...pad: boolean[]) => ({
  ...{ ...conv(kernelShape, strideShape, mapCount, ...pad), transpose: true },
});

const ofPeer = (operation: string, settings: Readonly<Record<string, Case["settings"]>>): Case[] =>
  Object.entries(settings).map(([name, given]) => ({
    ...{ operation, note: `CNTK 2.7, ${name}`, tolerance: 2e-5 },
    ...(given === undefined ? {} : { settings: given }),
    ...peer(name),
  }));

export const convolutionPeerCases: readonly Case[] = ofPeer("Convolution", {
  "convolution 5x5 padded": conv([5, 5], [1, 1], 2, true, true),
  "convolution 3x3 stride 2 padded": conv([3, 3, 3], [2, 2, 3], 2, true, true, false),
  "convolution stride over kernel": conv([2, 2], [3], 3, false),
  "convolution even kernel padded": conv([4, 4], [1], 1, true),
  "convolution 1x1 stride 2": conv([1, 1], [2], 3, true),
  "convolution 1x1 stride 3": conv([1, 1], [3], 2, true),
  "convolution one axis": conv([3], [2], 2, true),
  "convolution three axes": conv([2, 2, 3], [1, 1, 2], 1, true, false, true),
  "transposed stride 2": deconv([3, 3, 3], [2, 2, 1], 2, false),
  "transposed stride 2 padded": deconv([3, 3, 1], [2, 2, 1], 2, true, true, false),
  "transposed to a given size": {
    ...{ ...deconv([5, 5, 1], [2, 2, 1], 1, true, true, false), outputShape: [8, 6, 1] },
  },
  "transposed stride over kernel": deconv([2, 2, 2], [3, 3, 1], 3, false),
});

function poolingRow(note: string, pool: "max" | "average", input: Shape, given: Given): Case {
  const geometry = layWindows("pooling", { ...plain, ...given }, input);
  const x = data(input, samplesFor(input), 3);
  const value = (pool === "max" ? poolMaximum : poolAverage)(geometry, x.values);
  const shape = geometry.output;
  return {
    operation: "Pooling",
    ...{ note: `${pool}, ${note}`, inputs: [x], settings: { ...given, pool }, shape, value },
  };
}

const poolingRows = (pool: "max" | "average"): readonly Case[] => [
  poolingRow("one cell", pool, [1, 1, 1], { kernelShape: [1, 1] }),
  poolingRow("the whole image", pool, [3, 5, 2], { kernelShape: [3, 5] }),
  poolingRow("4x4 of 20x4", pool, [20, 4, 1], { kernelShape: [4, 4], strideShape: [4, 4] }),
  poolingRow("prime sizes, 7 channels", pool, [5, 3, 7], {
    ...{ kernelShape: [3, 2], strideShape: [2, 1] },
  }),
  poolingRow("stride over kernel", pool, [11, 9, 2], { kernelShape: [2, 1], strideShape: [3, 4] }),
  poolingRow("padded, even kernel", pool, [6, 5, 1], { kernelShape: [4, 2], ...padded }),
  poolingRow("explicit padding", pool, [7, 6, 2], {
    ...{ kernelShape: [3, 4], strideShape: [2, 2], dimPadLower: [1, 2], dimPadUpper: [1, 2] },
  }),
  poolingRow("one axis", pool, [13, 2], { kernelShape: [3], strideShape: [2] }),
  poolingRow("three axes", pool, [5, 3, 2, 2], { kernelShape: [3, 2, 2], strideShape: [2, 1, 1] }),
  poolingRow("across channels", pool, [4, 4, 6], {
    ...{ kernelShape: [2, 2, 3], strideShape: [2, 2, 3] },
  }),
  poolingRow("rounded up", pool, [8, 7, 1], {
    ...{ kernelShape: [3, 3], strideShape: [3, 2], ceilOutDim: true },
  }),
];

function unpoolingRow(note: string, pooled: Shape, given: Given): Case {
  const geometry = layWindows("pooling", { ...plain, ...given }, pooled);
  const samples = samplesFor(pooled);
  const u = data(geometry.output, samples, 7);
  const p = data(pooled, samples, 3);
  return {
    operation: "MaxUnpooling",
    note: `derivative, ${note}`,
    inputs: [u, p],
    settings: { ...given, unpoolingGradient: "gather" },
    shape: pooled,
    value: unpool(geometry, u.values, p.values),
  };
}

// The pooled input gets no gradient: where a maximum is does not change with small steps.
const unpoolingRows: readonly Case[] = [
  unpoolingRow("4x4", [8, 8, 1], { kernelShape: [4, 4], strideShape: [4, 4] }),
  unpoolingRow("overlapping", [7, 5, 2], { kernelShape: [3, 3], strideShape: [1, 2] }),
  unpoolingRow("padded", [6, 5, 1], { kernelShape: [3, 2], ...padded }),
  unpoolingRow("rest left over", [8, 7, 1], { kernelShape: [3, 3], strideShape: [3, 3] }),
  unpoolingRow("one axis", [13, 2], { kernelShape: [3], strideShape: [2] }),
  unpoolingRow("three axes", [5, 3, 2, 2], { kernelShape: [3, 2, 2], strideShape: [2, 1, 1] }),
];

const legacy = {
  ...{ windowWidth: 3, windowHeight: 2, horizontalSubsample: 2, verticalSubsample: 1 },
};
const square = (pool: "max" | "average") => {
  const given = { kernelShape: [3, 2], strideShape: [2, 1] };
  return { ...poolingRow("legacy form", pool, [6, 5, 2], given), settings: legacy };
};

const window = (kernelShape: Shape, strideShape: Shape, more: Case["settings"] = {}) => ({
  ...{ kernelShape, strideShape, ...more },
});
const pad2 = { dimPadding: [true, true] };

const notDerivative = (rows: readonly Case[]): Case[] =>
  rows.map((row) => ({
    ...row,
    unlikeDerivative: "CNTK's gradient is the maximum of the gradient over the window",
  }));

export const legacyPoolingCases: readonly Case[] = [
  { ...square("max"), operation: "MaxPooling" },
  { ...square("average"), operation: "AveragePooling" },
];

export const poolingCases: readonly Case[] = [
  ...poolingRows("max"),
  ...poolingRows("average"),
  ...legacyPoolingCases,
  ...unpoolingRows,
];

const max = { pool: "max" };
const average = { pool: "average" };

const smooth: readonly Case[] = ofPeer("Pooling", {
  "max pooling overlapping": window([3, 3], [2], max),
  "max pooling padded": window([3, 3], [2], { ...max, ...pad2 }),
  "max pooling rounded up": window([3, 3], [3], { ...max, ceilOutDim: true }),
  "max pooling three axes": window([2, 2, 2], [1, 1, 2], max),
  "max pooling one axis": window([3], [4], max),
  "average pooling overlapping": window([3, 3], [2], average),
  "average pooling padded": window([4, 3], [2, 1], { ...average, ...pad2 }),
  "average pooling padding counted": window([3, 3], [2], {
    ...{ ...average, ...pad2, includePad: true },
  }),
  "average pooling three axes": window([2, 3, 2], [1, 1, 2], average),
});

const withTies = ofPeer("Pooling", {
  "max pooling ties": window([2, 3], [2, 1], max),
  "max pooling NaN": window([3, 2], [2], max),
}).map((row) => ({ ...row, unlikeDerivative: "the first of equal numbers gets the gradient" }));

export const poolingPeerCases: readonly Case[] = [
  ...smooth,
  ...withTies,
  ...notDerivative(
    ofPeer("MaxUnpooling", {
      "unpooling 2x2": window([2, 2], [2]),
      "unpooling ties": window([2, 2], [2]),
      "unpooling overlapping": window([3, 3], [2]),
      "unpooling padded": window([3, 3], [2], pad2),
      "unpooling NaN": window([2, 2], [2]),
      "unpooling rest left over": window([3, 3], [3]),
    }),
  ),
];

const roiOutput = { roiOutputShape: [3, 2] };
const image = data([6, 5, 1], 2, 3);
// Halves are rounded away from zero; the last region hangs over the border, its last bins have no cells.
const inParts = [0, 0, 5 / 6, 0.8, 0.25, 0.5, 0.5, 0.6, 0.75, 0.8, 1, 1];

export const regionCases: readonly Case[] = [
  {
    operation: "ROIPooling",
    note: "regions as parts of the image",
    inputs: [image, { shape: [12], values: [...inParts, ...inParts] }],
    settings: roiOutput,
    shape: [3, 2, 1, 3],
    value: poolRegions(image.values, inParts),
  },
];

export const regionPeerCases: readonly Case[] = ofPeer("ROIPooling", {
  regions: { roiOutputShape: [2, 3], spatialScale: 1 },
});
