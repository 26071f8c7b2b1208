/**
 * Kernels that work in blocks of registers and of the cache, for sizes that do not fill the last block: matrix products,
 * convolutions, max pooling and the sparse filter gradient, against plain loops in double.
 */

import { describe, expect, it } from "@jest/globals";
import { withKernels } from "./built-kernels.js";
import { callKernel } from "./kernel-calls.js";

const pseudoRandom = (count: number, seed = 1) =>
  Float32Array.from({ length: count }, (_, i) => ((((i + seed) * 7919) % 10007) / 10007) * 2 - 1);

/** Largest difference in units of the largest number. */
function expectClose(found: Float32Array, expected: readonly number[]): void {
  expect(found.length).toBe(expected.length);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
  const differences = expected.map((value, i) => Math.abs(value - (found[i] ?? NaN)) / largest);
  expect(differences.findIndex((difference) => !(difference < 1e-5))).toBe(-1);
}

/** Rows, columns and depth: within one block, one more and one less than blocks, beyond the blocks of the cache. */
const PRODUCTS = [
  [1, 1, 1],
  [1, 70, 3],
  [5, 17, 9],
  [7, 64, 31],
  [13, 65, 257],
  [145, 66, 19],
  [2, 520, 6],
  [25, 10, 300],
] as const;

/** Samples, channels, maps, height, width, kernel height and width, strides, and padding before the first cell. */
type Sizes = readonly [
  ...[samples: number, channels: number, maps: number, height: number, width: number],
  ...[kernelHeight: number, kernelWidth: number, strideY: number, strideX: number],
  ...[lowerY: number, lowerX: number],
];

const CONVOLUTIONS: readonly { note: string; sizes: Sizes }[] = [
  { note: "columns of 5 taps", sizes: [2, 2, 1, 9, 19, 5, 5, 1, 1, 2, 2] },
  { note: "columns of 3 taps, narrow", sizes: [2, 3, 1, 11, 7, 3, 3, 1, 1, 1, 1] },
  { note: "one map, stride 2", sizes: [1, 2, 1, 21, 37, 5, 3, 2, 2, 2, 1] },
  { note: "2 maps", sizes: [2, 1, 2, 12, 28, 5, 5, 1, 1, 2, 2] },
  { note: "5 maps", sizes: [3, 4, 5, 7, 7, 3, 3, 1, 1, 1, 1] },
  { note: "7 maps, stride 2", sizes: [2, 3, 7, 13, 17, 3, 3, 2, 2, 1, 1] },
  {
    note: "13 maps of 6 channels, stride 2, even kernel",
    sizes: [2, 6, 13, 8, 33, 4, 2, 2, 2, 1, 0],
  },
  { note: "small planes, many samples", sizes: [19, 3, 6, 4, 4, 3, 3, 1, 1, 1, 1] },
  { note: "1x1, stride 2", sizes: [2, 5, 9, 16, 34, 1, 1, 2, 2, 0, 0] },
  { note: "stride 3 over a kernel of 2", sizes: [1, 2, 4, 20, 23, 2, 2, 3, 3, 0, 0] },
  { note: "unpadded, whole vectors", sizes: [1, 2, 3, 6, 18, 3, 3, 1, 1, 0, 0] },
];

/** The same with the width of the pools, each of which has one cell that is not 0. */
const SPARSE_CONVOLUTIONS: readonly { note: string; sizes: Sizes; pool: number }[] = [
  { note: "3x3 by 3", sizes: [2, 1, 2, 12, 28, 3, 3, 1, 1, 1, 1], pool: 3 },
  { note: "5x5 by 4", sizes: [2, 2, 3, 28, 28, 5, 5, 1, 1, 2, 2], pool: 4 },
  { note: "9x9 by 2", sizes: [1, 2, 2, 16, 18, 9, 9, 1, 1, 4, 4], pool: 2 },
];

interface Geometry {
  readonly sizes: readonly number[];
  readonly large: number;
  readonly small: number;
  readonly weights: number;
  /** calls back with the places in input, result and weights of each product of the convolution */
  readonly forEach: (use: (cell: number, window: number, weight: number) => void) => void;
}

function layOut([N, C, K, height, width, kh, kw, sy, sx, ly, lx]: Sizes): Geometry {
  const rows = Math.ceil((height + 2 * ly - kh + 1) / sy);
  const columns = Math.ceil((width + 2 * lx - kw + 1) / sx);
  return {
    sizes: [N, C, K, height, width, rows, columns, kh, kw, sy, sx, ly, lx],
    large: N * C * height * width,
    small: N * K * rows * columns,
    weights: K * C * kh * kw,
    forEach(use) {
      const axes = [N, K, C, rows, columns, kh, kw];
      const total = axes.reduce((product, size) => product * size, 1);
      for (let i = 0; i < total; i++) {
        let rest = i;
        const places = axes.toReversed().map((size) => {
          const place = rest % size;
          rest = Math.floor(rest / size);
          return place;
        });
        const [j = 0, e = 0, c = 0, r = 0, channel = 0, map = 0, n = 0] = places;
        const [y, x] = [r * sy - ly + e, c * sx - lx + j];
        if (y < 0 || y >= height || x < 0 || x >= width) continue;
        const cell = ((n * C + channel) * height + y) * width + x;
        const window = ((n * K + map) * rows + r) * columns + c;
        use(cell, window, ((map * C + channel) * kh + e) * kw + j);
      }
    },
  };
}

const zeros = (count: number) => Array.from({ length: count }, () => 0);
const at = (numbers: ArrayLike<number>, place: number) => numbers[place] ?? NaN;

for (const form of ["wasm", "native"] as const) {
  withKernels(form, 1 << 23, `kernels in blocks as ${form}`, (library) => {
    const scratch = (bytes = 0) => new Float32Array(Math.ceil(bytes / 4));

    describe.each([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ] as const)("product, transposed %s %s", (left, right) => {
      it.each(PRODUCTS)("%s rows, %s columns, depth %s", (m, n, k) => {
        const [a, b, c] = [pseudoRandom(m * k), pseudoRandom(k * n, 5), pseudoRandom(m * n, 9)];
        const expected = [...c].map((before, i) => {
          const [row, column] = [Math.floor(i / n), i % n];
          let sum = before;
          for (let d = 0; d < k; d++)
            sum +=
              at(a, left ? d * m + row : row * k + d) *
              at(b, right ? column * k + d : d * n + column);
          return sum;
        });
        const packed = scratch(library.ask.gemm_scratch());
        const pitches = [left ? m : k, right ? k : n, n];
        callKernel(library, "gemm", a, b, c, packed, m, n, k, left, right, ...pitches, 1);
        expectClose(c, expected);
      });
    });

    it.each(CONVOLUTIONS)("convolution: $note", ({ sizes }) => {
      const geometry = layOut(sizes);
      const x = pseudoRandom(geometry.large);
      const w = pseudoRandom(geometry.weights, 3);
      const g = pseudoRandom(geometry.small, 7);
      const [y, dx, dw] = [geometry.small, geometry.large, geometry.weights].map(zeros);
      geometry.forEach((cell, window, weight) => {
        if (y !== undefined) y[window] = at(y, window) + at(w, weight) * at(x, cell);
        if (dx !== undefined) dx[cell] = at(dx, cell) + at(w, weight) * at(g, window);
        if (dw !== undefined) dw[weight] = at(dw, weight) + at(x, cell) * at(g, window);
      });
      const { ask } = library;
      const forward = scratch(ask.convolution_scratch(0, ...geometry.sizes));
      const backward = scratch(ask.convolution_scratch(1, ...geometry.sizes));
      const filter = scratch(ask.convolution_weight_scratch(...geometry.sizes));
      // what was there before must not matter
      const found = [geometry.small, geometry.large, geometry.weights].map((size) =>
        pseudoRandom(size, 11).fill(NaN, 0, 1),
      );
      const [toResult = x, toInput = x, toWeights = x] = found;
      callKernel(library, "convolution", x, w, toResult, forward, ...geometry.sizes);
      callKernel(library, "convolution_input_gradient", g, w, toInput, backward, ...geometry.sizes);
      callKernel(
        library,
        "convolution_weight_gradient",
        x,
        g,
        toWeights,
        filter,
        ...geometry.sizes,
      );
      expectClose(toResult, y ?? []);
      expectClose(toInput, dx ?? []);
      expectClose(toWeights, dw ?? []);
    });

    it.each(CONVOLUTIONS)("convolution with bias, rectified: $note", ({ sizes }) => {
      const geometry = layOut(sizes);
      const [, , maps] = sizes;
      const [x, w] = [pseudoRandom(geometry.large), pseudoRandom(geometry.weights, 3)];
      const bias = pseudoRandom(maps, 13);
      const windows = geometry.small / maps / sizes[0];
      const expected = zeros(geometry.small).map((_, i) =>
        at(bias, Math.floor(i / windows) % maps),
      );
      geometry.forEach((cell, window, weight) => {
        expected[window] = at(expected, window) + at(w, weight) * at(x, cell);
      });
      const y = new Float32Array(geometry.small);
      const working = scratch(library.ask.convolution_scratch(0, ...geometry.sizes));
      callKernel(library, "convolution_with_bias", x, w, bias, y, working, 1, ...geometry.sizes);
      expectClose(
        y,
        expected.map((value) => Math.max(value, 0)),
      );
    });

    it.each(SPARSE_CONVOLUTIONS)("filter gradient of a sparse input: $note", ({ sizes, pool }) => {
      const geometry = layOut(sizes);
      const [samples, , maps, , , rows = 0, columns = 0] = geometry.sizes;
      const [across, down] = [Math.floor(columns / pool), Math.floor(rows / pool)];
      const planes = (samples ?? 0) * (maps ?? 0);
      const values = pseudoRandom(planes * across * down, 5);
      const positions = new Int32Array(values.length);
      const dense = new Float32Array(geometry.small);
      for (let i = 0; i < values.length; i++) {
        const [plane, window] = [Math.floor(i / (across * down)), i % (across * down)];
        const y = Math.floor(window / across) * pool + (i % pool);
        const cell = y * columns + (window % across) * pool + ((i * 7) % pool);
        positions[i] = i % 5 === 4 ? -1 : cell;
        if (i % 5 !== 4) dense[plane * rows * columns + cell] = at(values, i);
      }
      const gradient = pseudoRandom(geometry.large, 7);
      const expected = zeros(geometry.weights);
      geometry.forEach((cell, window, weight) => {
        expected[weight] = at(expected, weight) + at(dense, window) * at(gradient, cell);
      });
      const dw = new Float32Array(geometry.weights);
      const working = scratch(library.ask.sparse_convolution_scratch(...geometry.sizes));
      const count = across * down;
      const kernel = "sparse_convolution_weight_gradient";
      callKernel(
        library,
        kernel,
        values,
        positions,
        gradient,
        dw,
        working,
        count,
        ...geometry.sizes,
      );
      expectClose(dw, expected);
    });

    it("reports the first of equal maxima, and numbers where there are only infinities or NaN", () => {
      const x = new Float32Array(4 * 20).fill(1);
      x.fill(-Infinity, 8, 12).fill(NaN, 28, 32).fill(-Infinity, 48, 52).fill(-Infinity, 68, 72);
      const [y, positions] = [new Float32Array(10), new Int32Array(10)];
      const working = scratch(library.ask.pooling_scratch(20));
      const sizes = [1, 4, 20, 2, 5, 2, 4, 2, 4, 0, 0];
      callKernel(library, "max_pooling", x, y, positions, working, 0, ...sizes);
      expect([...y]).toEqual([1, 1, -Infinity, 1, 1, 1, 1, -Infinity, 1, 1]);
      expect([...positions]).toEqual([0, 4, 8, 12, 16, 40, 44, 48, 52, 56]);
    });
  });
}
