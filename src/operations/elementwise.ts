/** Element-wise operations of one, two and three inputs (nodes.md 4). CNTK: NonlinearityNodes.h, LinearAlgebraNodes.h. */

import { alignRanks, broadcastShape, onAligned, select } from "./broadcast.js";
import { operation } from "./operation.js";
import { addLogarithms, clippedLog, reciprocalOrZero } from "./protection.js";
import type { Shape } from "./shape.js";
import { tf, type Tensor } from "./tensors.js";

const shapeOfInput = ({ shapes }: { shapes: Readonly<Record<"x", Shape>> }) => shapes.x;

/** An operation on each element; `derivative` sees the input x and the value y. */
function unary(
  compute: (x: Tensor) => Tensor,
  gradientOf: (gradient: Tensor, x: Tensor, y: Tensor) => Tensor,
) {
  return operation({
    inputs: ["x"],
    shape: shapeOfInput,
    forward: ({ x }) => compute(x),
    backward: { x: (gradient, { x }, { value }) => gradientOf(gradient, x, value) },
  });
}

/** Absolute value. Shapes: x -> the same. CNTK: AbsNode. */
export const Abs = unary(
  (x) => tf.abs(x),
  (gradient, x) => tf.mul(gradient, tf.sign(x)),
);

/** cos x. Shapes: x -> the same. Unit: radians. CNTK: CosineNode. */
export const Cosine = unary(
  (x) => tf.cos(x),
  (gradient, x) => tf.neg(tf.mul(gradient, tf.sin(x))),
);

/** e to the power x. Shapes: x -> the same. CNTK: ExpNode. */
export const Exp = unary(
  (x) => tf.exp(x),
  (gradient, _, y) => tf.mul(gradient, y),
);

/** Largest integer not above x; it passes no gradient on. Shapes: x -> the same. CNTK: FloorNode. */
export const Floor = operation({
  inputs: ["x"],
  shape: shapeOfInput,
  forward: ({ x }) => tf.floor(x),
});

/** Natural logarithm; -85.1 for x < 1e-37, negative x included. Shapes: x -> the same. CNTK: LogNode. */
export const Log = unary(
  (x) => clippedLog(x),
  // g / x with the clipped x, which only y still knows
  (gradient, _, y) => tf.mul(gradient, tf.exp(tf.neg(y))),
);

/** -x. Shapes: x -> the same. CNTK: NegateNode. */
export const Negate = unary(
  (x) => tf.neg(x),
  (gradient) => tf.neg(gradient),
);

/** x itself; a node to hang a name or a tag on. Shapes: x -> the same. CNTK: PassNode. */
export const Pass = unary(
  (x) => tf.clone(x),
  (gradient) => gradient,
);

/** x itself, through which no gradient passes. Shapes: x -> the same. CNTK: StopGradientNode. */
export const StopGradient = operation({
  inputs: ["x"],
  shape: shapeOfInput,
  forward: ({ x }) => tf.clone(x),
});

/** Labels as the first input of ForwardBackward: unchanged. Shapes: x -> the same. CNTK: LabelsToGraphNode. */
export const LabelsToGraph = operation({
  inputs: ["x"],
  shape: shapeOfInput,
  forward: ({ x }) => tf.clone(x),
});

/** 1/x, and 0 for x = 0. Shapes: x -> the same. CNTK: ReciprocalNode. */
export const Reciprocal = unary(
  (x) => reciprocalOrZero(x),
  (gradient, _, y) => tf.neg(tf.mul(gradient, tf.square(y))),
);

/** x where x > 0, else 0, for NaN as well. Shapes: x -> the same. CNTK: RectifiedLinearNode. */
export const RectifiedLinear = unary(
  (x) => select(tf.greater(x, 0), x, 0),
  (gradient, _, y) => select(tf.greater(y, 0), gradient, 0),
);

/** 1 / (1 + exp(-x)) in this form: 0 once exp(-x) overflows. Shapes: x -> the same. CNTK: SigmoidNode. */
export const Sigmoid = unary(
  (x) => tf.div(1, tf.add(1, tf.exp(tf.neg(x)))),
  (gradient, _, y) => tf.mul(gradient, tf.mul(y, tf.sub(1, y))),
);

/** sin x. Shapes: x -> the same. Unit: radians. CNTK: SinNode. */
export const Sin = unary(
  (x) => tf.sin(x),
  (gradient, x) => tf.mul(gradient, tf.cos(x)),
);

/** Square root of x where x > 0, else 0, for NaN as well. Shapes: x -> the same. CNTK: SqrtNode. */
export const Sqrt = unary(
  (x) => select(tf.greater(x, 0), tf.sqrt(x), 0),
  // like CNTK not protected: infinite, or NaN for a gradient of 0, at y = 0
  (gradient, _, y) => tf.div(gradient, tf.mul(2, y)),
);

/** Hyperbolic tangent. Shapes: x -> the same. CNTK: TanhNode. */
export const Tanh = unary(
  (x) => tf.tanh(x),
  (gradient, _, y) => tf.mul(gradient, tf.sub(1, tf.square(y))),
);

/** a + b, broadcasting. Shapes: a, b -> the larger size of each axis. CNTK: PlusNode. */
export const Plus = operation({
  inputs: ["a", "b"],
  shape: broadcastShape,
  forward: ({ a, b }) => onAligned(a, b, tf.add),
  backward: { a: (gradient) => gradient, b: (gradient) => gradient },
});

/** a - b, broadcasting. Shapes: a, b -> the larger size of each axis. CNTK: MinusNode. */
export const Minus = operation({
  inputs: ["a", "b"],
  shape: broadcastShape,
  forward: ({ a, b }) => onAligned(a, b, tf.sub),
  backward: { a: (gradient) => gradient, b: (gradient) => tf.neg(gradient) },
});

/** a times b element by element, broadcasting. Shapes: a, b -> the larger size of each axis. CNTK: ElementTimesNode. */
export const ElementTimes = operation({
  inputs: ["a", "b"],
  shape: broadcastShape,
  forward: ({ a, b }) => onAligned(a, b, tf.mul),
  backward: {
    a: (gradient, { b }) => onAligned(gradient, b, tf.mul),
    b: (gradient, { a }) => onAligned(gradient, a, tf.mul),
  },
});

/** log(e^a + e^b), broadcasting. Shapes: a, b -> the larger size of each axis. CNTK: LogPlusNode. */
export const LogPlus = operation({
  inputs: ["a", "b"],
  shape: broadcastShape,
  forward: ({ a, b }) => onAligned(a, b, addLogarithms),
  backward: {
    a: (gradient, { a, b }) => tf.mul(gradient, onAligned(a, b, shareOfFirst)),
    b: (gradient, { a, b }) => tf.mul(gradient, onAligned(b, a, shareOfFirst)),
  },
});

const shareOfFirst = (one: Tensor, other: Tensor) => tf.sigmoid(tf.sub(one, other));

/** A comparison, broadcasting: 1 where it holds, else 0. It passes no gradient on. */
function comparison(compare: (a: Tensor, b: Tensor) => Tensor) {
  return operation({
    inputs: ["a", "b"],
    shape: broadcastShape,
    forward: ({ a, b }) => tf.cast(onAligned(a, b, compare), "float32"),
  });
}

/** 1 where a < b, else 0. Shapes: a, b -> the larger size of each axis. CNTK: LessNode. */
export const Less = comparison((a, b) => tf.less(a, b));

/** 1 where a = b, else 0. Shapes: a, b -> the larger size of each axis. CNTK: EqualNode. */
export const Equal = comparison((a, b) => tf.equal(a, b));

/** 1 where a > b, else 0. Shapes: a, b -> the larger size of each axis. CNTK: GreaterNode. */
export const Greater = comparison((a, b) => tf.greater(a, b));

/** 1 where a >= b, else 0. Shapes: a, b -> the larger size of each axis. CNTK: GreaterEqualNode. */
export const GreaterEqual = comparison((a, b) => tf.greaterEqual(a, b));

/** 1 where a is not b, else 0. Shapes: a, b -> the larger size of each axis. CNTK: NotEqualNode. */
export const NotEqual = comparison((a, b) => tf.notEqual(a, b));

/** 1 where a <= b, else 0. Shapes: a, b -> the larger size of each axis. CNTK: LessEqualNode. */
export const LessEqual = comparison((a, b) => tf.lessEqual(a, b));

/** x within [min, max]; min wins if it is above max. Shapes: broadcast. CNTK: ClipNode. */
export const Clip = operation({
  inputs: ["min", "max", "x"],
  shape: broadcastShape,
  forward({ min, max, x }, { shape }) {
    const rank = shape.length + 1;
    const low = alignRanks(min, rank);
    const high = alignRanks(max, rank);
    const value = alignRanks(x, rank);
    const notAbove = select(tf.greater(value, high), high, value);
    return select(tf.less(value, low), low, notAbove);
  },
  // min and max receive nothing
  backward: {
    x: (gradient, { x }, { value }) =>
      select(tf.equal(value, alignRanks(x, value.rank)), gradient, 0),
  },
});

/** `then` where the condition is not 0, `otherwise` elsewhere. Shapes: broadcast. CNTK: IfNode. */
export const If = operation({
  inputs: ["condition", "then", "otherwise"],
  shape: broadcastShape,
  forward({ condition, then, otherwise }, { shape }) {
    const rank = shape.length + 1;
    return select(
      tf.notEqual(alignRanks(condition, rank), 0),
      alignRanks(then, rank),
      alignRanks(otherwise, rank),
    );
  },
  backward: {
    then: (gradient, { condition }) => select(isNotZero(condition, gradient), gradient, 0),
    otherwise: (gradient, { condition }) => select(isNotZero(condition, gradient), 0, gradient),
  },
});

const isNotZero = (condition: Tensor, gradient: Tensor) =>
  tf.notEqual(alignRanks(condition, gradient.rank), 0);
