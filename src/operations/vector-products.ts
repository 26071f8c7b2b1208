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
  forward: ({ a, b }) => cosineOf(flattenSamples(a), flattenSamples(b)),
  backward: {
    a: (gradient, { a, b }, { value }) => cosineGradient(gradient, a, b, value),
    b: (gradient, { a, b }, { value }) => cosineGradient(gradient, b, a, value),
  },
});

function cosineOf(one: Tensor, other: Tensor): Tensor {
  const inner = tf.sum(tf.mul(one, other), 1, true);
  return tf.mul(tf.mul(inner, inverseNorm(one)), inverseNorm(other));
}

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

/** The samples in the order in which the `row`-th cosine takes them: its partners are `shift + row - 1` further on. */
function partners(x: Tensor, row: number, shift: number, isInverse = false): Tensor {
  const samples = x.shape[0];
  const distance = row === 0 ? 0 : shift + row - 1;
  const step = isInverse ? -distance : distance;
  const order = Array.from(
    { length: samples },
    (_, t) => (((t + step) % samples) + samples) % samples,
  );
  return tf.gather(x, tf.tensor1d(order, "int32"));
}

/** One cosine of each sample: the column of that number. */
const cosineColumn = (cosines: Tensor, row: number) => tf.slice(cosines, [0, row], [-1, 1]);

const countOf = (x: Tensor) => Math.trunc(x.dataSync()[0] ?? 0);

/**
 * Cosine of a with b, then with the samples of b that follow `shift` and more places later in the minibatch, which
 * begins anew behind its end.
 *
 * Shapes: a, b [n x *], shift and negatives constants [1] -> [negatives + 1 x *]. CNTK: CosDistanceWithNegativeSamplesNode.
 */
export const CosDistanceWithNegativeSamples = operation({
  inputs: ["a", "b", "shift", "negatives"],
  shape(context) {
    expectElements(context, 1, elementCount(context.shapes.a));
    const negatives = context.constant(3);
    if (negatives !== undefined) return [Math.trunc(negatives) + 1];
    if (!context.isFinal) return [];
    throw invalid(
      `CosDistanceWithNegativeSamples: expected a constant as number of negative samples, found '${context.names[3] ?? ""}'`,
    );
  },
  forward({ a, b, shift }, { shape: [rows = 1] }) {
    const [one, other] = [flattenSamples(a), flattenSamples(b)];
    const cosines = Array.from({ length: rows }, (_, row) =>
      cosineOf(one, partners(other, row, countOf(shift))),
    );
    return tf.concat(cosines, 1);
  },
  backward: {
    a(gradient, { a, b, shift }, { shape: [rows = 1], value }) {
      const [one, other] = [flattenSamples(a), flattenSamples(b)];
      const parts = Array.from({ length: rows }, (_, row) =>
        cosineGradient(
          cosineColumn(gradient, row),
          one,
          partners(other, row, countOf(shift)),
          cosineColumn(value, row),
        ),
      );
      return tf.addN(parts).reshape(a.shape);
    },
    b(gradient, { a, b, shift }, { shape: [rows = 1], value }) {
      const [one, other] = [flattenSamples(a), flattenSamples(b)];
      const distance = countOf(shift);
      const parts = Array.from({ length: rows }, (_, row) => {
        const towards = cosineGradient(
          cosineColumn(gradient, row),
          partners(other, row, distance),
          one,
          cosineColumn(value, row),
        );
        return partners(towards, row, distance, true);
      });
      return tf.addN(parts).reshape(b.shape);
    },
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
