/** Kernels that compute element by element. */

import type { TensorInfo } from "@tensorflow/tfjs";
import {
  expectInput,
  listed,
  newValues,
  sizeOf,
  type Kernel,
  type Store,
  type Values,
} from "./backend.js";

/** The result has the type of the input: TensorFlow.js casts where a fraction can come out. */
const unary =
  (compute: (x: number) => number): Kernel =>
  (inputs, _attributes, store) => {
    const x = expectInput(inputs, "x");
    const values = store.valuesOf(x);
    const result = newValues(x.dtype, values.length);
    for (let i = 0; i < values.length; i++) result[i] = compute(values[i] ?? 0);
    return store.make(x.shape, x.dtype, result);
  };

type Combine = (a: number, b: number) => number;

const arithmetic =
  (combine: Combine): Kernel =>
  (inputs, _attributes, store) =>
    combined(inputs, store, expectInput(inputs, "a").dtype, combine);

const comparison =
  (holds: (a: number, b: number) => boolean): Kernel =>
  (inputs, _attributes, store) =>
    combined(inputs, store, "bool", (a, b) => (holds(a, b) ? 1 : 0));

function combined(
  inputs: Readonly<Record<string, TensorInfo>>,
  store: Store,
  dtype: TensorInfo["dtype"],
  combine: Combine,
): TensorInfo {
  const a = expectInput(inputs, "a");
  const b = expectInput(inputs, "b");
  const shape = commonShape(a.shape, b.shape);
  const result = newValues(dtype, sizeOf(shape));
  const [left, right] = [store.valuesOf(a), store.valuesOf(b)];
  if (left.length === right.length && left.length === result.length) {
    for (let i = 0; i < result.length; i++) result[i] = combine(left[i] ?? 0, right[i] ?? 0);
  } else {
    combineBroadcast(result, shape, { left, a, right, b }, combine);
  }
  return store.make(shape, dtype, result);
}

function commonShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const one = a[axis - rank + a.length] ?? 1;
    return one === 1 ? (b[axis - rank + b.length] ?? 1) : one;
  });
}

interface Operands {
  readonly left: Values;
  readonly a: TensorInfo;
  readonly right: Values;
  readonly b: TensorInfo;
}

/** Walks over the result; an operand stands still on an axis on which it has one element. */
function combineBroadcast(
  result: Values,
  shape: readonly number[],
  { left, a, right, b }: Operands,
  combine: Combine,
): void {
  const [stepsA, stepsB] = [broadcastSteps(a.shape, shape), broadcastSteps(b.shape, shape)];
  const position = shape.map(() => 0);
  let [atA, atB] = [0, 0];
  for (let i = 0; i < result.length; i++) {
    result[i] = combine(left[atA] ?? 0, right[atB] ?? 0);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const size = shape[axis] ?? 1;
      const next = (position[axis] ?? 0) + 1;
      atA += stepsA[axis] ?? 0;
      atB += stepsB[axis] ?? 0;
      if (next < size) {
        position[axis] = next;
        break;
      }
      position[axis] = 0;
      atA -= size * (stepsA[axis] ?? 0);
      atB -= size * (stepsB[axis] ?? 0);
    }
  }
}

/** Distance of two neighbours along each axis of `shape`; 0 where the operand has but one. */
export function broadcastSteps(own: readonly number[], shape: readonly number[]): number[] {
  const offset = shape.length - own.length;
  return shape.map((_, axis) => {
    const size = own[axis - offset] ?? 1;
    return size === 1 ? 0 : sizeOf(own.slice(axis - offset + 1));
  });
}

/** `tf.where`; TensorFlow.js has made the shapes the same. */
const select: Kernel = (inputs, _attributes, store) => {
  const then = expectInput(inputs, "t");
  const condition = store.valuesOf(expectInput(inputs, "condition"));
  const [ifTrue, ifFalse] = [store.valuesOf(then), store.valuesOf(expectInput(inputs, "e"))];
  const result = newValues(then.dtype, ifTrue.length);
  // a condition of rank 1 chooses whole rows
  const row = ifTrue.length / condition.length;
  for (let i = 0; i < result.length; i++) {
    result[i] = (condition[Math.floor(i / row)] === 0 ? ifFalse[i] : ifTrue[i]) ?? 0;
  }
  return store.make(then.shape, then.dtype, result);
};

const addN: Kernel = (inputs, _attributes, store) => {
  const [first, ...others] = listed(inputs);
  const sum = store.valuesOf(first ?? expectInput(inputs, "0")).slice();
  for (const other of others) {
    const values = store.valuesOf(other);
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (values[i] ?? 0);
  }
  const { shape, dtype } = expectInput(inputs, "0");
  return store.make(shape, dtype, sum);
};

export const ELEMENTWISE: Readonly<Record<string, Kernel>> = {
  Abs: unary(Math.abs),
  Ceil: unary(Math.ceil),
  Cos: unary(Math.cos),
  Exp: unary(Math.exp),
  Floor: unary(Math.floor),
  Log: unary(Math.log),
  Neg: unary((x) => -x),
  Rsqrt: unary((x) => 1 / Math.sqrt(x)),
  Sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  Sign: unary(Math.sign),
  Sin: unary(Math.sin),
  Sqrt: unary(Math.sqrt),
  Square: unary((x) => x * x),
  Tanh: unary(Math.tanh),
  Add: arithmetic((a, b) => a + b),
  Sub: arithmetic((a, b) => a - b),
  Multiply: arithmetic((a, b) => a * b),
  RealDiv: arithmetic((a, b) => a / b),
  Maximum: arithmetic(Math.max),
  Minimum: arithmetic(Math.min),
  Equal: comparison((a, b) => a === b),
  NotEqual: comparison((a, b) => a !== b),
  Less: comparison((a, b) => a < b),
  LessEqual: comparison((a, b) => a <= b),
  Greater: comparison((a, b) => a > b),
  GreaterEqual: comparison((a, b) => a >= b),
  LogicalAnd: comparison((a, b) => a !== 0 && b !== 0),
  LogicalOr: comparison((a, b) => a !== 0 || b !== 0),
  Select: select,
  AddN: addN,
};
