/** Copies between tensors whose elements stand in other places or further apart. */

import type { Buffer } from "./buffers.js";
import { call, type Call } from "./lowering.js";

/** Elements of a buffer along some axes. */
export interface Strided {
  readonly buffer: Buffer;
  /** element that comes first */
  readonly begin: number;
  /** how far neighbours along each axis stand apart, in elements; 0 repeats what is read */
  readonly steps: readonly number[];
}

interface Axis {
  readonly size: number;
  readonly from: number;
  readonly to: number;
}

/** Axes of the kernel. */
const RANK = 5;

/** Steps of a tensor of these sizes that fills its buffer. */
export function contiguousSteps(sizes: readonly number[]): number[] {
  let step = 1;
  return sizes
    .toReversed()
    .map((size) => {
      const own = step;
      step *= size;
      return own;
    })
    .reverse();
}

export const whole = (buffer: Buffer, sizes: readonly number[]): Strided => ({
  buffer,
  begin: 0,
  steps: contiguousSteps(sizes),
});

/** to (+)= from, over axes of these sizes. */
export function copyCalls(
  from: Strided,
  to: Strided,
  sizes: readonly number[],
  accumulate: 0 | 1,
): Call[] {
  const axes = joinAxes(sizes, from.steps, to.steps);
  const [first] = axes;
  if (first !== undefined && axes.length > RANK) {
    return Array.from({ length: first.size }, (_, i) =>
      copyCalls(
        {
          ...from,
          begin: from.begin + i * first.from,
          steps: axes.slice(1).map((axis) => axis.from),
        },
        { ...to, begin: to.begin + i * first.to, steps: axes.slice(1).map((axis) => axis.to) },
        axes.slice(1).map(({ size }) => size),
        accumulate,
      ),
    ).flat();
  }
  const none: Axis = { size: 1, from: 0, to: 0 };
  const all = [...Array.from({ length: RANK - axes.length }, () => none), ...axes];
  return [
    call(
      ...(["strided_copy", from.buffer, to.buffer, from.begin, to.begin] as const),
      ...all.map(({ size }) => size),
      ...all.map((axis) => axis.from),
      ...all.map((axis) => axis.to),
      accumulate,
    ),
  ];
}

/** Without axes of size 1, and neighbouring axes as one where both tensors go on in the same step. */
function joinAxes(
  sizes: readonly number[],
  from: readonly number[],
  to: readonly number[],
): Axis[] {
  const axes: Axis[] = [];
  sizes.forEach((size, index) => {
    if (size === 1) return;
    const own: Axis = { size, from: from[index] ?? 0, to: to[index] ?? 0 };
    const before = axes.at(-1);
    if (before?.from === own.from * size && before.to === own.to * size) {
      axes[axes.length - 1] = { ...own, size: before.size * size };
    } else axes.push(own);
  });
  return axes;
}
