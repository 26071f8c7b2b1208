/** Checks that the shape rules of several families share. */

import { CntkError } from "../../grammar/errors.js";
import type { AnyShapeContext } from "./broadcast.js";
import { elementCount, isKnown, printShape, type Shape } from "./shape.js";

/** An error of the final validation pass. */
export function invalid(message: string, hint?: string): CntkError {
  return new CntkError("validating", message, { hint });
}

/** Axes behind the last one of an input have size 1; that nobody means the thousandth keeps shapes small. */
const mostAxes = 100;

/** True for the number of an axis, counted from 1, that an input has or could have. */
export const isAxis = (axis: number): boolean => axis >= 1 && axis <= mostAxes;

/** What messages say of axes that are none. */
export const axisRange = (axes: readonly number[]): string =>
  axes.some((axis) => axis < 1) ? "from 1 on" : `up to ${mostAxes}`;

/** The shape of input `index`, which takes this shape if it is a parameter without dimensions. */
export function inferredOr(context: AnyShapeContext, index: number, offered: Shape): Shape {
  const shape = context.all[index] ?? [];
  return !isKnown(shape) && isKnown(offered) ? context.infer(index, offered) : shape;
}

/**
 * Expects two inputs of one shape, trailing axes of size 1 apart; a parameter without dimensions takes the other's.
 * @throws CntkError "validating" in the final pass
 */
export function expectSameShapes(context: AnyShapeContext, one: number, other: number): void {
  const first = inferredOr(context, one, context.all[other] ?? []);
  const second = inferredOr(context, other, context.all[one] ?? []);
  if (!context.isFinal || sameWithoutTrailingOnes(first, second)) return;
  const name = (index: number) => context.names[index] ?? "";
  throw invalid(
    `Input dimensions [${printShape(first)}] and [${printShape(second)}] are not compatible.`,
    `'${name(one)}' and '${name(other)}' must have the same shape`,
  );
}

function sameWithoutTrailingOnes(one: Shape, other: Shape): boolean {
  const rank = Math.max(one.length, other.length);
  return Array.from({ length: rank }).every((_, axis) => (one[axis] ?? 1) === (other[axis] ?? 1));
}

/**
 * Expects an input with this number of elements in a sample.
 * @throws CntkError "validating" in the final pass
 */
export function expectElements(context: AnyShapeContext, index: number, count: number): void {
  const shape = context.all[index] ?? [];
  if (!context.isFinal || elementCount(shape) === count) return;
  throw invalid(
    `'${context.names[index] ?? ""}' [${printShape(shape)}]: expected ${count} elements, found ${elementCount(shape)}`,
  );
}
