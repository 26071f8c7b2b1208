/** CNTK's broadcasting: sample shapes are aligned at their first axis, which is the last axis of a tensor (nodes.md 3.3). */

import { CntkError } from "../../grammar/errors.js";
import type { ShapeContext } from "./operation.js";
import { isKnown, printShape, type Shape } from "./shape.js";
import { tf, type Tensor } from "./tensors.js";

/** What the shape rules of any operation see, without the types of its inputs and settings. */
export type AnyShapeContext = Pick<
  ShapeContext<never, unknown>,
  "all" | "names" | "isFinal" | "infer"
>;

/** Shape of an element-wise result; parameters without dimensions take those of the other inputs. */
export function broadcastShape(context: AnyShapeContext): Shape {
  const shapes = inferFromOthers(context);
  return shapes.reduce((one, other) => combineShapes(one, other, context));
}

/** Offers each input the broadcast shape of the others. */
function inferFromOthers(context: AnyShapeContext): readonly Shape[] {
  const shapes = [...context.all];
  shapes.forEach((shape, index) => {
    if (isKnown(shape)) return;
    const others = shapes.filter((_, other) => other !== index);
    if (others.length === 0 || !others.every(isKnown)) return;
    const offered = others.reduce((one, other) => combineShapes(one, other, context));
    shapes[index] = context.infer(index, offered);
  });
  return shapes;
}

function combineShapes(one: Shape, other: Shape, context: AnyShapeContext): Shape {
  const rank = Math.max(one.length, other.length);
  return Array.from({ length: rank }, (_, axis) => {
    const size = sizeAt(one, axis);
    const otherSize = sizeAt(other, axis);
    // The other size decides about one that is not known yet, 1 included: recurrent loops begin with unknown sizes.
    if (size <= 1 || otherSize <= 1) return Math.max(size, otherSize);
    if (size === otherSize || !context.isFinal) return size;
    const hint = `sizes are compared from the first axis on and must be equal or 1; axis ${axis + 1} has ${size} and ${otherSize}`;
    throw new CntkError(
      "validating",
      `Input dimensions [${printShape(one)}] and [${printShape(other)}] are not compatible.`,
      { hint },
    );
  });
}

/** Size of an axis; a shape not known at all may begin with any size. */
function sizeAt(shape: Shape, axis: number): number {
  return shape[axis] ?? (shape.length === 0 && axis === 0 ? 0 : 1);
}

/** The tensor with ones inserted after its columns axis, so that it has this rank. */
export function alignRanks(tensor: Tensor, rank: number): Tensor {
  if (tensor.rank === rank) return tensor;
  return tensor.reshape(alignedShape(tensor.shape, rank));
}

function alignedShape(shape: readonly number[], rank: number): number[] {
  const [columns = 1, ...sizes] = shape;
  const missing = Array.from({ length: rank - shape.length }, () => 1);
  return [columns, ...missing, ...sizes];
}

/** Applies a binary function to two tensors, the lower rank raised to the higher. */
export function onAligned(
  one: Tensor,
  other: Tensor,
  compute: (one: Tensor, other: Tensor) => Tensor,
): Tensor {
  const rank = Math.max(one.rank, other.rank);
  return compute(alignRanks(one, rank), alignRanks(other, rank));
}

/** The tensor repeated along its axes of size 1 up to this shape, whose rank may be higher. */
export function expandTo(tensor: Tensor, shape: readonly number[]): Tensor {
  const aligned = alignRanks(tensor, shape.length);
  const isThere = shape.every((size, axis) => size === aligned.shape[axis]);
  // An addition broadcasts quickly on every backend; broadcastTo is a tile, slow on wasm.
  return isThere ? aligned : tf.add(tf.zeros([...shape]), aligned);
}

/** `whenTrue` where the condition holds, `whenFalse` elsewhere; numbers and smaller tensors are broadcast. */
export function select(
  condition: Tensor,
  whenTrue: Tensor | number,
  whenFalse: Tensor | number,
): Tensor {
  const { shape } = condition;
  const full = (value: Tensor | number) =>
    typeof value === "number" ? tf.fill(shape, value) : expandTo(value, shape);
  return tf.where(condition, full(whenTrue), full(whenFalse));
}

/**
 * Sums a gradient over the axes on which the input was broadcast.
 * @param shape of the input's tensor; its rank may be lower than the gradient's
 */
export function sumToShape(gradient: Tensor, shape: readonly number[]): Tensor {
  const target = alignedShape(shape, Math.max(gradient.rank, shape.length));
  const aligned = alignRanks(gradient, target.length);
  const summed = target.flatMap((size, axis) =>
    size === 1 && aligned.shape[axis] !== 1 ? [axis] : [],
  );
  const sum = summed.length === 0 ? aligned : tf.sum(aligned, summed, true);
  return sum.rank === shape.length ? sum : sum.reshape([...shape]);
}

/** Samples as vectors: [columns x elements]. */
export function flattenSamples(tensor: Tensor): Tensor {
  return tensor.rank === 2 ? tensor : tensor.reshape([tensor.shape[0], -1]);
}

/** Rows of any kind as samples with these sizes, slowest first; how many samples follows. */
export function asSamples(rows: Tensor, sizes: readonly number[]): Tensor {
  const elements = sizes.reduce((product, size) => product * size, 1);
  return rows.reshape([rows.size / elements, ...sizes]);
}
