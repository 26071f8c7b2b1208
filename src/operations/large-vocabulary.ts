/** Criteria for large vocabularies (nodes.md 11). CNTK: TrainingNodes.h. */

import { CntkError } from "../../grammar/errors.js";
import { flattenSamples, select } from "./broadcast.js";
import { invalid } from "./expect.js";
import { operation, type ComputeContext } from "./operation.js";
import { setting } from "./settings.js";
import { elementCount, printShape } from "./shape.js";
import { tf, type Tensor } from "./tensors.js";

type Names = "labels" | "hidden" | "weights" | "classScores";
type Inputs = Readonly<Record<Names, Tensor>>;
type Context = Pick<ComputeContext<Names, unknown, unknown>, "keep" | "kept">;

/** score of words outside the class: nothing of it is left after the softmax */
const EXCLUDED = -1e30;

/** One number of each label: the word, its class, the first word of the class, the one after its last. */
const labelRow = (labels: Tensor, row: number) =>
  tf.slice(flattenSamples(labels), [0, row], [-1, 1]);

/** 1 where the index of a column is the number of the row. */
function oneHot(numbers: Tensor, count: number): Tensor {
  return tf.cast(tf.equal(tf.range(0, count, 1, "float32"), numbers), "float32");
}

/** [words x hidden], which is how the memory of weights [hidden x words] reads here. */
const weightRows = (weights: Tensor) => weights.reshape(weights.shape.slice(1));

/** Logarithms of the probabilities of all words, each within the class of the sample's word. */
function logWords({ labels, hidden, weights }: Inputs): Tensor {
  const scores = tf.matMul(flattenSamples(hidden), weightRows(weights), false, true);
  const words = tf.range(0, weights.shape[1] ?? 0, 1, "float32");
  const isInClass = tf.logicalAnd(
    tf.greaterEqual(words, labelRow(labels, 2)),
    tf.less(words, labelRow(labels, 3)),
  );
  return tf.logSoftmax(select(isInClass, scores, EXCLUDED));
}

/** Gradient of the loss with respect to scores of which these are the log-softmax. */
const towardsScores = (logarithms: Tensor, expected: Tensor) =>
  tf.sub(tf.exp(logarithms), expected);

function gradientOfWords(gradient: Tensor, { labels, weights }: Inputs, context: Context): Tensor {
  const expected = oneHot(labelRow(labels, 0), weights.shape[1] ?? 0);
  return tf.mul(gradient.asScalar(), towardsScores(context.kept("words"), expected));
}

/**
 * Cross entropy of a softmax in two steps: the class, then the word within its class.
 *
 * Shapes: labels [4 x *] (word, class, first word of the class, end of the class), hidden [d x *], weights [d x words],
 * classScores [classes x *] -> [1]. Unit: nats. CNTK: ClassBasedCrossEntropyWithSoftmaxNode.
 */
export const ClassBasedCrossEntropyWithSoftmax = operation({
  inputs: ["labels", "hidden", "weights", "classScores"],
  reducesMinibatch: true,
  shape({ shapes: { labels, hidden, weights }, isFinal }) {
    if (isFinal && elementCount(labels) !== 4) {
      throw invalid(
        `ClassBasedCrossEntropyWithSoftmax: expected labels [4], found [${printShape(labels)}]`,
        "a label is the word, its class, the first word of the class and the word after its last",
      );
    }
    if (isFinal && weights[0] !== elementCount(hidden)) {
      throw invalid(
        `ClassBasedCrossEntropyWithSoftmax: expected weights with ${elementCount(hidden)} rows, found [${printShape(weights)}]`,
      );
    }
    return [1];
  },
  forward(inputs, context) {
    const { labels, classScores, weights } = inputs;
    const words = logWords(inputs);
    const classes = tf.logSoftmax(flattenSamples(classScores));
    context.keep("words", words);
    context.keep("classes", classes);
    const word = tf.mul(words, oneHot(labelRow(labels, 0), weights.shape[1] ?? 0));
    const wordClass = tf.mul(classes, oneHot(labelRow(labels, 1), classes.shape[1] ?? 0));
    return tf.neg(tf.add(tf.sum(word), tf.sum(wordClass))).reshape([1, 1]);
  },
  backward: {
    hidden: (gradient, inputs, context) =>
      tf
        .matMul(gradientOfWords(gradient, inputs, context), weightRows(inputs.weights))
        .reshape(inputs.hidden.shape),
    weights: (gradient, inputs, context) =>
      tf
        .matMul(gradientOfWords(gradient, inputs, context), flattenSamples(inputs.hidden), true)
        .reshape(inputs.weights.shape),
    classScores(gradient, { labels, classScores }, context) {
      const classes = context.kept("classes");
      const expected = oneHot(labelRow(labels, 1), classes.shape[1] ?? 0);
      const towards = towardsScores(classes, expected);
      return tf.mul(gradient.asScalar(), towards).reshape(classScores.shape);
    },
  },
});

/** evalMode that evaluates by the full softmax; training takes another */
const FULL_SOFTMAX = 0;

/** As a plain function of its inputs, noise-contrastive estimation trains with samples drawn by the reader of its time. */
function refuseTraining(): never {
  throw new CntkError(
    "running",
    "NCEBasedCrossEntropyWithSoftmax: training by noise-contrastive estimation is not available",
    {
      hint: "train with CrossEntropyWithSoftmax, or with ClassBasedCrossEntropyWithSoftmax for a large vocabulary",
    },
  );
}

/**
 * Noise-contrastive estimation: evaluation only, by the full softmax over all words.
 *
 * Shapes: labels [.. x *] of which the first element is the word, hidden [d x *], weights [d x words], biases [words]
 * -> [1]. Unit: nats. CNTK: NoiseContrastiveEstimationNode.
 */
export const NCEBasedCrossEntropyWithSoftmax = operation({
  inputs: ["labels", "hidden", "weights", "biases"],
  // missing in very old files: the model file knows
  settings: { evalMode: setting.i32({ default: FULL_SOFTMAX }) },
  reducesMinibatch: true,
  shape({ shapes: { hidden, weights, biases }, isFinal }) {
    const [rows, words = 0] = weights;
    if (isFinal && rows !== elementCount(hidden)) {
      throw invalid(
        `NCEBasedCrossEntropyWithSoftmax: expected weights with ${elementCount(hidden)} rows, found [${printShape(weights)}]`,
      );
    }
    if (isFinal && elementCount(biases) !== words) {
      throw invalid(
        `NCEBasedCrossEntropyWithSoftmax: expected ${words} biases, found [${printShape(biases)}]`,
      );
    }
    return [1];
  },
  forward({ labels, hidden, weights, biases }, { isTraining, settings: { evalMode } }) {
    if (isTraining && evalMode !== FULL_SOFTMAX) refuseTraining();
    const scores = tf.matMul(flattenSamples(hidden), weightRows(weights), false, true);
    const logarithms = tf.logSoftmax(tf.add(scores, biases.reshape([1, -1])));
    const word = oneHot(labelRow(labels, 0), logarithms.shape[1] ?? 0);
    return tf.neg(tf.sum(tf.mul(logarithms, word))).reshape([1, 1]);
  },
  backward: { hidden: refuseTraining, weights: refuseTraining, biases: refuseTraining },
});
