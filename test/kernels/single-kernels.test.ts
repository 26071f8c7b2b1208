/** Kernels that no operation of the compiled schedule shows well enough: against numbers computed in double. */

import { expect, it } from "@jest/globals";
import { withKernels } from "./built-kernels.js";
import { callKernel } from "./kernel-calls.js";

const pseudoRandom = (count: number, seed = 1) =>
  Float32Array.from({ length: count }, (_, i) => ((((i + seed) * 7919) % 10007) / 10007) * 2 - 1);

/** How many numbers of a plane, a channel and a minibatch there are. */
const SIZES = [
  [1, 1, 1],
  [3, 7, 35],
  [5, 7, 1],
  [150, 3, 1],
  [2, 19, 1],
  [2, 3, 64],
] as const;

function channelOf(x: Float32Array, channel: number, channels: number, inner: number): number[] {
  return [...x].filter((_, i) => Math.floor(i / inner) % channels === channel);
}

for (const form of ["wasm", "native"] as const) {
  withKernels(form, 1 << 20, `single kernels as ${form}`, (library) => {
    it.each(SIZES)("moments of %s x %s x %s numbers far from 0", (outer, channels, inner) => {
      const x = pseudoRandom(outer * channels * inner).map((value) => 3000 + value);
      const [means, deviations] = [new Float32Array(channels), new Float32Array(channels)];
      const totals = new Float32Array(channels + 1);
      const factors = Float32Array.of(1, 0, 0);
      const sizes = [outer, channels, inner];
      callKernel(library, "batch_norm_moments", x, factors, means, deviations, totals, ...sizes);
      expect(totals[channels]).toBe(outer * inner);
      for (let channel = 0; channel < channels; channel++) {
        const numbers = channelOf(x, channel, channels, inner);
        const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
        const squares = numbers.reduce((sum, number) => sum + (number - mean) ** 2, 0);
        expect(Math.abs((means[channel] ?? NaN) - mean)).toBeLessThan(1e-3);
        expect(Math.abs((deviations[channel] ?? NaN) - squares)).toBeLessThan(
          1e-3 * squares + 1e-6,
        );
      }
    });

    it("adds the deviations of two ranks up to those of all numbers", () => {
      const halves = [pseudoRandom(24), pseudoRandom(30, 50).map((value) => value + 2)];
      const factors = Float32Array.of(1, 0, 0);
      const totals = new Float32Array(4);
      const parts = halves.map((x) => {
        const [means, deviations] = [new Float32Array(3), new Float32Array(3)];
        const own = new Float32Array(4);
        const outer = x.length / 6;
        callKernel(library, "batch_norm_moments", x, factors, means, deviations, own, outer, 3, 2);
        own.forEach((total, i) => (totals[i] = (totals[i] ?? 0) + total));
        return { means, deviations, count: outer * 2 };
      });
      const squares = new Float32Array(3);
      for (const { means, deviations, count } of parts) {
        const own = new Float32Array(3);
        callKernel(
          library,
          "batch_norm_deviations",
          means,
          deviations,
          totals,
          factors,
          own,
          3,
          count,
        );
        own.forEach((square, i) => (squares[i] = (squares[i] ?? 0) + square));
      }
      const all = Float32Array.from(halves.flatMap((half) => [...half]));
      const [means, deviations] = [new Float32Array(3), new Float32Array(3)];
      const whole = new Float32Array(4);
      callKernel(library, "batch_norm_moments", all, factors, means, deviations, whole, 9, 3, 2);
      for (let i = 0; i < 3; i++) expect(squares[i]).toBeCloseTo(deviations[i] ?? NaN, 4);
    });

    it.each([
      ["Log", 2, [NaN, Infinity, 0, -1, 1e-40], [NaN, Infinity, -85.1, -85.1, -85.1]],
      ["RectifiedLinear", 6, [NaN, -Infinity, Infinity], [0, 0, Infinity]],
      ["Sigmoid", 7, [NaN, -89, 100], [NaN, 0, 1]],
      ["Sqrt", 8, [NaN, -1, 4], [0, 0, 2]],
      ["Cosine", 10, [NaN, Infinity, 0, 1e6], [NaN, NaN, 1, Math.cos(1e6)]],
      ["Floor", 11, [NaN, -0.5, Infinity, 2.5], [NaN, -1, Infinity, 2]],
      ["Sin", 12, [NaN, 0, -1e6, 3], [NaN, 0, Math.sin(-1e6), Math.sin(3)]],
      ["1/x, protected", 13, [0, -1e-35, 4, NaN], [1e30, -1e30, 0.25, NaN]],
    ] as const)("%s of numbers at the edge", (_, operation, x, expected) => {
      const found = new Float32Array(x.length);
      callKernel(library, "unary", operation, Float32Array.from(x), found, x.length);
      expected.forEach((value, i) => {
        const own = found[i] ?? NaN;
        if (!Number.isFinite(value)) expect(own).toBe(value);
        else expect(Math.abs(own - value)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(value)));
      });
    });
  });
}
