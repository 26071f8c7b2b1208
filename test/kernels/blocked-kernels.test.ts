/**
 * Kernels that work in blocks of registers and of the cache, for sizes that do not fill the last block: matrix products,
 * and convolutions, against plain loops in double.
 */

import { describe, it } from "@jest/globals";
import { withKernels } from "./built-kernels.js";
import { layOut, type Sizes } from "./convolution-geometry.js";
import { callKernel } from "./kernel-calls.js";
import { at, expectClose, pseudoRandom, zeros } from "./numbers.js";

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
  });
}
