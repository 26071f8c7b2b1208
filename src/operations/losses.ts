/**
 * Losses, regularisers and metrics: sums over all samples of the minibatch, without dynamic axis (nodes.md 11).
 * CNTK: TrainingNodes.h, EvaluationNodes.h.
 */

import { CntkError } from "../../grammar/errors.js";
import { asSamples, flattenSamples, onAligned, type AnyShapeContext, select } from "./broadcast.js";
import { expectSameShapes } from "./expect.js";
import { operation } from "./operation.js";
import { clippedLog, EPS_INV, protectedReciprocal } from "./protection.js";
import type { Shape } from "./shape.js";
import { tf, type Tensor } from "./tensors.js";

/** Two inputs of one shape -> [1]. */
function sumOfPairs(context: AnyShapeContext): Shape {
  expectSameShapes(context, 0, 1);
  return [1];
}

const asScalar = (sum: Tensor) => sum.reshape([1, 1]);

/** The gradient of a [1] result as a scalar that multiplies tensors of any rank. */
const scalarOf = (gradient: Tensor) => gradient.asScalar();

/**
 * Cross entropy of softmax(z) against the labels, summed over the minibatch.
 *
 * Shapes: labels, z [C x *] -> [1]. Unit: nats. CNTK: CrossEntropyWithSoftmaxNode.
 */
export const CrossEntropyWithSoftmax = operation({
  inputs: ["labels", "z"],
  reducesMinibatch: true,
  shape: sumOfPairs,
  forward({ labels, z }, context) {
    const logarithms = tf.logSoftmax(flattenSamples(z));
    context.keep("logSoftmax", logarithms);
    return asScalar(tf.neg(tf.sum(tf.mul(flattenSamples(labels), logarithms))));
  },
  backward: {
    labels: (gradient, { labels }, context) =>
      asSamples(
        tf.mul(scalarOf(gradient), tf.neg(context.kept("logSoftmax"))),
        labels.shape.slice(1),
      ),
    // Like CNTK, this takes the labels to sum to 1: softmax(z) - labels, without that sum as factor.
    z(gradient, { labels, z }, context) {
      const softmax = tf.exp(context.kept("logSoftmax"));
      const difference = tf.sub(softmax, flattenSamples(labels));
      return asSamples(tf.mul(scalarOf(gradient), difference), z.shape.slice(1));
    },
  },
});

/** Cross entropy of probabilities p against the labels, summed. Shapes: labels, p [C x *] -> [1]. CNTK: CrossEntropyNode. */
export const CrossEntropy = operation({
  inputs: ["labels", "p"],
  reducesMinibatch: true,
  shape: sumOfPairs,
  forward: ({ labels, p }) => asScalar(tf.neg(tf.sum(onAligned(labels, clippedLog(p), tf.mul)))),
  backward: {
    labels: (gradient, { p }) => tf.mul(scalarOf(gradient), tf.neg(clippedLog(p))),
    p: (gradient, { labels, p }) =>
      tf.mul(scalarOf(gradient), tf.neg(onAligned(labels, protectedReciprocal(p), tf.mul))),
  },
});

/** Sum of the squared differences, without factor 1/2. Shapes: a, b -> [1]. CNTK: SquareErrorNode. */
export const SquareError = operation({
  inputs: ["a", "b"],
  reducesMinibatch: true,
  shape: sumOfPairs,
  forward: ({ a, b }) => asScalar(tf.sum(tf.square(onAligned(a, b, tf.sub)))),
  backward: {
    a: (gradient, { a, b }) => tf.mul(scalarOf(gradient), tf.mul(2, onAligned(a, b, tf.sub))),
    b: (gradient, { a, b }) => tf.mul(scalarOf(gradient), tf.mul(2, onAligned(b, a, tf.sub))),
  },
});

/** Likelihood of binary labels y: 2 y p + (1 - y) - p, which is p for y = 1 and 1 - p for y = 0. */
function likelihood(y: Tensor, p: Tensor): Tensor {
  const product = onAligned(y, p, tf.mul);
  return tf.add(tf.mul(2, product), onAligned(tf.sub(1, y), p, tf.sub));
}

/**
 * Binary cross entropy, with weights of the samples as third input divided by the mean weight.
 *
 * Shapes: y, p [.. x *], weights the same -> [1]. Unit: nats. CNTK: LogisticNode.
 */
export const Logistic = operation({
  inputs: ["y", "p", "weights?"],
  reducesMinibatch: true,
  shape(context) {
    if (context.all.length > 2) expectSameShapes(context, 1, 2);
    return sumOfPairs(context);
  },
  forward({ y, p }, { tensors, columns }) {
    const logarithms = clippedLog(likelihood(y, p));
    const weights = tensors[2];
    if (weights === undefined) return asScalar(tf.neg(tf.sum(logarithms)));
    const weighted = tf.sum(onAligned(weights, logarithms, tf.mul));
    return asScalar(tf.mul(-columns, tf.div(weighted, tf.sum(weights))));
  },
  backward: {
    y: () => {
      throw new CntkError("running", "Logistic: the labels cannot receive a gradient");
    },
    // CNTK does not divide this by the sum of the weights, although the value is divided by it.
    p(gradient, { y, p }, { tensors }) {
      const inverse = protectedReciprocal(likelihood(y, p));
      const plain = onAligned(tf.sub(1, tf.mul(2, y)), inverse, tf.mul);
      const weights = tensors[2];
      const weighted = weights === undefined ? plain : onAligned(weights, plain, tf.mul);
      return tf.mul(scalarOf(gradient), weighted);
    },
  },
});

/**
 * Number of samples whose largest output is not where the largest label is, the first of equal ones counting; with
 * `topN` those where it is not among the N largest outputs. It passes no gradient on.
 *
 * Shapes: labels, z [C x *], topN a constant [1] -> [1]. CNTK: ClassificationErrorNode.
 */
export const ClassificationError = operation({
  inputs: ["labels", "z", "topN?"],
  reducesMinibatch: true,
  shape: sumOfPairs,
  forward({ labels, z }, { tensors }) {
    const expected = tf.argMax(flattenSamples(labels), 1);
    const outputs = flattenSamples(z);
    const topN = tensors[2];
    const isWrong =
      topN === undefined
        ? tf.notEqual(expected, tf.argMax(outputs, 1))
        : tf.greaterEqual(rankOf(expected, outputs), topN.asScalar());
    return asScalar(tf.sum(tf.cast(isWrong, "float32")));
  },
});

/** How many outputs of a sample come before the expected one: the larger ones and equal ones of a lower index. */
function rankOf(expected: Tensor, outputs: Tensor): Tensor {
  const classes = outputs.shape[1] ?? 1;
  const indices = tf.range(0, classes, 1, "float32");
  const position = tf.cast(tf.expandDims(expected, 1), "float32");
  const isExpected = tf.equal(indices, position);
  const own = tf.sum(select(isExpected, outputs, 0), 1, true);
  const isEqualBefore = tf.logicalAnd(tf.equal(outputs, own), tf.less(indices, position));
  const isBefore = tf.logicalOr(tf.greater(outputs, own), isEqualBefore);
  return tf.sum(tf.cast(isBefore, "float32"), 1);
}

/** Sum of absolute values. Shapes: x -> [1]. CNTK: MatrixL1RegNode. */
export const MatrixL1Reg = operation({
  inputs: ["x"],
  reducesMinibatch: true,
  shape: () => [1],
  forward: ({ x }) => asScalar(tf.sum(tf.abs(x))),
  backward: { x: (gradient, { x }) => tf.mul(scalarOf(gradient), tf.sign(x)) },
});

/** Square root of the sum of squares. Shapes: x -> [1]. CNTK: MatrixL2RegNode. */
export const MatrixL2Reg = operation({
  inputs: ["x"],
  reducesMinibatch: true,
  shape: () => [1],
  forward: ({ x }) => asScalar(tf.sqrt(tf.sum(tf.square(x)))),
  backward: {
    x: (gradient, { x }, { value }) =>
      tf.mul(x, tf.div(scalarOf(gradient), tf.add(value.asScalar(), EPS_INV))),
  },
});

/** The value of one input with the gradient given by another. Shapes: all the same -> [1]. CNTK: DummyCriterionNode. */
export const DummyCriterion = operation({
  inputs: ["objective", "derivative", "prediction"],
  reducesMinibatch: true,
  shape(context) {
    expectSameShapes(context, 1, 2);
    return [1];
  },
  forward: ({ objective }) => asScalar(tf.sum(objective)),
  backward: {
    prediction: (gradient, { derivative }) => tf.mul(scalarOf(gradient), derivative),
  },
});
