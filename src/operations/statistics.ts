/** Statistics over data, and normalisation by them (nodes.md 15.1, 15.3). CNTK: PreComputeNodes.h. */

import assert from "node:assert/strict";
import { CntkError } from "../../grammar/errors.js";
import { broadcastShape, onAligned, type AnyShapeContext } from "./broadcast.js";
import { inferredOr, invalid } from "./expect.js";
import { operation, type Accumulator } from "./operation.js";
import { elementCount, type Shape } from "./shape.js";
import { tensorOf, tf } from "./tensors.js";

/** Moves a running mean of `before` samples to that of `before + columns` samples. */
function moveMean(
  mean: Float64Array,
  before: number,
  samples: ArrayLike<number>,
  columns: number,
): void {
  const share = columns / (before + columns);
  const elements = mean.length;
  for (let element = 0; element < elements; element++) {
    let sum = 0;
    for (let at = element; at < samples.length; at += elements) sum += samples[at] ?? 0;
    mean[element] = (1 - share) * (mean[element] ?? 0) + share * (sum / columns);
  }
}

function meanOfSamples(): Accumulator {
  let mean: Float64Array | undefined;
  let count = 0;
  return {
    add(samples, columns) {
      if (columns === 0) return;
      mean ??= new Float64Array(samples.length / columns);
      moveMean(mean, count, samples, columns);
      count += columns;
    },
    value: () => mean,
  };
}

/** variances below this count as this */
const LEAST_VARIANCE = 1e-10;

/** 1 / standard deviation. The variance is that of all samples so far, biased, around their mean so far. */
function inverseDeviationOfSamples(): Accumulator {
  let mean: Float64Array | undefined;
  let variance = new Float64Array();
  let count = 0;
  return {
    add(samples, columns) {
      if (columns === 0) return;
      const elements = samples.length / columns;
      mean ??= new Float64Array(elements);
      if (count === 0) variance = new Float64Array(elements);
      const old = mean.slice();
      moveMean(mean, count, samples, columns);
      const total = count + columns;
      for (let element = 0; element < elements; element++) {
        const center = mean[element] ?? 0;
        let squares = 0;
        for (let at = element; at < samples.length; at += elements) {
          squares += ((samples[at] ?? 0) - center) ** 2;
        }
        const moved = ((old[element] ?? 0) - center) ** 2;
        variance[element] = (count / total) * ((variance[element] ?? 0) + moved) + squares / total;
      }
      count = total;
    },
    value: () =>
      mean && variance.map((element) => 1 / Math.sqrt(Math.max(element, LEAST_VARIANCE))),
  };
}

/** Mean and InvStdDev get their value from a pass over the training data before the first epoch. */
function statisticOverTrainingData(precompute: () => Accumulator) {
  return operation({
    inputs: ["x"],
    reducesMinibatch: true,
    precompute,
    shape({ shapes: { x }, isFinal, hasDynamicAxis, names }) {
      if (isFinal && hasDynamicAxis[0] !== true) {
        throw invalid(
          `a statistic over the training data needs an input with a dynamic axis, but '${names[0] ?? ""}' has none`,
        );
      }
      return x;
    },
  });
}

/** Mean of each element over the training data. Shapes: [.. x *] -> [..]. CNTK: MeanNode. */
export const Mean = statisticOverTrainingData(meanOfSamples);

/** 1 / standard deviation of each element over the training data. Shapes: [.. x *] -> [..]. CNTK: InvStdDevNode. */
export const InvStdDev = statisticOverTrainingData(inverseDeviationOfSamples);

/** CNTK refuses a gradient here: inputs are normalised, not what is learned. */
function refuseGradient(): never {
  throw new CntkError(
    "running",
    "normalisation by statistics of the training data passes no gradient on",
    { hint: "normalise an input, or write (x - mean) .* invStdDev" },
  );
}

/** The shape of x, which mean and invStdDev take if they are parameters without dimensions. */
function shapeOfNormalized(context: AnyShapeContext): Shape {
  const x = context.all[0] ?? [];
  for (const index of [1, 2]) inferredOr(context, index, x);
  return broadcastShape(context);
}

/** (x - mean) .* invStdDev. Shapes: x, mean, invStdDev -> x. CNTK: PerDimMeanVarNormalizationNode. */
export const PerDimMeanVarNormalization = operation({
  inputs: ["x", "mean", "invStdDev"],
  shape: shapeOfNormalized,
  forward: ({ x, mean, invStdDev }) => onAligned(onAligned(x, mean, tf.sub), invStdDev, tf.mul),
  backward: { x: refuseGradient, mean: refuseGradient, invStdDev: refuseGradient },
});

/** x ./ invStdDev + mean. Shapes: x, mean, invStdDev -> x. CNTK: PerDimMeanVarDeNormalizationNode. */
export const PerDimMeanVarDeNormalization = operation({
  inputs: ["x", "mean", "invStdDev"],
  shape: shapeOfNormalized,
  forward: ({ x, mean, invStdDev }) => onAligned(onAligned(x, invStdDev, tf.div), mean, tf.add),
  backward: { x: refuseGradient, mean: refuseGradient, invStdDev: refuseGradient },
});

/**
 * Mean of each element over the samples of the pass so far, those of this minibatch included.
 * Shapes: x [.. x *] -> [..]. CNTK: EpochAccumulatorNode.
 */
export const EpochAccumulator = operation({
  inputs: ["x"],
  reducesMinibatch: true,
  shape: ({ shapes: { x } }) => x,
  forward({ x }, { memory, pass, shape }) {
    if (memory.get("pass") !== pass) {
      memory.set("pass", pass);
      memory.set("samples", 0);
      memory.set("mean", new Float64Array(elementCount(shape)));
    }
    const [before, mean] = [memory.get("samples"), memory.get("mean")];
    assert(typeof before === "number" && typeof mean === "object");
    moveMean(mean, before, x.dataSync(), x.shape[0]);
    memory.set("samples", before + x.shape[0]);
    return tensorOf(mean, [1, ...[...shape].reverse()]);
  },
});
