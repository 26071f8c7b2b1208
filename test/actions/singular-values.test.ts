/** Singular value decomposition: known values, and the properties that define it. */

import { describe, expect, it } from "@jest/globals";
import { singularValueDecomposition } from "../../src/actions/singular-values.js";
import { MersenneTwister } from "../../src/random/mersenne-twister.js";

const columnsOf = (rows: readonly (readonly number[])[]) =>
  Array.from(rows[0] ?? [], (_, column) => Float64Array.from(rows, (row) => row[column] ?? 0));

const product = (one: Float64Array, other: Float64Array) =>
  one.reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0);

const random = (rows: number, columns: number) => {
  const generator = new MersenneTwister(7);
  return Array.from({ length: columns }, () =>
    Float64Array.from({ length: rows }, () => generator.below(2001) / 1000 - 1),
  );
};

describe("singular values", () => {
  it.each([
    {
      what: "a diagonal",
      matrix: [
        [3, 0],
        [0, 5],
      ],
      values: [5, 3],
    },
    {
      what: "a known one",
      matrix: [
        [3, 0],
        [4, 5],
      ],
      values: [Math.sqrt(45), Math.sqrt(5)],
    },
    {
      what: "a wide one",
      matrix: [
        [3, 2, 2],
        [2, 3, -2],
      ],
      values: [5, 3],
    },
    {
      what: "one of rank 1",
      matrix: [
        [1, 2],
        [2, 4],
        [2, 4],
      ],
      values: [Math.sqrt(45), 0],
    },
    {
      what: "zeros",
      matrix: [
        [0, 0],
        [0, 0],
      ],
      values: [0, 0],
    },
  ])("of $what", ({ matrix, values }) => {
    const { singularValues } = singularValueDecomposition(columnsOf(matrix));
    expect(singularValues.length).toBe(values.length);
    singularValues.forEach((value, index) => expect(value).toBeCloseTo(values[index] ?? NaN, 12));
  });

  it("of equal columns are one and zeros", () => {
    const column = random(50, 1)[0] ?? new Float64Array();
    const { singularValues } = singularValueDecomposition(Array.from({ length: 40 }, () => column));
    expect(singularValues[0]).toBeCloseTo(Math.sqrt(40 * product(column, column)), 10);
    for (const value of singularValues.slice(1)) expect(value).toBeCloseTo(0, 10);
  });

  it.each([
    [7, 7],
    [20, 6],
    [5, 17],
  ])("give back a matrix of %i x %i", (rows, columns) => {
    const matrix = random(rows, columns);
    const { singularValues, left, right } = singularValueDecomposition(matrix);
    const count = Math.min(rows, columns);
    expect([left.length, right.length]).toEqual([count, count]);
    expect(singularValues).toEqual([...singularValues].sort((one, other) => other - one));
    for (const vectors of [left, right]) {
      vectors.forEach((one, i) =>
        vectors.forEach((other, j) => expect(product(one, other)).toBeCloseTo(i === j ? 1 : 0, 12)),
      );
    }
    matrix.forEach((column, j) =>
      column.forEach((value, i) => {
        const sum = singularValues.reduce(
          (total, s, k) => total + s * (left[k]?.[i] ?? 0) * (right[k]?.[j] ?? 0),
          0,
        );
        expect(sum).toBeCloseTo(value, 12);
      }),
    );
  });
});
