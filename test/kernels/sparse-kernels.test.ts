/**
 * Max pooling, and convolutions of planes that are 0 but for one cell of every window, as unpooling leaves them, against
 * plain loops.
 */

import { expect, it } from "@jest/globals";
import type { KernelLibrary } from "../../src/kernels/library.js";
import { withKernels } from "./built-kernels.js";
import { layOut, type Sizes } from "./convolution-geometry.js";
import { callKernel } from "./kernel-calls.js";
import { at, expectClose, pseudoRandom, zeros } from "./numbers.js";

/** The same with the width of the pools, each of which has one cell that is not 0. */
const SPARSE_CONVOLUTIONS: readonly { note: string; sizes: Sizes; pool: number }[] = [
  { note: "3x3 by 3", sizes: [2, 1, 2, 12, 28, 3, 3, 1, 1, 1, 1], pool: 3 },
  { note: "5x5 by 4", sizes: [2, 2, 3, 28, 28, 5, 5, 1, 1, 2, 2], pool: 4 },
  { note: "5x5 by 4, one map", sizes: [3, 1, 1, 28, 28, 5, 5, 1, 1, 2, 2], pool: 4 },
  { note: "3x3 by 4, narrow", sizes: [2, 1, 2, 8, 4, 3, 3, 1, 1, 1, 1], pool: 4 },
  { note: "9x9 by 2", sizes: [1, 2, 2, 16, 18, 9, 9, 1, 1, 4, 4], pool: 2 },
  { note: "6x5 by 2, four maps", sizes: [2, 1, 4, 13, 22, 6, 5, 1, 1, 3, 2], pool: 2 },
  { note: "4x4 by 2, stride 2", sizes: [1, 1, 3, 20, 24, 4, 4, 2, 2, 1, 1], pool: 2 },
];

/** One cell of every pool, none of every fifth, and the same as dense planes. */
function sparsePlanes(geometry: ReturnType<typeof layOut>, pool: number) {
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
  return { values, positions, dense, windows: across * down };
}

/** Height and width of planes, windows as high and wide as they are far apart, of rows and columns before the first. */
const POOLINGS = [
  [28, 28, 4, 4, 0, 0],
  [14, 14, 2, 2, 0, 0],
  [9, 70, 4, 4, 0, 0],
  [5, 19, 2, 4, 0, 0],
  [7, 35, 3, 2, 0, 0],
  [8, 30, 4, 4, 1, 2],
  [6, 13, 2, 2, 1, 1],
  [4, 3, 2, 2, 0, 0],
  [12, 12, 3, 3, 0, 0],
] as const;

/** The cell that max pooling reports for a window, -1 for none: the first of the largest, of NaN if there is nothing else. */
function largestCell(x: Float32Array, cells: readonly number[], keepsFirst: boolean): number {
  const [first] = cells;
  if (first !== undefined && keepsFirst && Number.isNaN(at(x, first))) return first;
  let best = -1;
  for (const cell of cells) {
    const value = at(x, cell);
    if (!Number.isNaN(value) && (best < 0 || value > at(x, best))) best = cell;
  }
  return best;
}

function testPooling(library: KernelLibrary, shape: (typeof POOLINGS)[number], keepsFirst: 0 | 1) {
  const [height, width, kernelHeight, kernelWidth, top, left] = shape;
  const planes = 3;
  const rows = Math.ceil((height + top) / kernelHeight);
  const columns = Math.ceil((width + left) / kernelWidth);
  // few different numbers, so that many are equal; some are none
  const x = pseudoRandom(planes * height * width, 3).map((value, i) =>
    i % 23 === 5 ? NaN : i % 31 === 7 ? -Infinity : Math.round(value * 4),
  );
  const [y, positions] = [
    new Float32Array(planes * rows * columns),
    new Int32Array(planes * rows * columns),
  ];
  const working = new Float32Array(Math.ceil(library.ask.pooling_scratch(width) / 4));
  const windows = [kernelHeight, kernelWidth, kernelHeight, kernelWidth, top, left];
  const sizes = [planes, height, width, rows, columns, ...windows];
  callKernel(library, "max_pooling", x, y, positions, working, keepsFirst, ...sizes);
  const range = (index: number, kernel: number, lower: number, size: number) =>
    Array.from({ length: kernel }, (_, k) => index * kernel - lower + k).filter(
      (i) => i >= 0 && i < size,
    );
  const expected = Array.from(positions, (_, i) => {
    const [plane, window] = [Math.floor(i / (rows * columns)), i % (rows * columns)];
    const down = range(Math.floor(window / columns), kernelHeight, top, height);
    const across = range(window % columns, kernelWidth, left, width);
    const cells = down.flatMap((r) => across.map((c) => r * width + c));
    const own = x.subarray(plane * height * width, (plane + 1) * height * width);
    return {
      cell: largestCell(own, cells, keepsFirst === 1),
      largest: largestCell(own, cells, false),
      own,
    };
  });
  expect([...positions]).toEqual(expected.map(({ cell }) => cell));
  expect([...y]).toEqual(
    expected.map(({ largest, own }) => (largest < 0 ? -Infinity : at(own, largest))),
  );
}

for (const form of ["wasm", "native"] as const) {
  withKernels(form, 1 << 23, `sparse kernels as ${form}`, (library) => {
    const scratch = (bytes = 0) => new Float32Array(Math.ceil(bytes / 4));

    it.each(SPARSE_CONVOLUTIONS)("filter gradient: $note", ({ sizes, pool }) => {
      const geometry = layOut(sizes);
      const { values, positions, dense, windows } = sparsePlanes(geometry, pool);
      const gradient = pseudoRandom(geometry.large, 7);
      const expected = zeros(geometry.weights);
      geometry.forEach((cell, window, weight) => {
        expected[weight] = at(expected, weight) + at(dense, window) * at(gradient, cell);
      });
      const dw = new Float32Array(geometry.weights);
      const working = scratch(library.ask.sparse_convolution_scratch(...geometry.sizes));
      const all = [windows, ...geometry.sizes];
      const kernel = "sparse_convolution_weight_gradient";
      callKernel(library, kernel, values, positions, gradient, dw, working, ...all);
      expectClose(dw, expected);
    });

    it.each(SPARSE_CONVOLUTIONS)("transposed: $note", ({ sizes, pool }) => {
      const geometry = layOut(sizes);
      const { values, positions, dense, windows } = sparsePlanes(geometry, pool);
      const w = pseudoRandom(geometry.weights, 3);
      const expected = zeros(geometry.large);
      geometry.forEach((cell, window, weight) => {
        expected[cell] = at(expected, cell) + at(dense, window) * at(w, weight);
      });
      const y = new Float32Array(geometry.large);
      const working = scratch(library.ask.sparse_convolution_scratch(...geometry.sizes));
      const all = [windows, ...geometry.sizes];
      callKernel(library, "sparse_convolution_spread", values, positions, w, y, working, ...all);
      expectClose(y, expected);
      const tiles = [pool, pool, ...geometry.sizes];
      const bytes = library.ask.tile_convolution_scratch(...tiles);
      if (bytes === 0) return;
      const again = new Float32Array(geometry.large).fill(NaN);
      const own = scratch(bytes);
      callKernel(library, "tile_convolution_spread", values, positions, w, again, own, ...tiles);
      expectClose(again, expected);
    });

    it("has a tile kernel for pools of 4 x 4 below kernels of 5 x 5 where vectors are long enough", () => {
      const geometry = layOut([1, 1, 1, 28, 28, 5, 5, 1, 1, 2, 2]);
      const bytes = library.ask.tile_convolution_scratch(4, 4, ...geometry.sizes);
      expect(bytes > 0).toBe(["avx2", "avx512"].includes(library.form));
    });

    it.each(POOLINGS)("max pooling of %s x %s by %s x %s from -%s, -%s", (...shape) => {
      testPooling(library, shape, 0);
      testPooling(library, shape, 1);
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
