/** The table of lowerings: operation -> calls of kernels. An operation that is not in it runs in the portable engine. */

import { elementCount } from "../../operations/shape.js";
import { BINARY, binaryCall, sumCalls } from "./broadcast.js";
import { call, copyCall, tensorSizes, type Call, type Lowering, type Target } from "./lowering.js";
import type { Buffer } from "./memory.js";
import { Convolution, MaxUnpooling, Pooling } from "./window-lowerings.js";

const noGradient = () => undefined;

/** Numbers of the unary functions of elementwise.c. */
const UNARY = {
  Abs: 0,
  Exp: 1,
  Log: 2,
  Negate: 3,
  Pass: 4,
  Reciprocal: 5,
  RectifiedLinear: 6,
  Sigmoid: 7,
  Sqrt: 8,
  Tanh: 9,
} as const;

const unary =
  (operation: number): Lowering =>
  ({ inputs: [x], value, gradient }) => {
    if (x === undefined) return undefined;
    return {
      forward: [call("unary", operation, x, value, value.floats)],
      backward: (_, { buffer, accumulate }) => [
        call("unary_gradient", operation, gradient, x, value, buffer, buffer.floats, accumulate),
      ],
    };
  };

/** Both operands with their tensor sizes, and those of the result. */
function operands(context: Parameters<Lowering>[0]) {
  const { node, columns, inputs } = context;
  const [one, other] = inputs.map((buffer, i) => {
    const input = node.inputs[i];
    return { buffer, sizes: input === undefined ? [] : tensorSizes(input, columns) };
  });
  return one === undefined || other === undefined
    ? undefined
    : { pair: [one, other] as const, result: tensorSizes(node, columns) };
}

/** @param signs what the gradient of each operand is multiplied by; none for comparisons */
const additive =
  (operation: number, signs: readonly [number, number] | undefined): Lowering =>
  (context) => {
    const known = operands(context);
    if (known === undefined) return undefined;
    const { pair, result } = known;
    const forward = binaryCall(operation, pair, result, { buffer: context.value, accumulate: 0 });
    if (forward === undefined) return undefined;
    const gradient = { buffer: context.gradient, sizes: result };
    return {
      forward: [forward],
      backward: (input, target) =>
        signs && sumCalls(gradient, pair[input]?.sizes ?? [], target, signs[input] ?? 1, context),
    };
  };

const ElementTimes: Lowering = (context) => {
  const known = operands(context);
  if (known === undefined) return undefined;
  const { pair, result } = known;
  const times = (one: (typeof pair)[number], other: (typeof pair)[number], target: Target) =>
    binaryCall(BINARY.ElementTimes, [one, other], result, target);
  const forward = times(pair[0], pair[1], { buffer: context.value, accumulate: 0 });
  if (forward === undefined) return undefined;
  const gradient = { buffer: context.gradient, sizes: result };
  return {
    forward: [forward],
    backward(input, target) {
      const [own, other] = input === 0 ? pair : [pair[1], pair[0]];
      const isRepeated = own.buffer.floats !== context.value.floats;
      const to = isRepeated
        ? { buffer: context.allocate(context.value.floats), accumulate: 0 as const }
        : target;
      const product = times(gradient, other, to);
      if (product === undefined) return undefined;
      if (!isRepeated) return [product];
      const whole = { buffer: to.buffer, sizes: result };
      return [product, ...sumCalls(whole, own.sizes, target, 1, context)];
    },
  };
};

/** A [o x k] with outputRank axes kept, times B [k x p *]; both in CNTK's memory order, which is row-major reversed. */
const Times: Lowering = (context) => {
  const { node, inputs, value, gradient, ask, scratch } = context;
  const [left] = node.inputs;
  const [a, b] = inputs;
  if (left === undefined || a === undefined || b === undefined) return undefined;
  // the same product for every sample of the left operand has no kernel
  if (left.dynamicAxis !== undefined) return undefined;
  const outputRank = Number(node.settings.outputRank ?? 1);
  const outer = elementCount(left.shape.slice(0, outputRank));
  const inner = elementCount(left.shape.slice(outputRank));
  const count = b.floats / inner;
  const packed = scratch(ask("gemm_scratch"));
  // y [count x outer] = b [count x inner] a [inner x outer]
  return {
    forward: [call("gemm", b, a, value, packed, count, outer, inner, 0, 0, 0)],
    backward: (input, { buffer, accumulate }) => [
      input === 0
        ? call("gemm", b, gradient, buffer, packed, inner, outer, count, 1, 0, accumulate)
        : call("gemm", gradient, a, buffer, packed, count, inner, outer, 0, 1, accumulate),
    ],
  };
};

/** Sum and mean over all static axes, or over one. */
const ReduceElements: Lowering = (context) => {
  const { node, inputs, value, gradient, columns } = context;
  const { reductionOp, axis } = node.settings;
  const [input] = node.inputs;
  const [x] = inputs;
  const isMean = reductionOp === "Mean";
  const isSum = reductionOp === "Sum" || reductionOp === "Plus";
  if (input === undefined || x === undefined || !(isMean || isSum)) return undefined;
  const sizes = tensorSizes(input, columns);
  const position = axis === 0 ? 1 : sizes.length - Number(axis);
  if (typeof axis !== "number" || axis < 0) return undefined;
  const product = (part: readonly number[]) => part.reduce((all, size) => all * size, 1);
  const outer = product(sizes.slice(0, position));
  const middle = axis === 0 ? product(sizes.slice(1)) : (sizes[position] ?? 1);
  const inner = axis === 0 ? 1 : product(sizes.slice(position + 1));
  const scale = isMean ? Math.fround(1 / middle) : 1;
  const steps = [inner, 0, 1, inner, 0, 1];
  return {
    forward: [call("reduce_sum", x, value, outer, middle, inner, scale, 0)],
    backward: (_, { buffer, accumulate }) => [
      ...(inner === 1
        ? [spread(gradient, buffer, outer, middle, scale, accumulate)]
        : [
            call(
              ...(["binary", BINARY.First, gradient, gradient, buffer] as const),
              ...[outer, middle, inner, ...steps, scale, accumulate],
            ),
          ]),
    ],
  };
};

/** buffer [outer, middle] (+)= scale * from [outer]. */
const spread = (
  from: Buffer,
  to: Buffer,
  outer: number,
  middle: number,
  scale: number,
  accumulate: 0 | 1,
) =>
  call(
    "binary",
    BINARY.First,
    from,
    from,
    to,
    1,
    outer,
    middle,
    0,
    1,
    0,
    0,
    1,
    0,
    scale,
    accumulate,
  );

const SumElements: Lowering = ({ inputs: [x], value, gradient }) => {
  if (x === undefined) return undefined;
  return {
    forward: [call("reduce_sum", x, value, 1, x.floats, 1, 1, 0)],
    backward: (_, { buffer, accumulate }) => [
      spread(gradient, buffer, 1, buffer.floats, 1, accumulate),
    ],
  };
};

/** The same elements under another shape. */
const Reshape: Lowering = ({ inputs: [x], value, gradient }) => {
  if (x === undefined) return undefined;
  return {
    forward: [copyCall(x, { buffer: value, accumulate: 0 }, 1)],
    backward: (_, target) => [copyCall(gradient, target, 1)],
  };
};

const CrossEntropyWithSoftmax: Lowering = (context) => {
  const { inputs, value, gradient, node, columns, allocate } = context;
  const [labels, z] = inputs;
  if (labels === undefined || z === undefined || node.inputs[1]?.dynamicAxis === undefined) {
    return undefined;
  }
  const classes = z.floats / columns;
  const softmax = allocate(z.floats);
  return {
    forward: [call("softmax_cross_entropy", labels, z, value, softmax, columns, classes)],
    backward: (input, { buffer, accumulate }) =>
      input === 0
        ? undefined
        : [
            call(
              ...(["softmax_cross_entropy_gradient", gradient, labels, softmax, buffer] as const),
              ...[z.floats, accumulate],
            ),
          ],
  };
};

const ClassificationError: Lowering = ({ inputs, value, columns }) => {
  const [labels, z] = inputs;
  // a third input asks whether the label is among the best few
  if (labels === undefined || z === undefined || inputs.length !== 2) return undefined;
  const calls: Call[] = [
    call("classification_error", labels, z, value, columns, z.floats / columns),
  ];
  return { forward: calls, backward: noGradient };
};

/** Lowerings by the name of the operation. */
export const lowerings: Readonly<Record<string, Lowering>> = {
  ...Object.fromEntries(Object.entries(UNARY).map(([name, number]) => [name, unary(number)])),
  Plus: additive(BINARY.Plus, [1, 1]),
  Minus: additive(BINARY.Minus, [1, -1]),
  ...Object.fromEntries(
    (["Less", "Equal", "Greater", "GreaterEqual", "NotEqual", "LessEqual"] as const).map((name) => [
      name,
      additive(BINARY[name], undefined),
    ]),
  ),
  ElementTimes,
  Times,
  ReduceElements,
  SumElements,
  Reshape,
  CrossEntropyWithSoftmax,
  ClassificationError,
  Convolution,
  Pooling,
  MaxUnpooling,
};
