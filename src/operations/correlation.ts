/**
 * Cross-correlation of samples with kernels, and its two gradients (nodes.md 6.5). All three are the same triple product
 * over (large side, kernel element, small side), summed over another one of them, so a transposed convolution takes
 * them in another order.
 *
 * Portable form: cells are gathered by a static table into columns, one per window, which are multiplied with the
 * weights; the gradient with respect to the cells gathers by the reverse table, since not every backend can scatter.
 */

import {
  hasOwnKernel,
  planarArguments,
  prepareWindows,
  runOwnKernel,
  type OwnKernelName,
  type PreparedWindows,
} from "./own-kernels.js";
import { tf, type Tensor } from "./tensors.js";
import {
  coverCells,
  lazily,
  tabulateWindows,
  type CoverTable,
  type WindowTable,
} from "./window-tables.js";
import type { Geometry } from "./windows.js";

export interface Correlation extends PreparedWindows {
  readonly table: () => WindowTable;
  readonly cover: () => CoverTable;
}

export function prepareCorrelation(geometry: Geometry): Correlation {
  const windows = prepareWindows("convolution", geometry);
  const table = lazily(() => tabulateWindows(windows.axes));
  return { ...windows, table, cover: lazily(() => coverCells(table())) };
}

/** Elements of an intermediate tensor above which samples are computed in several parts. */
const LARGEST_PART = 1 << 24;

/** Computes `count` samples in parts, each in its own memory. */
function inParts(
  count: number,
  elementsPerSample: number,
  compute: (first: number, size: number) => Tensor,
): Tensor[] {
  const size = Math.max(1, Math.floor(LARGEST_PART / elementsPerSample));
  const parts: Tensor[] = [];
  for (let first = 0; first < count; first += size)
    parts.push(tf.tidy(() => compute(first, Math.min(size, count - first))));
  return parts;
}

/** Some samples of a tensor `[samples, ...]`, in the given shape. */
const part = (tensor: Tensor, first: number, size: number, shape: number[]) => {
  const whole = size === tensor.shape[0];
  const start = [first, ...tensor.shape.slice(1).fill(0)];
  return tf.reshape(
    whole ? tensor : tf.slice(tensor, start, [size, ...tensor.shape.slice(1)]),
    shape,
  );
};

/** Sizes of a correlation: N samples, C channels, K maps. */
function sizesOf(correlation: Correlation) {
  const { cells, windows, elements } = correlation.table();
  const { channels, geometry } = correlation;
  return { cells, windows, elements, channels, maps: geometry.maps };
}

/** Samples `[size * C, cells]` laid out as columns of windows, `[size, C * elements, windows]`. */
function unfold(correlation: Correlation, samples: Tensor, size: number): Tensor {
  const table = correlation.table();
  const shape = [size, correlation.channels * table.elements, table.windows];
  const isIdentity =
    table.cellAt.length === table.cells && table.cellAt.every((cell, place) => cell === place);
  if (isIdentity) return tf.reshape(samples, shape);
  const padded = table.hasOutside
    ? tf.concat([samples, tf.zeros([size * correlation.channels, 1])], 1)
    : samples;
  return tf.reshape(tf.gather(padded, tf.tensor1d(table.cellAt, "int32"), 1), shape);
}

/** The weights once per sample: multiplying stacks of matrices broadcasts on some backends only. */
const perSample = (weights: Tensor, size: number) =>
  size === 1 ? weights : tf.tile(weights, [size, 1, 1]);

/** y [samples, K, windows] = weights [K, C, elements] * x [samples, C, cells], summed over C and elements. */
export function correlate(correlation: Correlation, x: Tensor, weights: Tensor): Tensor {
  const samples = x.shape[0];
  const own = runPlanar("CntkConvolution", correlation, samples, { x, weights });
  if (own !== undefined) return own;
  const { cells, windows, elements, channels, maps } = sizesOf(correlation);
  const matrix = tf.reshape(weights, [1, maps, channels * elements]);
  const results = inParts(samples, channels * elements * windows, (first, size) => {
    const columns = unfold(correlation, part(x, first, size, [size * channels, cells]), size);
    return tf.matMul(perSample(matrix, size), columns);
  });
  return tf.concat(results, 0);
}

/** dx [samples, C, cells] = weights * g [samples, K, windows], summed over K and elements. */
export function correlateInput(correlation: Correlation, g: Tensor, weights: Tensor): Tensor {
  const samples = g.shape[0];
  const own = runPlanar("CntkConvolutionInputGradient", correlation, samples, { g, weights });
  if (own !== undefined) return own;
  const { cells, windows, elements, channels, maps } = sizesOf(correlation);
  const { depth, window, element } = correlation.cover();
  // Where a cell has no further window, the index goes to a zero behind the last place.
  const places = window.map((w, at) =>
    w === windows ? elements * windows : (element[at] ?? 0) * windows + w,
  );
  const matrix = tf.reshape(weights, [1, maps, channels * elements]);
  const results = inParts(samples, channels * elements * windows, (first, size) => {
    const shares = tf.matMul(
      perSample(matrix, size),
      part(g, first, size, [size, maps, windows]),
      true,
    );
    const rows = tf.reshape(shares, [size * channels, elements * windows]);
    const padded = tf.concat([rows, tf.zeros([size * channels, 1])], 1);
    const gathered = tf.gather(padded, tf.tensor2d(places, [cells, depth], "int32"), 1);
    return tf.reshape(tf.sum(gathered, -1), [size, channels, cells]);
  });
  return tf.concat(results, 0);
}

/** dweights [K, C, elements] = g [samples, K, windows] * x [samples, C, cells], summed over samples and windows. */
export function correlateWeights(correlation: Correlation, x: Tensor, g: Tensor): Tensor {
  const samples = x.shape[0];
  const own = runPlanar("CntkConvolutionWeightGradient", correlation, samples, { x, g });
  if (own !== undefined) return own;
  const { cells, windows, elements, channels, maps } = sizesOf(correlation);
  const results = inParts(samples, channels * elements * windows, (first, size) => {
    const columns = unfold(correlation, part(x, first, size, [size * channels, cells]), size);
    const gradient = part(g, first, size, [size, maps, windows]);
    return tf.sum(tf.matMul(gradient, columns, false, true), 0);
  });
  return results.reduce((sum, next) => tf.add(sum, next));
}

/** The same by our kernel, if the backend has one and the geometry is planar. */
function runPlanar(
  name: OwnKernelName,
  { planar, geometry }: Correlation,
  samples: number,
  inputs: Readonly<Record<string, Tensor>>,
): Tensor | undefined {
  if (planar === undefined || !hasOwnKernel(name)) return undefined;
  const sizes = [samples, planar.channels, geometry.maps, ...planarArguments(planar)];
  return runOwnKernel(name, inputs, { sizes })[0];
}
