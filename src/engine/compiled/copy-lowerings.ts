/** Operations that move, cut, join or repeat the elements of samples, by the kernel that copies with steps. */

import { aligned, elements, isRepeated, repeatingSteps, sumCalls } from "./broadcast.js";
import { gradientOperand, operandsOf, valueOperand } from "./calculation.js";
import { contiguousSteps, copyCalls, whole, type Strided } from "./copies.js";
import { call, type Call, type Lowering, type Target } from "./lowering.js";

/** A part of x: where it begins along each axis of the tensor. */
function cut(begins: (sizes: readonly number[]) => readonly number[]): Lowering {
  return (context) => {
    const [x] = operandsOf(context);
    if (x === undefined) return undefined;
    const { sizes } = valueOperand(context);
    const steps = contiguousSteps(x.sizes);
    const begin = begins(x.sizes).reduce((at, from, axis) => at + from * (steps[axis] ?? 0), 0);
    const from = { buffer: x.buffer, begin, steps };
    return {
      forward: copyCalls(from, whole(context.value, sizes), sizes, 0),
      backward: (_, target) => copiedBack(whole(context.gradient, sizes), from, sizes, target),
    };
  };
}

/** The gradient of a part into that of the whole, which is 0 elsewhere. */
const copiedBack = (
  from: Strided,
  to: Omit<Strided, "buffer">,
  sizes: readonly number[],
  { buffer, accumulate }: Target,
): Call[] => [
  ...(accumulate === 0 ? [call("fill_with", buffer, buffer.floats, 0)] : []),
  ...copyCalls(from, { ...to, buffer }, sizes, accumulate),
];

/** Numbers by CNTK's axis, 1 the fastest, as numbers by tensor axis; 0 for axes that are not given. */
const byTensorAxis = (rank: number, numbers: readonly (readonly [number, number])[]) => {
  const all = Array.from({ length: rank }, () => 0);
  for (const [axis, number] of numbers) all[rank - axis] = number;
  return all;
};

const Slice: Lowering = (context) => {
  const { axis, beginIndex } = context.node.settings;
  const [position, begin] = [Number(axis), Number(beginIndex)];
  return cut((sizes) => {
    const size = sizes[sizes.length - position] ?? 0;
    return byTensorAxis(sizes.length, [[position, begin < 0 ? begin + size : begin]]);
  })(context);
};

const Crop: Lowering = (context) => {
  const { xOffset, yOffset } = context.node.settings;
  const offsets = [
    [1, Number(xOffset)],
    [2, Number(yOffset)],
  ] as const;
  return cut((sizes) => byTensorAxis(sizes.length, offsets))(context);
};

const RowStack: Lowering = (context) => {
  const { sizes } = valueOperand(context);
  const position = sizes.length - Number(context.node.settings.axis);
  const steps = contiguousSteps(sizes);
  let begin = 0;
  const parts = operandsOf(context).map((operand) => {
    const own = [...sizes];
    own[position] = aligned(operand.sizes, sizes.length)[position] ?? 1;
    const place = { begin, steps };
    begin += (own[position] ?? 1) * (steps[position] ?? 0);
    return { operand, place, own };
  });
  return {
    forward: parts.flatMap(({ operand, place, own }) => {
      const from = { buffer: operand.buffer, begin: 0, steps: repeatingSteps(operand.sizes, own) };
      return copyCalls(from, { buffer: context.value, ...place }, own, 0);
    }),
    backward(input, target) {
      const part = parts[input];
      if (part === undefined) return undefined;
      const { operand, place, own } = part;
      const from = { buffer: context.gradient, ...place };
      if (!isRepeated(operand.sizes, own)) {
        return copyCalls(from, whole(target.buffer, own), own, target.accumulate);
      }
      const buffer = context.allocate(elements(own));
      return [
        ...copyCalls(from, whole(buffer, own), own, 0),
        ...sumCalls({ buffer, sizes: own }, operand.sizes, target, 1, context),
      ];
    },
  };
};

/** Each sample several times in a row. */
const RowRepeat: Lowering = (context) => {
  const [x] = operandsOf(context);
  if (x === undefined) return undefined;
  const [columns = 1] = x.sizes;
  const length = x.buffer.floats / columns;
  const count = context.value.floats / x.buffer.floats;
  const sizes = [columns, count, length];
  const from = { buffer: x.buffer, begin: 0, steps: [length, 0, 1] };
  return {
    forward: copyCalls(from, whole(context.value, sizes), sizes, 0),
    backward: (_, target) =>
      sumCalls({ buffer: context.gradient, sizes }, [columns, 1, length], target, 1, context),
  };
};

const TransposeDimensions: Lowering = (context) => {
  const [x] = operandsOf(context);
  if (x === undefined) return undefined;
  const { settings } = context.node;
  const [axis1, axis2] = [Number(settings.axis1), Number(settings.axis2)];
  const { sizes } = gradientOperand(context);
  const rank = Math.max(sizes.length, axis1 + 1, axis2 + 1);
  const result = aligned(sizes, rank);
  const steps = contiguousSteps(aligned(x.sizes, rank));
  const [one, other] = [rank - axis1, rank - axis2];
  const exchanged = steps.map(
    (step, axis) => steps[axis === one ? other : axis === other ? one : axis] ?? step,
  );
  const from = { begin: 0, steps: exchanged };
  return {
    forward: copyCalls({ buffer: x.buffer, ...from }, whole(context.value, result), result, 0),
    backward: (_, { buffer, accumulate }) =>
      copyCalls(whole(context.gradient, result), { buffer, ...from }, result, accumulate),
  };
};

export const copyLowerings: Readonly<Record<string, Lowering>> = {
  Slice,
  Crop,
  RowStack,
  RowRepeat,
  TransposeDimensions,
};
