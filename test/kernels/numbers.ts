/** Numbers that kernels are tried on, and what they are compared with. */

import { expect } from "@jest/globals";

export const pseudoRandom = (count: number, seed = 1) =>
  Float32Array.from({ length: count }, (_, i) => ((((i + seed) * 7919) % 10007) / 10007) * 2 - 1);

/** Largest difference in units of the largest number. */
export function expectClose(found: Float32Array, expected: readonly number[]): void {
  expect(found.length).toBe(expected.length);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
  const differences = expected.map((value, i) => Math.abs(value - (found[i] ?? NaN)) / largest);
  expect(differences.findIndex((difference) => !(difference < 1e-5))).toBe(-1);
}

export const zeros = (count: number) => Array.from({ length: count }, () => 0);
export const at = (numbers: ArrayLike<number>, place: number) => numbers[place] ?? NaN;
