/** Softmax and its relatives; all act on the whole sample, whatever its shape (nodes.md 10). CNTK: NonlinearityNodes.h. */

import { flattenSamples } from "./broadcast.js";
import { operation } from "./operation.js";
import type { Shape } from "./shape.js";
import { tf, type Tensor } from "./tensors.js";

const shapeOfInput = ({ shapes }: { shapes: Readonly<Record<"x", Shape>> }) => shapes.x;

/** Applies a function to the samples as vectors. */
function onVectors(x: Tensor, compute: (vectors: Tensor) => Tensor): Tensor {
  return compute(flattenSamples(x)).reshape(x.shape);
}

/** exp x divided by its sum over the sample. Shapes: x -> the same. CNTK: SoftmaxNode. */
export const Softmax = operation({
  inputs: ["x"],
  shape: shapeOfInput,
  forward: ({ x }) => onVectors(x, (vectors) => tf.softmax(vectors)),
  backward: {
    x(gradient, { x }, { value }) {
      const [g, y] = [flattenSamples(gradient), flattenSamples(value)];
      const inner = tf.sum(tf.mul(g, y), 1, true);
      return tf.mul(y, tf.sub(g, inner)).reshape(x.shape);
    },
  },
});

/** Logarithm of the softmax. Shapes: x -> the same. Unit: nats. CNTK: LogSoftmaxNode. */
export const LogSoftmax = operation({
  inputs: ["x"],
  shape: shapeOfInput,
  forward: ({ x }) => onVectors(x, (vectors) => tf.logSoftmax(vectors)),
  backward: {
    x(gradient, { x }, { value }) {
      const [g, y] = [flattenSamples(gradient), flattenSamples(value)];
      const total = tf.sum(g, 1, true);
      return tf.sub(g, tf.mul(tf.exp(y), total)).reshape(x.shape);
    },
  },
});

/** 1 at the first maximum of the sample, 0 elsewhere; it passes no gradient on. Shapes: x -> the same. CNTK: HardmaxNode. */
export const Hardmax = operation({
  inputs: ["x"],
  shape: shapeOfInput,
  forward: ({ x }) => onVectors(x, (vectors) => oneHotOfMaximum(vectors)),
});

/** 1 at the first maximum of each row, 0 elsewhere. */
function oneHotOfMaximum(rows: Tensor): Tensor {
  return tf.cast(tf.oneHot(tf.argMax(rows, 1), rows.shape[1] ?? 1), "float32");
}
