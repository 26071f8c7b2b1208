/** Kernels that reduce axes, and the matrix product. */

import assert from "node:assert/strict";
import type { TensorInfo } from "@tensorflow/tfjs";
import { expectInput, newValues, sizeOf, type Kernel, type Store } from "./backend.js";
import { broadcastSteps } from "./elementwise.js";

interface Reduction {
  readonly start: number;
  readonly step: (sum: number, x: number) => number;
  /** what becomes of a sum over so many elements */
  readonly finish?: (sum: number, count: number) => number;
}

const reduction =
  ({ start, step, finish }: Reduction): Kernel =>
  (inputs, attributes, store) => {
    const x = expectInput(inputs, "x");
    const axes = axesOf(attributes.axis ?? attributes.reductionIndices, x.shape.length);
    const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
    const result = newValues(x.dtype, sizeOf(kept)).fill(start);
    const values = store.valuesOf(x);
    forEachTarget(x.shape, broadcastSteps(kept, x.shape), (at, target) => {
      result[target] = step(result[target] ?? 0, values[at] ?? 0);
    });
    if (finish !== undefined) {
      const count = values.length / result.length;
      for (let i = 0; i < result.length; i++) result[i] = finish(result[i] ?? 0, count);
    }
    const shape =
      attributes.keepDims === true ? kept : x.shape.filter((_, axis) => !axes.includes(axis));
    return store.make(shape, x.dtype, result);
  };

/** One axis, several, or none at all, which stands for all; negative ones count from the end. */
function axesOf(axis: unknown, rank: number): number[] {
  const given = typeof axis === "number" ? [axis] : Array.isArray(axis) ? axis : [];
  const axes = given.filter((value) => typeof value === "number");
  if (axes.length === 0 && !Array.isArray(axis)) return Array.from({ length: rank }, (_, i) => i);
  return axes.map((value) => (value < 0 ? value + rank : value));
}

/** Visits all elements with the place of a second tensor that moves by `steps`. */
function forEachTarget(
  shape: readonly number[],
  steps: readonly number[],
  visit: (at: number, target: number) => void,
): void {
  const size = sizeOf(shape);
  const position = shape.map(() => 0);
  let target = 0;
  for (let at = 0; at < size; at++) {
    visit(at, target);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const next = (position[axis] ?? 0) + 1;
      target += steps[axis] ?? 0;
      if (next < (shape[axis] ?? 1)) {
        position[axis] = next;
        break;
      }
      position[axis] = 0;
      target -= (shape[axis] ?? 1) * (steps[axis] ?? 0);
    }
  }
}

/** The index of the first element that no other one beats. */
const position =
  (isBetter: (x: number, best: number) => boolean): Kernel =>
  (inputs, attributes, store) => {
    const x = expectInput(inputs, "x");
    const [axis = 0] = axesOf(attributes.axis, x.shape.length);
    const length = x.shape[axis] ?? 1;
    const inner = sizeOf(x.shape.slice(axis + 1));
    const shape = x.shape.filter((_, other) => other !== axis);
    const result = new Int32Array(sizeOf(shape));
    const values = store.valuesOf(x);
    for (let i = 0; i < result.length; i++) {
      const begin = Math.floor(i / inner) * inner * length + (i % inner);
      let best = values[begin] ?? 0;
      for (let k = 1; k < length; k++) {
        const value = values[begin + k * inner] ?? 0;
        if (!isBetter(value, best)) continue;
        best = value;
        result[i] = k;
      }
    }
    return store.make(shape, "int32", result);
  };

/** Over the last axis; the largest element is subtracted first. */
const softmax: Kernel = (inputs, _attributes, store) => {
  const logits = expectInput(inputs, "logits");
  const values = store.valuesOf(logits);
  const length = logits.shape.at(-1) ?? 1;
  const result = new Float64Array(values.length);
  for (let begin = 0; begin < values.length; begin += length) {
    const end = begin + length;
    let largest = -Infinity;
    for (let i = begin; i < end; i++) largest = Math.max(largest, values[i] ?? 0);
    let sum = 0;
    for (let i = begin; i < end; i++) {
      result[i] = Math.exp((values[i] ?? 0) - largest);
      sum += result[i] ?? 0;
    }
    for (let i = begin; i < end; i++) result[i] = (result[i] ?? 0) / sum;
  }
  return store.make(logits.shape, logits.dtype, result);
};

/** Products of the matrices in the last two axes; the axes before are broadcast. */
const batchMatMul: Kernel = (inputs, attributes, store) => {
  const a = matrices(expectInput(inputs, "a"), attributes.transposeA === true);
  const b = matrices(expectInput(inputs, "b"), attributes.transposeB === true);
  assert(a.columns === b.rows, `matMul: ${a.columns} columns do not go with ${b.rows} rows`);
  const batch = a.batch.length >= b.batch.length ? [...a.batch] : [...b.batch];
  batch.forEach((_, axis) => {
    batch[axis] = Math.max(
      a.batch.at(axis - batch.length) ?? 1,
      b.batch.at(axis - batch.length) ?? 1,
    );
  });
  const [stepsA, stepsB] = [broadcastSteps(a.batch, batch), broadcastSteps(b.batch, batch)];
  const result = new Float64Array(sizeOf(batch) * a.rows * b.columns);
  forEachTarget(batch, stepsA, (at, matrixA) => {
    multiply(
      result.subarray(at * a.rows * b.columns),
      { ...a, at: matrixA },
      { ...b, at: placeOf(at, batch, stepsB) },
      store,
    );
  });
  return store.make([...batch, a.rows, b.columns], "float32", result);
};

interface Matrices {
  readonly tensor: TensorInfo;
  readonly batch: readonly number[];
  readonly rows: number;
  readonly columns: number;
  /** distance of neighbours in a column, and in a row */
  readonly rowStep: number;
  readonly columnStep: number;
}

function matrices(tensor: TensorInfo, isTransposed: boolean): Matrices {
  const [rows = 1, columns = 1] = tensor.shape.slice(-2);
  const batch = tensor.shape.slice(0, -2);
  return isTransposed
    ? { tensor, batch, rows: columns, columns: rows, rowStep: 1, columnStep: columns }
    : { tensor, batch, rows, columns, rowStep: columns, columnStep: 1 };
}

/** Where a tensor that moves by `steps` is at the given place of a tensor of that shape. */
function placeOf(at: number, shape: readonly number[], steps: readonly number[]): number {
  let [rest, place] = [at, 0];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] ?? 1;
    place += (rest % size) * (steps[axis] ?? 0);
    rest = Math.floor(rest / size);
  }
  return place;
}

function multiply(
  result: Float64Array,
  a: Matrices & { readonly at: number },
  b: Matrices & { readonly at: number },
  store: Store,
): void {
  const left = doublesOf(a.tensor, store);
  const right = doublesOf(b.tensor, store);
  const { rows, columns: contracted, rowStep: leftStep, columnStep: leftColumnStep } = a;
  const { columns, rowStep, columnStep } = b;
  const beginA = a.at * rows * contracted;
  const beginB = b.at * contracted * columns;
  for (let row = 0; row < rows; row++) {
    const to = row * columns;
    for (let k = 0; k < contracted; k++) {
      const factor = left[beginA + row * leftStep + k * leftColumnStep] ?? 0;
      let from = beginB + k * rowStep;
      for (let at = to; at < to + columns; at++) {
        result[at] = (result[at] ?? 0) + factor * (right[from] ?? 0);
        from += columnStep;
      }
    }
  }
}

/** Numbers of one known kind are read several times as fast. */
function doublesOf(tensor: TensorInfo, store: Store): Float64Array {
  const values = store.valuesOf(tensor);
  assert(values instanceof Float64Array);
  return values;
}

export const REDUCTIONS: Readonly<Record<string, Kernel>> = {
  Sum: reduction({ start: 0, step: (sum, x) => sum + x }),
  Mean: reduction({ start: 0, step: (sum, x) => sum + x, finish: (sum, count) => sum / count }),
  Prod: reduction({ start: 1, step: (product, x) => product * x }),
  Max: reduction({ start: -Infinity, step: Math.max }),
  Min: reduction({ start: Infinity, step: Math.min }),
  ArgMax: position((x, best) => x > best),
  ArgMin: position((x, best) => x < best),
  Softmax: softmax,
  BatchMatMul: batchMatMul,
};
