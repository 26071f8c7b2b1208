/** The shape of inputs joined along an axis (nodes.md 9, RowStack). */

import type { AnyShapeContext } from "./broadcast.js";
import { axisRange, invalid, isAxis } from "./expect.js";
import { printShape, type Shape } from "./shape.js";

/** @throws CntkError "validating" in the final pass */
export function stackedShape({ all, isFinal }: AnyShapeContext, axis: number): Shape {
  if (!isAxis(axis)) {
    if (!isFinal) return [];
    throw invalid(`RowStack: expected an axis ${axisRange([axis])}, found ${axis}`);
  }
  const rank = all.reduce((largest, shape) => Math.max(largest, shape.length), axis);
  return Array.from({ length: rank }, (_, index) => {
    const sizes = all.map((shape) => shape[index] ?? 1);
    if (index === axis - 1) return sum(sizes);
    return commonSize(sizes, index, all, isFinal);
  });
}

/** 0 if one of the sizes is not known yet. */
function sum(sizes: readonly number[]): number {
  return sizes.includes(0) ? 0 : sizes.reduce((total, size) => total + size, 0);
}

function commonSize(
  sizes: readonly number[],
  index: number,
  all: readonly Shape[],
  isFinal: boolean,
): number {
  const known = sizes.filter((size) => size > 1);
  const size = known[0] ?? (sizes.includes(0) ? 0 : 1);
  const conflicting = known.find((other) => other !== size);
  if (!isFinal || conflicting === undefined) return size;
  throw invalid(
    `Conflicting dimension ${index + 1} between inputs: ${size} and ${conflicting}`,
    `the inputs are ${all.map((shape) => `[${printShape(shape)}]`).join(", ")}`,
  );
}
