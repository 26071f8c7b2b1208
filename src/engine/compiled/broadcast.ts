/** Broadcasting as kernels see it: tensors as [outer, middle, inner] with steps, and the sums that undo it. */

import { call, copyCall, type Call, type LoweringContext, type Target } from "./lowering.js";
import type { Buffer } from "./memory.js";

/** Numbers of the binary functions of elementwise.c. */
export const BINARY = {
  Plus: 0,
  Minus: 1,
  ElementTimes: 2,
  First: 3,
  Less: 4,
  Equal: 5,
  Greater: 6,
  GreaterEqual: 7,
  NotEqual: 8,
  LessEqual: 9,
} as const;

/** Ones inserted behind the columns axis, so that the first sample axes meet (operation.ts). */
function aligned(sizes: readonly number[], rank: number): number[] {
  const missing = Array.from({ length: rank - sizes.length }, () => 1);
  return [sizes[0] ?? 1, ...missing, ...sizes.slice(1)];
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

/** Sizes of the three axes, then for each operand its steps along them; undefined if there are more than three. */
function layOut(groups: readonly Group[], operands: number): number[] | undefined {
  if (groups.length > 3) return undefined;
  const missing = 3 - groups.length;
  const sizes = [1, 1, 1, ...groups.map(({ size }) => size)].slice(-3);
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

interface Operand {
  readonly buffer: Buffer;
  readonly sizes: readonly number[];
}

/** target (+)= scale * function (one, other), broadcast to the result's sizes. */
export function binaryCall(
  operation: number,
  [one, other]: readonly [Operand, Operand],
  result: readonly number[],
  { buffer, accumulate }: Target,
  scale = 1,
): Call | undefined {
  const layout = layOut(groupAxes(result, [one.sizes, other.sizes]), 2);
  if (layout === undefined) return undefined;
  return call("binary", operation, one.buffer, other.buffer, buffer, ...layout, scale, accumulate);
}

/** target (+)= scale * the sum of `from` over the axes on which an operand of these sizes was repeated. */
export function sumCalls(
  from: Operand,
  sizes: readonly number[],
  target: Target,
  scale: number,
  context: Pick<LoweringContext, "allocate">,
): Call[] {
  const groups = groupAxes(from.sizes, [sizes]);
  if (!groups.some(({ isRepeated }) => isRepeated[0] === true)) {
    return [copyCall(from.buffer, target, scale)];
  }
  const calls: Call[] = [];
  let source = from.buffer;
  let rest = groups;
  for (;;) {
    // from the innermost axis outwards: the first sum leaves least behind
    const at = rest.findLastIndex(({ isRepeated }) => isRepeated[0] === true);
    const product = (part: readonly Group[]) => part.reduce((all, { size }) => all * size, 1);
    const outer = product(rest.slice(0, at));
    const inner = product(rest.slice(at + 1));
    const middle = rest[at]?.size ?? 1;
    rest = rest.filter((_, index) => index !== at);
    const isLast = !rest.some(({ isRepeated }) => isRepeated[0] === true);
    const to = isLast ? target.buffer : context.allocate(outer * inner);
    const ending = isLast ? [scale, target.accumulate] : [1, 0];
    calls.push(call("reduce_sum", source, to, outer, middle, inner, ...ending));
    if (isLast) return calls;
    source = to;
  }
}
