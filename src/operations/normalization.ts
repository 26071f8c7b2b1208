/** Batch normalisation (nodes.md 12.1). CNTK: TrainingNodes.h. */

import { inferredOr, invalid } from "./expect.js";
import { operation, type ComputeContext } from "./operation.js";
import { shareFactors, type ShareFactors } from "./running-statistics.js";
import { setting } from "./settings.js";
import { elementCount, printShape, type Shape } from "./shape.js";
import { tf, type Tensor } from "./tensors.js";

interface BatchNormalizationSettings {
  readonly spatial: boolean;
  readonly normalizationTimeConstant: number;
  readonly blendTimeConstant: number;
  readonly epsilon: number;
}

type Inputs = Readonly<
  Record<"x" | "scale" | "bias" | "runMean" | "runVariance" | "runCount", Tensor>
>;
type Context = ComputeContext<keyof Inputs, BatchNormalizationSettings, undefined>;

const factorsOf = (runCount: Tensor, { settings, columns, isTraining }: Context): ShareFactors =>
  shareFactors(settings, { samples: columns, seen: runCount.dataSync()[0] ?? 0, isTraining });

const isFrozen = ({ update, blend }: ShareFactors) => update === 0 && blend === 1;

/** Groups with statistics of their own: channels, which are the last axis of a sample, or else single elements. */
function groupCount(x: Shape, spatial: boolean): number {
  return spatial ? (x.at(-1) ?? 0) : elementCount(x);
}

/** Samples as [columns x groups x elements of a group]. */
function inGroups(x: Tensor, { shapes, settings }: Context): Tensor {
  return x.reshape([x.shape[0], groupCount(shapes.x, settings.spatial), -1]);
}

const perGroup = (parameter: Tensor) => parameter.reshape([1, -1, 1]);

/** Mean and inverse standard deviation that normalise this minibatch, [1 x groups x 1]. */
interface Statistics {
  readonly mean: Tensor;
  readonly inverse: Tensor;
}

function runningStatistics(mean: Tensor, variance: Tensor, epsilon: number): Statistics {
  return { mean, inverse: tf.rsqrt(tf.add(variance, epsilon)) };
}

/** Statistics of the minibatch blended with the running ones, which are updated first. */
function minibatchStatistics(
  grouped: Tensor,
  inputs: Inputs,
  { update, blend }: ShareFactors,
  context: Context,
): Statistics {
  const { epsilon } = context.settings;
  const count = grouped.shape[0] * (grouped.shape[2] ?? 1);
  const mean = tf.mean(grouped, [0, 2], true);
  const variance = tf.mean(tf.square(tf.sub(grouped, mean)), [0, 2], true);
  const unbiased = count === 1 ? tf.zerosLike(variance) : tf.mul(variance, count / (count - 1));
  const runMean = mix(mean, perGroup(inputs.runMean), update);
  const runVariance = mix(unbiased, perGroup(inputs.runVariance), update);
  context.assign(3, runMean.reshape(inputs.runMean.shape));
  context.assign(4, runVariance.reshape(inputs.runVariance.shape));
  const own = runningStatistics(mean, variance, epsilon);
  if (blend === 0) return own;
  const running = runningStatistics(runMean, runVariance, epsilon);
  return {
    mean: mix(running.mean, own.mean, blend),
    inverse: mix(running.inverse, own.inverse, blend),
  };
}

const mix = (one: Tensor, other: Tensor, share: number) =>
  share === 1 ? one : tf.add(tf.mul(one, share), tf.mul(other, 1 - share));

/** (x - mean) * inverse, from what `forward` kept. */
function normalized(x: Tensor, context: Context): Tensor {
  return tf.mul(tf.sub(inGroups(x, context), context.kept("mean")), context.kept("inverse"));
}

/**
 * Normalises each channel (spatial) or element to mean 0 and variance 1 over the minibatch, then scales and shifts it.
 * In test and evaluation the running statistics normalise; in training they are updated.
 *
 * Shapes: x [.. x C x *]; scale, bias, runMean, runVariance [C x 1] or [elements x 1]; runCount [1] -> x.
 * CNTK: BatchNormalizationNode. The engine's columns are samples; gaps of padded sequences count as zeros in CNTK.
 */
export const BatchNormalization = operation({
  inputs: ["x", "scale", "bias", "runMean", "runVariance", "runCount"],
  // between imageLayout and epsilon the file has a sample count that depends on its version: the model file knows
  settings: {
    spatial: setting.bool({ default: false }),
    normalizationTimeConstant: setting.f64({ default: 0 }),
    blendTimeConstant: setting.f64({ default: 0 }),
    imageLayout: setting.choice(["HWC", "CHW"], {
      default: "CHW",
      aliases: { cudnn: "CHW", legacy: "HWC" },
    }),
    epsilon: setting.f64({ default: 0.00001 }),
    useCntkEngine: setting.bool({ default: true }),
  },
  needsAllSteps: true,
  frozen: (settings) => ({
    ...settings,
    normalizationTimeConstant: Infinity,
    blendTimeConstant: Infinity,
  }),
  shape(context) {
    const { settings, shapes, isFinal } = context;
    const groups = groupCount(shapes.x, settings.spatial);
    for (const index of [1, 2, 3, 4]) {
      const shape = inferredOr(context, index, groups > 0 ? [groups, 1] : []);
      if (isFinal && elementCount(shape) !== groups) {
        throw invalid(
          `BatchNormalization: expected ${groups} elements in '${context.names[index] ?? ""}', found [${printShape(shape)}]`,
          settings.spatial
            ? "spatial normalisation has one for each channel of its input"
            : "one for each element of its input; spatial=true has one for each channel",
        );
      }
    }
    if (isFinal && settings.spatial && settings.imageLayout !== "CHW") {
      throw invalid("BatchNormalization: only imageLayout='CHW' is supported");
    }
    if (isFinal && elementCount(shapes.runCount) !== 1) {
      throw invalid(
        `BatchNormalization: expected runCount [1], found [${printShape(shapes.runCount)}]`,
      );
    }
    return shapes.x;
  },
  forward(inputs, context) {
    const { x, scale, bias, runMean, runVariance, runCount } = inputs;
    const factors = factorsOf(runCount, context);
    const grouped = inGroups(x, context);
    const statistics = isFrozen(factors)
      ? runningStatistics(perGroup(runMean), perGroup(runVariance), context.settings.epsilon)
      : minibatchStatistics(grouped, inputs, factors, context);
    if (!isFrozen(factors)) context.assign(5, tf.add(runCount, context.columns));
    context.keep("mean", statistics.mean);
    context.keep("inverse", statistics.inverse);
    const factor = tf.mul(perGroup(scale), statistics.inverse);
    const centered = tf.sub(grouped, statistics.mean);
    return tf.add(tf.mul(centered, factor), perGroup(bias)).reshape(x.shape);
  },
  backward: {
    x(gradient, { x, scale, runCount }, context) {
      const { blend } = factorsOf(runCount, context);
      const grouped = inGroups(gradient, context);
      const factor = tf.mul(perGroup(scale), context.kept("inverse"));
      if (blend === 1) return tf.mul(factor, grouped).reshape(x.shape);
      const xHat = normalized(x, context);
      const meanOfProduct = tf.mean(tf.mul(grouped, xHat), [0, 2], true);
      const meanOfGradient = tf.mean(grouped, [0, 2], true);
      const statistics = tf.add(tf.mul(xHat, meanOfProduct), meanOfGradient);
      return tf.mul(factor, tf.sub(grouped, tf.mul(1 - blend, statistics))).reshape(x.shape);
    },
    scale(gradient, { x, scale }, context) {
      const products = tf.mul(inGroups(gradient, context), normalized(x, context));
      return tf.sum(products, [0, 2]).reshape(scale.shape);
    },
    bias: (gradient, { bias }, context) =>
      tf.sum(inGroups(gradient, context), [0, 2]).reshape(bias.shape),
  },
});
