/** Sums, means, extrema and the like over the axes of a sample or over everything (nodes.md 8). CNTK: ReshapingNodes.h. */

import { CntkError, nearestName } from "../../grammar/errors.js";
import { expandTo, select } from "./broadcast.js";
import { invalid } from "./expect.js";
import { operation } from "./operation.js";
import { addLogarithmsOfRows, reciprocalOrZero } from "./protection.js";
import { setting } from "./settings.js";
import { printShape, type Shape } from "./shape.js";
import { tf, type Tensor } from "./tensors.js";

/** An input as [outer x reduced x inner]: what is reduced is in the middle. */
type Grouped = Tensor;

/** How one reductionOp computes; `y` is the result as [outer x 1 x inner], and so is what `reduce` returns. */
interface Reduction {
  readonly reduce: (x: Grouped) => Tensor;
  /** without one no gradient passes */
  readonly gradientOf?: (gradient: Tensor, x: Grouped, y: Tensor) => Tensor;
}

const sum: Reduction = {
  reduce: (x) => tf.sum(x, 1, true),
  gradientOf: (gradient) => gradient,
};

/** 1/n rounded to a float first, as CNTK does. */
const scaleOfMean = (x: Grouped) => Math.fround(1 / (x.shape[1] ?? 1));

/** CNTK lets an extremum's gradient go to every element equal to it, ties included. */
const toEqualElements = (gradient: Tensor, x: Grouped, y: Tensor) =>
  select(tf.equal(x, y), gradient, 0);

const withAxis = (indices: Tensor) => tf.cast(tf.expandDims(indices, 1), "float32");

const REDUCTIONS: Readonly<Record<string, Reduction>> = {
  Sum: sum,
  Plus: sum,
  Mean: {
    reduce: (x) => tf.mul(tf.sum(x, 1, true), scaleOfMean(x)),
    gradientOf: (gradient, x) => tf.mul(gradient, scaleOfMean(x)),
  },
  LogSum: {
    reduce: addLogarithmsOfRows,
    gradientOf: (gradient, x, y) => tf.mul(gradient, tf.exp(tf.sub(x, y))),
  },
  Max: { reduce: (x) => tf.max(x, 1, true), gradientOf: toEqualElements },
  Min: { reduce: (x) => tf.min(x, 1, true), gradientOf: toEqualElements },
  Prod: {
    reduce: (x) => tf.prod(x, 1, true),
    // an element that is 0 gets nothing, although the product of the others may not be 0
    gradientOf: (gradient, x, y) => tf.mul(tf.mul(gradient, y), reciprocalOrZero(x)),
  },
  Argmax: { reduce: (x) => withAxis(tf.argMax(x, 1)) },
  Argmin: { reduce: (x) => withAxis(tf.argMin(x, 1)) },
};

/** Values of `axis` that are not the number of a static axis. */
const ALL_STATIC_AXES = 0;
const ALL_AXES = -1;
const SEQUENCE_AXIS = -2;

function group(x: Tensor, axis: number): Grouped {
  if (axis === ALL_AXES) return x.reshape([1, -1, 1]);
  if (axis === ALL_STATIC_AXES) return x.reshape([x.shape[0], -1, 1]);
  const position = x.rank - axis;
  const inner = x.shape.slice(position + 1).reduce((product, size) => product * size, 1);
  return x.reshape([-1, x.shape[position] ?? 1, inner]);
}

/**
 * Reduces one axis of each sample (axis = 1, 2, ...), all of them (0) or everything, minibatch included (-1).
 *
 * Shapes: axis 0: x -> [1 x *]; axis k: the k-th size becomes 1; axis -1: x -> [1] without dynamic axis.
 * CNTK: ReduceElementsNode.
 */
export const ReduceElements = operation({
  inputs: ["x"],
  // version 24 and later store `keepDimensions` behind reductionOp, version 27 a list of axes: the model file knows
  settings: { axis: setting.i32({ default: 0 }), reductionOp: setting.string() },
  reducesMinibatch: ({ axis }) => axis === ALL_AXES,
  shape({ settings: { axis, reductionOp }, shapes: { x }, names, isFinal }) {
    if (isFinal) checkReduction(reductionOp, axis, x, names[0] ?? "");
    if (axis === ALL_STATIC_AXES || axis === ALL_AXES) return [1];
    return axis === SEQUENCE_AXIS ? x : x.map((size, index) => (index === axis - 1 ? 1 : size));
  },
  forward({ x }, { settings: { axis, reductionOp }, shape, hasSequences }) {
    // a sequence of one sample is its own sum
    if (axis === SEQUENCE_AXIS && !hasSequences) return x;
    if (axis === SEQUENCE_AXIS) throw sequenceError();
    const reduced = reductionOf(reductionOp).reduce(group(x, axis));
    const samples = axis === ALL_AXES ? 1 : x.shape[0];
    return reduced.reshape([samples, ...[...shape].reverse()]);
  },
  backward: {
    x(gradient, { x }, { settings: { axis, reductionOp }, value }) {
      if (axis === SEQUENCE_AXIS) return gradient;
      const gradientOf = reductionOf(reductionOp).gradientOf;
      if (gradientOf === undefined) return tf.zerosLike(x);
      const grouped = group(x, axis);
      const reducedShape = [grouped.shape[0], 1, grouped.shape[2] ?? 1];
      const found = gradientOf(
        gradient.reshape(reducedShape),
        grouped,
        value.reshape(reducedShape),
      );
      return expandTo(found, grouped.shape).reshape(x.shape);
    },
  },
});

/** @throws CntkError "validating" if there is no such reduction or axis */
function checkReduction(reductionOp: string, axis: number, x: Shape, name: string): void {
  if (!(reductionOp in REDUCTIONS)) {
    const known = Object.keys(REDUCTIONS);
    const nearest = nearestName(reductionOp, known);
    throw invalid(
      `ReduceElements: expected one of ${known.join(", ")} as reductionOp, found "${reductionOp}"`,
      nearest === undefined ? undefined : `did you mean '${nearest}'?`,
    );
  }
  if (axis === SEQUENCE_AXIS && REDUCTIONS[reductionOp] !== sum) {
    throw invalid(
      `ReduceElements: ${reductionOp} over the sequence axis (axis = -2) is not available: only Sum is`,
    );
  }
  if (axis < SEQUENCE_AXIS || axis > x.length) {
    throw invalid(`The shape of ${name} [${printShape(x)}] has no axis ${axis}`);
  }
}

function reductionOf(reductionOp: string): Reduction {
  const reduction = REDUCTIONS[reductionOp];
  if (reduction === undefined)
    throw invalid(`ReduceElements: unknown reductionOp "${reductionOp}"`);
  return reduction;
}

function sequenceError(): CntkError {
  return new CntkError(
    "running",
    "ReduceElements: this version does not sum over sequences (axis = -2) of more than one sample",
  );
}

/** Sum over all elements of all samples. Shapes: x -> [1] without dynamic axis. CNTK: SumElementsNode. */
export const SumElements = operation({
  inputs: ["x"],
  reducesMinibatch: true,
  shape: () => [1],
  forward: ({ x }) => tf.sum(x).reshape([1, 1]),
  backward: { x: (gradient, { x }) => expandTo(gradient, x.shape) },
});

/** Sum over the elements of each sample. Shapes: x -> [1 x *]. CNTK: SumColumnElementsNode. */
export const SumColumnElements = operation({
  inputs: ["x"],
  shape: () => [1],
  forward: ({ x }) => tf.sum(x.reshape([x.shape[0], -1]), 1, true),
  backward: { x: (gradient, { x }) => expandTo(gradient, x.shape) },
});
