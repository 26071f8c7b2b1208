/** Operations that draw random numbers while they compute (nodes.md 12.2, 12.3). CNTK: InputAndParamNodes.h, TrainingNodes.h. */

import { uniform } from "../random/distributions.js";
import type { MersenneTwister } from "../random/mersenne-twister.js";
import { CntkError } from "../../grammar/errors.js";
import { fillMask } from "./dropout-mask.js";
import { operation } from "./operation.js";
import { setting } from "./settings.js";
import { elementCount } from "./shape.js";
import { newFloats, tensorOf, tf } from "./tensors.js";

/**
 * In training sets each element to 0 with the probability `dropoutRate` of the SGD section and divides the others by
 * 1 - dropoutRate. Shapes: x -> the same. CNTK: DropoutNode.
 */
export const Dropout = operation({
  inputs: ["x"],
  // version 16 stores the random state, as 8 + 8 bytes from 17 on: the model file knows
  shape: ({ shapes: { x } }) => x,
  isRandom: true,
  forward({ x }, context) {
    const { isTraining, dropoutRate, generator } = context;
    if (!isTraining || dropoutRate === 0) return tf.clone(x);
    const drawn = newFloats(x.size);
    fillMask(drawn, generator, dropoutRate);
    const mask = tensorOf(drawn, x.shape);
    context.keep("mask", mask);
    return tf.mul(x, mask);
  },
  backward: {
    x: (gradient, _, context) =>
      context.isTraining && context.dropoutRate !== 0
        ? tf.mul(gradient, context.kept("mask"))
        : gradient,
  },
});

const samplingSettings = {
  allowDuplicates: setting.bool(),
  sizeOfSampledSet: setting.u64(),
};

/** Sums of the first weights. @throws CntkError "running" if a weight is negative */
function prefixSums(weights: ArrayLike<number>): number[] {
  let sum = 0;
  return Array.from(weights, (weight) => {
    if (weight < 0) {
      throw new CntkError("running", `sampling weights must not be negative, found ${weight}`);
    }
    return (sum += weight);
  });
}

/** Index of the first prefix sum that reaches a number drawn below the whole sum. */
function drawIndex(generator: MersenneTwister, sums: readonly number[]): number {
  const target = uniform(generator, 0, sums.at(-1) ?? 0, "double");
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sums[middle] ?? 0) < target) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Draws until `size` indices are there. @returns them, and how many draws it took */
function drawSample(
  generator: MersenneTwister,
  sums: readonly number[],
  size: number,
  allowDuplicates: boolean,
) {
  const indices: number[] = [];
  const drawn = new Set<number>();
  let tries = 0;
  while (indices.length < size) {
    const index = drawIndex(generator, sums);
    tries++;
    if (!allowDuplicates && drawn.has(index)) continue;
    drawn.add(index);
    indices.push(index);
  }
  return { indices, tries };
}

/** @throws CntkError "running" if there are fewer classes with a weight than are to be drawn without repetition */
function checkSampleSize(weights: ArrayLike<number>, size: number, allowDuplicates: boolean): void {
  const possible = Array.from(weights).filter((weight) => weight > 0).length;
  if (possible > 0 && (allowDuplicates || possible >= size)) return;
  throw new CntkError(
    "running",
    `cannot draw ${size} ${allowDuplicates ? "" : "different "}samples from ${possible} weights above 0`,
  );
}

/** One-hot columns drawn by weight, anew in each minibatch. Shapes: weights [n] -> [n x sizeOfSampledSet]. CNTK: RandomSampleNode. */
export const RandomSample = operation({
  inputs: ["weights"],
  // the random state follows as for Dropout: the model file knows
  settings: samplingSettings,
  reducesMinibatch: true,
  isRandom: true,
  shape: ({ shapes: { weights }, settings }) => [elementCount(weights), settings.sizeOfSampledSet],
  forward({ weights }, { settings: { sizeOfSampledSet, allowDuplicates }, generator }) {
    const numbers = weights.dataSync();
    checkSampleSize(numbers, sizeOfSampledSet, allowDuplicates);
    const sums = prefixSums(numbers);
    const { indices } = drawSample(generator, sums, sizeOfSampledSet, allowDuplicates);
    const columns = tf.oneHot(tf.tensor1d(indices, "int32"), weights.size);
    return tf.expandDims(tf.cast(columns, "float32"), 0);
  },
});

/** How many samples are drawn to find the number of tries that drawing without repetition takes. */
const SIMULATED_DRAWS = 10;

/**
 * Expected number of occurrences of each class in a RandomSample.
 * Shapes: weights [n] -> [n x 1]. CNTK: RandomSampleInclusionFrequencyNode.
 */
export const RandomSampleInclusionFrequency = operation({
  inputs: ["weights"],
  settings: samplingSettings,
  reducesMinibatch: true,
  isRandom: true,
  shape: ({ shapes: { weights } }) => [elementCount(weights), 1],
  forward({ weights }, { settings: { sizeOfSampledSet, allowDuplicates }, generator }) {
    const numbers = weights.dataSync();
    checkSampleSize(numbers, sizeOfSampledSet, allowDuplicates);
    const sums = prefixSums(numbers);
    const total = sums.at(-1) ?? 0;
    const shares = Array.from(numbers, (weight) => weight / total);
    const frequencies = allowDuplicates
      ? shares.map((share) => share * sizeOfSampledSet)
      : frequenciesWithoutRepetition(generator, sums, shares, sizeOfSampledSet);
    return tf.tensor(frequencies, [1, 1, frequencies.length], "float32");
  },
});

function frequenciesWithoutRepetition(
  generator: MersenneTwister,
  sums: readonly number[],
  shares: readonly number[],
  size: number,
): number[] {
  let tries = 0;
  for (let draw = 0; draw < SIMULATED_DRAWS; draw++) {
    tries += drawSample(generator, sums, size, false).tries;
  }
  const average = tries / SIMULATED_DRAWS;
  return shares.map((share) => -Math.expm1(average * Math.log1p(-share)));
}
