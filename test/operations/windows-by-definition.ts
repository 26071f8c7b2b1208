/** Convolution and pooling written out as their formulas say (nodes.md 6.5, 6.6, 7), one number at a time. */

import type { Geometry } from "../../src/operations/windows.js";
import { elementCount, type Shape } from "../../src/operations/shape.js";

/** Coordinates of the `index`-th element of a shape, first axis fastest. */
const coordinates = (shape: Shape, index: number): number[] => {
  let rest = index;
  return shape.map((size) => {
    const place = rest % size;
    rest = Math.floor(rest / size);
    return place;
  });
};

/** Memory index of coordinates, or undefined outside the shape. */
const indexIn = (shape: Shape, at: readonly number[]): number | undefined => {
  if (at.some((place, axis) => place < 0 || place >= (shape[axis] ?? 0))) return undefined;
  return at.reduceRight((index, place, axis) => index * (shape[axis] ?? 1) + place, 0);
};

/** Calls `visit` for every (window, element of the kernel, cell inside the input). */
function visitWindows(
  geometry: Geometry,
  visit: (window: number, element: number, cell: number) => void,
): void {
  const windows = geometry.axes.map((axis) => axis.windows);
  const kernel = geometry.axes.map((axis) => axis.kernel);
  for (let window = 0; window < elementCount(windows); window++) {
    const o = coordinates(windows, window);
    for (let element = 0; element < elementCount(kernel); element++) {
      const at = coordinates(kernel, element).map((k, axis) => {
        const { stride, lower } = geometry.axes[axis] ?? { stride: 1, lower: 0 };
        return (o[axis] ?? 0) * stride - lower + k;
      });
      const cell = indexIn(geometry.input, at);
      if (cell !== undefined) visit(window, element, cell);
    }
  }
}

const sizes = ({ axes, input }: Geometry) => ({
  windows: elementCount(axes.map((axis) => axis.windows)),
  elements: elementCount(axes.map((axis) => axis.kernel)),
  cells: elementCount(input),
});

const samplesOf = (values: readonly number[], size: number): number[][] =>
  Array.from({ length: values.length / size }, (_, i) => values.slice(i * size, (i + 1) * size));

/** y(window, map) = sum of weights(element, map) * x(cell), samples one after the other. */
export function convolve(geometry: Geometry, weights: readonly number[], x: readonly number[]) {
  const { windows, elements, cells } = sizes(geometry);
  return samplesOf(x, cells).flatMap((sample) => {
    const y = new Float64Array(windows * geometry.maps);
    for (let map = 0; map < geometry.maps; map++)
      visitWindows(geometry, (window, element, cell) => {
        const at = map * windows + window;
        y[at] = (y[at] ?? 0) + (weights[map * elements + element] ?? 0) * (sample[cell] ?? 0);
      });
    return [...y];
  });
}

/** result(cell) = sum of weights(element, map) * x(window, map). */
export function convolveTransposed(
  geometry: Geometry,
  weights: readonly number[],
  x: readonly number[],
) {
  const { windows, elements, cells } = sizes(geometry);
  return samplesOf(x, windows * geometry.maps).flatMap((sample) => {
    const y = new Float64Array(cells);
    for (let map = 0; map < geometry.maps; map++)
      visitWindows(geometry, (window, element, cell) => {
        const share =
          (weights[map * elements + element] ?? 0) * (sample[map * windows + window] ?? 0);
        y[cell] = (y[cell] ?? 0) + share;
      });
    return [...y];
  });
}

/** Maximum over the cells of each window; NaN never wins. */
export function poolMaximum(geometry: Geometry, x: readonly number[]): number[] {
  const { windows, cells } = sizes(geometry);
  return samplesOf(x, cells).flatMap((sample) => {
    const y = Array.from({ length: windows }, () => -Infinity);
    visitWindows(geometry, (window, _, cell) => {
      const value = sample[cell] ?? 0;
      if (value > (y[window] ?? 0)) y[window] = value;
    });
    return y;
  });
}

/** Average over the cells of each window that lie inside the input. */
export function poolAverage(geometry: Geometry, x: readonly number[]): number[] {
  const { windows, cells } = sizes(geometry);
  return samplesOf(x, cells).flatMap((sample) => {
    const sum = new Float64Array(windows);
    const count = new Float64Array(windows);
    visitWindows(geometry, (window, _, cell) => {
      sum[window] = (sum[window] ?? 0) + (sample[cell] ?? 0);
      count[window] = (count[window] ?? 0) + 1;
    });
    return [...sum.map((total, window) => total / (count[window] ?? 0))];
  });
}

/** pooled values at the first maximum of each window of `p`, zero elsewhere; later windows overwrite. */
export function unpool(geometry: Geometry, u: readonly number[], p: readonly number[]): number[] {
  const { windows, cells } = sizes(geometry);
  return samplesOf(p, cells).flatMap((sample, n) => {
    const best = new Map<number, number>();
    visitWindows(geometry, (window, _, cell) => {
      const leader = best.get(window);
      if (leader === undefined || (sample[cell] ?? 0) > (sample[leader] ?? 0))
        best.set(window, cell);
    });
    const y = Array.from({ length: cells }, () => 0);
    for (let window = 0; window < windows; window++) {
      const cell = best.get(window);
      if (cell !== undefined) y[cell] = u[n * windows + window] ?? 0;
    }
    return y;
  });
}

/** Maxima of 3 x 2 bins of regions in images [6 x 5 x 1], by nodes.md 7.5. */
export function poolRegions(images: readonly number[], regions: readonly number[]): number[] {
  const [width, height, channels] = [6, 5, 1];
  const span = (bin: number, bins: number, first: number, length: number, size: number) => {
    const from = Math.floor((bin * length) / bins) + first;
    const to = Math.min(Math.ceil(((bin + 1) * length) / bins) + first, size);
    return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
  };
  const result: number[] = [];
  for (const sample of samplesOf(images, width * height * channels))
    for (const region of samplesOf(regions, 4))
      for (let channel = 0; channel < channels; channel++)
        for (let j = 0; j < 2; j++)
          for (let i = 0; i < 3; i++) {
            const [x = 0, y = 0, w = 0, h = 0] = region;
            const columns = span(i, 3, Math.round(x * width), Math.round(w * width) || 1, width);
            const rows = span(j, 2, Math.round(y * height), Math.round(h * height) || 1, height);
            const cells = rows.flatMap((row) =>
              columns.map((column) => sample[(channel * height + row) * width + column] ?? 0),
            );
            result.push(cells.length === 0 ? 0 : Math.max(...cells));
          }
  return result;
}
