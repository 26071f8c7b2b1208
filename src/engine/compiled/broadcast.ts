/** Broadcasting as kernels see it: tensors as [outer, middle, inner] with steps, and the sums that undo it. */

import type { Buffer } from "./buffers.js";
import { contiguousSteps, copyCalls, whole } from "./copies.js";
import { call, copyCall, type Call, type LoweringContext, type Target } from "./lowering.js";

/** A value with its tensor sizes, columns first. */
export interface Operand {
  readonly buffer: Buffer;
  readonly sizes: readonly number[];
}

export const elements = (sizes: readonly number[]): number =>
  sizes.reduce((product, size) => product * size, 1);

/** Ones inserted behind the columns axis, so that the first sample axes meet (operation.ts). */
export function aligned(sizes: readonly number[], rank: number): number[] {
  const missing = Array.from({ length: rank - sizes.length }, () => 1);
  return [sizes[0] ?? 1, ...missing, ...sizes.slice(1)];
}

/** Sizes to which both are broadcast. */
export function broadcastSizes(one: readonly number[], other: readonly number[]): number[] {
  const rank = Math.max(one.length, other.length);
  const second = aligned(other, rank);
  return aligned(one, rank).map((size, axis) => Math.max(size, second[axis] ?? 1));
}

/** Neighbouring axes on which the operands behave alike, as one. */
interface Group {
  size: number;
  readonly isRepeated: readonly boolean[];
}

function groupAxes(result: readonly number[], operands: readonly (readonly number[])[]): Group[] {
  const groups: Group[] = [];
  const all = operands.map((sizes) => aligned(sizes, result.length));
  result.forEach((size, axis) => {
    if (size === 1) return;
    const isRepeated = all.map((sizes) => sizes[axis] === 1);
    const last = groups.at(-1);
    if (last?.isRepeated.every((flag, i) => flag === isRepeated[i]) === true) {
      last.size *= size;
    } else {
      groups.push({ size, isRepeated });
    }
  });
  return groups;
}

/** Axes of the kernel. */
const RANK = 3;

/** Sizes of the three axes, then for each operand its steps along them. */
function layOut(groups: readonly Group[], operands: number): number[] {
  const missing = RANK - groups.length;
  const sizes = [1, 1, 1, ...groups.map(({ size }) => size)].slice(-RANK);
  const steps = Array.from({ length: operands }, (_, operand) => {
    let step = 1;
    const own = groups
      .toReversed()
      .map(({ size, isRepeated }) => {
        if (isRepeated[operand] === true) return 0;
        const here = step;
        step *= size;
        return here;
      })
      .reverse();
    return [...Array.from({ length: missing }, () => 0), ...own];
  });
  return [...sizes, ...steps.flat()];
}

/** target (+)= scale * function (one, other), broadcast to the result's sizes. */
export function binaryCalls(
  operation: number,
  pair: readonly [Operand, Operand],
  result: readonly number[],
  { buffer, accumulate }: Target,
  context: Pick<LoweringContext, "allocate">,
  scale = 1,
): Call[] {
  const [one, other] = pair;
  const groups = groupAxes(result, [one.sizes, other.sizes]);
  if (groups.length > RANK) {
    // operands that alternate on more axes than the kernel has are repeated in memory
    const first = expanded(one, result, context);
    const second = expanded(other, result, context);
    const operands = [first.operand, second.operand] as const;
    const target = { buffer, accumulate };
    return [
      ...first.calls,
      ...second.calls,
      ...binaryCalls(operation, operands, result, target, context, scale),
    ];
  }
  const layout = layOut(groups, 2);
  return [
    call("binary", operation, one.buffer, other.buffer, buffer, ...layout, scale, accumulate),
  ];
}

function expanded(
  operand: Operand,
  result: readonly number[],
  { allocate }: Pick<LoweringContext, "allocate">,
): { operand: Operand; calls: Call[] } {
  if (operand.buffer.floats === elements(result)) return { operand, calls: [] };
  const buffer = allocate(elements(result));
  const from = { buffer: operand.buffer, begin: 0, steps: repeatingSteps(operand.sizes, result) };
  const calls = copyCalls(from, whole(buffer, result), result, 0);
  return { operand: { buffer, sizes: result }, calls };
}

/** Steps by which a smaller tensor is read as one of the result's sizes: 0 where it is repeated. */
export function repeatingSteps(sizes: readonly number[], result: readonly number[]): number[] {
  const own = aligned(sizes, result.length);
  const steps = contiguousSteps(own);
  return own.map((size, axis) => (size === 1 ? 0 : (steps[axis] ?? 0)));
}

/** True if an operand of these sizes is repeated to make the result. */
export const isRepeated = (sizes: readonly number[], result: readonly number[]): boolean =>
  elements(sizes) !== elements(result);

/** target (+)= scale * the sum of `from` over the axes on which an operand of these sizes was repeated. */
export function sumCalls(
  from: Operand,
  sizes: readonly number[],
  target: Target,
  scale: number,
  context: Pick<LoweringContext, "allocate">,
): Call[] {
  const groups = groupAxes(from.sizes, [sizes]);
  if (!groups.some((group) => group.isRepeated[0] === true)) {
    return [copyCall(from.buffer, target, scale)];
  }
  const calls: Call[] = [];
  let source = from.buffer;
  let rest = groups;
  for (;;) {
    // from the innermost axis outwards: the first sum leaves least behind
    const at = rest.findLastIndex((group) => group.isRepeated[0] === true);
    const product = (part: readonly Group[]) => part.reduce((all, { size }) => all * size, 1);
    const outer = product(rest.slice(0, at));
    const inner = product(rest.slice(at + 1));
    const middle = rest[at]?.size ?? 1;
    rest = rest.filter((_, index) => index !== at);
    const isLast = !rest.some((group) => group.isRepeated[0] === true);
    const to = isLast ? target.buffer : context.allocate(outer * inner);
    const ending = isLast ? [scale, target.accumulate] : [1, 0];
    calls.push(call("reduce_sum", source, to, outer, middle, inner, ...ending));
    if (isLast) return calls;
    source = to;
  }
}
