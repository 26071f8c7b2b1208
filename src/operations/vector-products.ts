/** Products of vectors, sample by sample, and the diagonal of a matrix (nodes.md 5.4). CNTK: LinearAlgebraNodes.h. */

import { asSamples, flattenSamples } from "./broadcast.js";
import { expectElements, inferredOr, invalid } from "./expect.js";
import { operation } from "./operation.js";
import { protectedReciprocal } from "./protection.js";
import { elementCount, printShape } from "./shape.js";
import { tf, type Tensor } from "./tensors.js";

/**
 * Each element of a sample times the element of a vector in the same place.
 *
 * Shapes: diagonal [n] or [n x 1], x [.. x *] with n elements -> [n x *]. CNTK: DiagTimesNode.
 */
export const DiagTimes = operation({
  inputs: ["diagonal", "x"],
  shape(context) {
    const elements = elementCount(context.shapes.x);
    const isUnknown = context.shapes.x.length === 0 || elements === 0;
    const diagonal = inferredOr(context, 0, isUnknown ? [] : [elements]);
    if (context.isFinal && elementCount(diagonal) !== elements) {
      throw invalid(
        `DiagTimes: expected a vector of ${elements} elements, found [${printShape(diagonal)}]`,
        `'${context.names[1] ?? ""}' is [${printShape(context.shapes.x)}]`,
      );
    }
    return isUnknown ? [] : [elements];
  },
  forward: ({ diagonal, x }) => tf.mul(flattenSamples(diagonal), flattenSamples(x)),
  backward: {
    diagonal: (gradient, { diagonal, x }) =>
      asSamples(tf.mul(gradient, flattenSamples(x)), diagonal.shape.slice(1)),
    x: (gradient, { diagonal, x }) =>
      asSamples(tf.mul(gradient, flattenSamples(diagonal)), x.shape.slice(1)),
  },
});

/**
 * Outer product of two vectors in each sample, as a vector: element i + m j is a[i] b[j].
 *
 * Shapes: a [m x *], b [n x *] -> [m*n x *]. CNTK: KhatriRaoProductNode.
 */
export const KhatriRaoProduct = operation({
  inputs: ["a", "b"],
  shape: ({ shapes: { a, b } }) => [elementCount(a) * elementCount(b)],
  forward: ({ a, b }) => flattenSamples(tf.mul(asColumn(b), asRow(a))),
  backward: {
    a: (gradient, { a, b }) => {
      const products = tf.mul(asTable(gradient, a), asColumn(b));
      return asSamples(tf.sum(products, 1), a.shape.slice(1));
    },
    b: (gradient, { a, b }) => {
      const products = tf.mul(asTable(gradient, a), asRow(a));
      return asSamples(tf.sum(products, 2), b.shape.slice(1));
    },
  },
});

const asRow = (x: Tensor) => x.reshape([x.shape[0], 1, -1]);
const asColumn = (x: Tensor) => x.reshape([x.shape[0], -1, 1]);
const asTable = (gradient: Tensor, a: Tensor) =>
  gradient.reshape([gradient.shape[0], -1, a.size / a.shape[0]]);

/** Cosine of the angle between two vectors in each sample; 0 if one is zero. Shapes: a, b -> [1 x *]. CNTK: CosDistanceNode. */
export const CosDistance = operation({
  inputs: ["a", "b"],
  shape(context) {
    expectElements(context, 1, elementCount(context.shapes.a));
    return [1];
  },
  forward({ a, b }) {
    const [one, other] = [flattenSamples(a), flattenSamples(b)];
    const inner = tf.sum(tf.mul(one, other), 1, true);
    return tf.mul(tf.mul(inner, inverseNorm(one)), inverseNorm(other));
  },
  backward: {
    a: (gradient, { a, b }, { value }) => cosineGradient(gradient, a, b, value),
    b: (gradient, { a, b }, { value }) => cosineGradient(gradient, b, a, value),
  },
});

function inverseNorm(x: Tensor): Tensor {
  return protectedReciprocal(tf.sqrt(tf.sum(tf.square(x), 1, true)));
}

/** g (b / (|a| |b|) - y a / |a|^2). The square of the inverse norm comes first: for a zero vector it overflows to NaN. */
function cosineGradient(gradient: Tensor, a: Tensor, b: Tensor, value: Tensor): Tensor {
  const [one, other] = [flattenSamples(a), flattenSamples(b)];
  const inverse = inverseNorm(one);
  const direction = tf.mul(other, tf.mul(inverse, inverseNorm(other)));
  const along = tf.mul(one, tf.mul(value, tf.square(inverse)));
  return asSamples(tf.mul(gradient, tf.sub(direction, along)), a.shape.slice(1));
}

/**
 * Cosines of a with b and with shifted samples of b. How many is the value of an input, which no shape rule sees, so
 * its result has no shape here and networks with it are refused.
 * CNTK: CosDistanceWithNegativeSamplesNode.
 */
export const CosDistanceWithNegativeSamples = operation({
  inputs: ["a", "b", "shift", "negatives"],
  shape({ isFinal }) {
    if (isFinal) throw invalid("CosDistanceWithNegativeSamples is not supported");
    return [];
  },
});

/** Diagonal of a square matrix as a row. Shapes: x [n x n] -> [1 x n]; no dynamic axis. CNTK: DiagonalNode. */
export const Diagonal = operation({
  inputs: ["x"],
  shape({ shapes: { x }, isFinal, hasDynamicAxis }) {
    if (isFinal && (x.length !== 2 || x[0] !== x[1])) {
      throw invalid(`Diagonal: expected a square matrix, found [${printShape(x)}]`);
    }
    if (isFinal && hasDynamicAxis[0] === true) {
      throw invalid("Diagonal: the input must not have a dynamic axis");
    }
    return [1, x[0] ?? 0];
  },
  forward: ({ x }, { shape }) => tf.sum(tf.mul(x, tf.eye(shape[1] ?? 0)), 2, true),
  backward: {
    x: (gradient, _, { shape }) => tf.mul(gradient, tf.eye(shape[1] ?? 0)),
  },
});
