/** Shapes of tensor products and what the left factor's unknown dimensions become (nodes.md 5.1). */

import { CntkError } from "../../grammar/errors.js";
import type { AnyShapeContext } from "./broadcast.js";
import { printShape, type Shape } from "./shape.js";

export interface ProductOptions {
  readonly outputRank: number;
  readonly inferInputRankToMap: number;
  /** true: `left` was given with its axes swapped */
  readonly isTransposed?: boolean;
}

export interface ProductShapes {
  /** the left shape with its unknown dimensions filled in, as far as the right one is known */
  readonly left: Shape;
  /** rank 0 if it cannot be said yet */
  readonly result: Shape;
}

/** A vector is a matrix of one column. */
export function swapAxes(shape: Shape): Shape {
  if (shape.length === 0) return [];
  return [shape[1] ?? 1, shape[0] ?? 0];
}

/** @throws CntkError "validating" in the final pass */
export function inferProduct(
  left: Shape,
  right: Shape,
  options: ProductOptions,
  context: AnyShapeContext,
): ProductShapes {
  const { outputRank } = options;
  const undecided = { left, result: [] };
  const problem = rankProblem(left, right, options);
  if (problem !== undefined) {
    if (!context.isFinal) return undecided;
    throw new CntkError("validating", problem);
  }
  const extended = withMappedAxes(patchLegacyMatrix(left, right, options), right, options);
  const contracted = extended.length - outputRank;
  const filled = extended.map((size, axis) =>
    size === 0 && axis >= outputRank ? (right[axis - outputRank] ?? 0) : size,
  );
  if (context.isFinal) checkContraction(filled, right, outputRank, context);
  const result = [...filled.slice(0, outputRank), ...right.slice(contracted)];
  return { left: filled, result: result.length === 0 ? [1] : result };
}

function rankProblem(left: Shape, right: Shape, options: ProductOptions): string | undefined {
  const { outputRank, inferInputRankToMap } = options;
  if (outputRank > left.length) {
    return `outputRank ${outputRank} exceeds left argument's shape [${printShape(left)}]`;
  }
  if (left.length - outputRank > right.length || right.length === 0) {
    return `right argument shape [${printShape(right)}] has too few dimensions for the left argument's shape [${printShape(left)}]`;
  }
  if (left.slice(0, outputRank).includes(0)) {
    return `The outputRank (${outputRank}) dimensions in left argument's shape [${printShape(left)}] must not be 0.`;
  }
  if (isOpen(left, options) && inferInputRankToMap >= right.length) {
    return `inferInputRankToMap ${inferInputRankToMap} exceeds right argument's shape [${printShape(right)}]`;
  }
  return undefined;
}

const isOpen = (left: Shape, { outputRank, inferInputRankToMap }: ProductOptions) =>
  inferInputRankToMap >= 0 && left.length > outputRank && left.at(-1) === 0;

/** Models of older versions flatten images: [10 x 784] multiplies [28 x 28] as [10 x 28 x 28]. The memory is the same. */
function patchLegacyMatrix(left: Shape, right: Shape, options: ProductOptions): Shape {
  const [rows = 0, columns = 0] = left;
  const isMatrix = left.length === 2 && options.outputRank === 1 && options.isTransposed !== true;
  if (!isMatrix || columns === 0 || right[0] === 0 || columns === right[0]) return left;
  let product = 1;
  for (const [axis, size] of right.entries()) {
    product *= size;
    if (product === columns) return [rows, ...right.slice(0, axis + 1)];
  }
  return left;
}

/** A last dimension of 0 stands for all axes of the right factor but the last `inferInputRankToMap`. */
function withMappedAxes(left: Shape, right: Shape, options: ProductOptions): Shape {
  if (!isOpen(left, options)) return left;
  const rank = options.outputRank + right.length - options.inferInputRankToMap;
  const missing = Math.max(0, rank - left.length);
  return [...left, ...Array.from({ length: missing }, () => 0)];
}

function checkContraction(
  left: Shape,
  right: Shape,
  outputRank: number,
  context: AnyShapeContext,
): void {
  const contracted = left.slice(outputRank);
  if (right.includes(0)) {
    throw new CntkError(
      "validating",
      `right argument shape [${printShape(right)}] has unknown dimensions`,
      { hint: `the dimensions of '${context.names[1] ?? ""}' must be known here` },
    );
  }
  const wrong = contracted.findIndex((size, axis) => size !== right[axis]);
  if (wrong < 0) return;
  const [one = "", other = ""] = context.names;
  throw new CntkError(
    "validating",
    `Left [${printShape(left)}] and right [${printShape(right)}] operands' shapes are not compatible.`,
    {
      hint:
        `axis ${outputRank + wrong + 1} of '${one}' has ${contracted[wrong] ?? 0}, ` +
        `axis ${wrong + 1} of '${other}' has ${right[wrong] ?? 0}: they must be equal`,
    },
  );
}
