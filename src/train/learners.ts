/**
 * Parameter updates: clipping, regularisation and CNTK's four update rules, as functions over plain arrays
 * (training.md 5). Each changes the arrays it is given.
 *
 * Precision: scalars (momentum, rates, decay factors) and stored elements have the precision of the parameter's array;
 * what happens between load and store is computed in double.
 *
 * CNTK: SGD::UpdateWeights, Matrix::NormalGrad, Adagrad, RmsProp, FSAdagrad.
 */

import { CntkError } from "../../grammar/errors.js";
import type { FloatArray } from "../network/node.js";

/** Everything of the SGD section that decides how a gradient changes a parameter. */
export interface UpdateSettings {
  readonly gradUpdateType: GradUpdateType;
  readonly useNesterovMomentum: boolean;
  /** adagrad, rmsProp: divide the rate by the mean of the multipliers */
  readonly normWithAveMultiplier: boolean;
  readonly rms: {
    readonly gamma: number;
    readonly increase: number;
    readonly decrease: number;
    readonly max: number;
    readonly min: number;
  };
  readonly fsAdagrad: {
    /** samples */
    readonly varianceTimeConstant: number;
    readonly targetAverageDenominator: number;
  };
  /** per sample */
  readonly L1RegWeight: number;
  /** per sample */
  readonly L2RegWeight: number;
  readonly clippingThresholdPerSample: number;
  /** true clamps every element, false scales the whole gradient */
  readonly gradientClippingWithTruncation: boolean;
  /** standard deviation of the noise that is added after every update */
  readonly gaussianNoiseInjectStd: number;
}

/** What differs from minibatch to minibatch and from parameter to parameter. */
export interface UpdateStep {
  /** includes the parameter's learningRateMultiplier */
  readonly learningRatePerSample: number;
  /** of this whole minibatch: momentum per sample to the power of `samples` */
  readonly momentum: number;
  readonly samples: number;
  /** 0 exempts the parameter from L1 and L2 */
  readonly regularizationMultiplier: number;
  /** as long as the parameter; not scaled by the learning rate */
  readonly noise?: FloatArray | undefined;
}

/** What a rule remembers of one parameter; it goes into the checkpoint as it is (model-format.md 7.2). */
export interface LearnerState {
  /** as long as the parameter; fsAdagrad makes it twice, rmsProp three times as long with the first update */
  smoothedGradient: FloatArray;
  /** fsAdagrad: smoothed number of samples; 0 with the other rules */
  smoothedCount: number;
}

/** Rounds a scalar to the precision of an array's elements. */
function roundingOf(array: FloatArray): (scalar: number) => number {
  return array instanceof Float32Array ? Math.fround : (scalar) => scalar;
}

function zerosLike(array: FloatArray, length: number): FloatArray {
  return array instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
}

/** The state before the first update. */
export function initialLearnerState(value: FloatArray): LearnerState {
  return { smoothedGradient: zerosLike(value, value.length), smoothedCount: 0 };
}

/** Arrays as long as the parameter that each rule keeps from its first update on. */
const BLOCKS: Readonly<Record<GradUpdateType, number>> = {
  none: 1,
  adagrad: 1,
  rmsProp: 3,
  fsAdagrad: 2,
};

/**
 * Refuses the state that another rule left in a checkpoint; one block is accepted by all, for a parameter that was
 * never updated has it.
 * @throws CntkError "running"
 */
export function expectOwnState(
  name: string,
  value: FloatArray,
  { smoothedGradient }: LearnerState,
  { gradUpdateType }: UpdateSettings,
): void {
  const blocks = smoothedGradient.length / value.length;
  const own = BLOCKS[gradUpdateType];
  if (blocks === 1 || blocks === own) return;
  const others = Object.entries(BLOCKS).filter(([, count]) => count === blocks);
  const writer = others.map(([rule]) => `gradUpdateType = ${rule}`).join(" or ");
  throw new CntkError(
    "running",
    `the checkpoint holds ${blocks} numbers for each element of '${name}', but gradUpdateType = ${gradUpdateType} keeps ${own}`,
    {
      hint: `${writer === "" ? "" : `it was written with ${writer}; `}remove the .ckp file to go on from the model alone`,
    },
  );
}

/**
 * Changes one parameter by the gradient of one minibatch; the gradient's array is used up.
 * @param gradient sum over the samples of the minibatch
 */
export function updateParameter(
  value: FloatArray,
  gradient: FloatArray,
  state: LearnerState,
  step: UpdateStep,
  settings: UpdateSettings,
): void {
  clipGradient(gradient, settings, step.samples);
  const L2 = settings.L2RegWeight * step.regularizationMultiplier;
  if (L2 > 0) addWeightDecay(gradient, value, L2 * step.samples);
  UPDATE_RULES[settings.gradUpdateType](value, gradient, state, step, settings);
  if (step.noise !== undefined) add(value, step.noise);
  const L1 = settings.L1RegWeight * step.regularizationMultiplier;
  if (L1 > 0) shrink(value, step.learningRatePerSample * L1 * step.samples);
}

function clipGradient(gradient: FloatArray, settings: UpdateSettings, samples: number): void {
  const threshold = settings.clippingThresholdPerSample * samples;
  if (threshold === Infinity) return;
  if (settings.gradientClippingWithTruncation) {
    for (let i = 0; i < gradient.length; i++) {
      gradient[i] = Math.min(Math.max(gradient[i] ?? 0, -threshold), threshold);
    }
    return;
  }
  let sumOfSquares = 0;
  for (const element of gradient) sumOfSquares += element * element;
  const norm = Math.sqrt(sumOfSquares);
  if (norm <= threshold) return;
  for (let i = 0; i < gradient.length; i++) gradient[i] = (gradient[i] ?? 0) * (threshold / norm);
}

/** The gradient of `weight / 2` times the sum of squares. */
function addWeightDecay(gradient: FloatArray, value: FloatArray, weight: number): void {
  for (let i = 0; i < gradient.length; i++) {
    gradient[i] = (gradient[i] ?? 0) + weight * (value[i] ?? 0);
  }
}

function add(value: FloatArray, noise: FloatArray): void {
  for (let i = 0; i < value.length; i++) value[i] = (value[i] ?? 0) + (noise[i] ?? 0);
}

/** Moves every element towards 0 by `threshold`, and not beyond it: L1 regularisation. */
function shrink(value: FloatArray, threshold: number): void {
  for (let i = 0; i < value.length; i++) {
    const element = value[i] ?? 0;
    value[i] = Math.sign(element) * Math.max(Math.abs(element) - threshold, 0);
  }
}

type UpdateRule = typeof updateParameter;

/** Momentum with unit gain. The buffer contains the learning rate, so a change of rate does not rescale the past. */
const plain: UpdateRule = (value, gradient, state, step, settings) => {
  const round = roundingOf(value);
  const momentum = round(step.momentum);
  const rate = round(round(1 - momentum) * round(step.learningRatePerSample));
  const take = settings.useNesterovMomentum ? takeNesterovStep : takeStep;
  take(value, gradient, state.smoothedGradient, momentum, rate);
};

function takeStep(
  value: FloatArray,
  gradient: FloatArray,
  smoothed: FloatArray,
  momentum: number,
  rate: number,
): void {
  for (let i = 0; i < value.length; i++) {
    smoothed[i] = momentum * (smoothed[i] ?? 0) + rate * (gradient[i] ?? 0);
    value[i] = (value[i] ?? 0) - (smoothed[i] ?? 0);
  }
}

/** Takes the gradient's step from where the momentum alone leads. */
const takeNesterovStep: typeof takeStep = (value, gradient, smoothed, momentum, rate) => {
  for (let i = 0; i < value.length; i++) {
    const present = rate * (gradient[i] ?? 0);
    smoothed[i] = momentum * (smoothed[i] ?? 0) + present;
    value[i] = (value[i] ?? 0) - momentum * (smoothed[i] ?? 0) - present;
  }
};

/** Steps shrink with the root of the sum of all squared gradients. */
const adagrad: UpdateRule = (value, gradient, state, step, settings) => {
  const squares = state.smoothedGradient;
  let sumOfMultipliers = 0;
  for (let i = 0; i < value.length; i++) {
    const slope = gradient[i] ?? 0;
    squares[i] = (squares[i] ?? 0) + slope * slope;
    const multiplier = 1 / Math.sqrt((squares[i] ?? 0) + 1e-16);
    sumOfMultipliers += multiplier;
    gradient[i] = slope * multiplier;
  }
  const average = settings.normWithAveMultiplier ? sumOfMultipliers / value.length : 1;
  descend(value, gradient, step.learningRatePerSample / average);
};

/** Every element has a step size of its own, which grows while the gradient keeps its sign. */
const rmsProp: UpdateRule = (value, gradient, state, step, settings) => {
  const round = roundingOf(value);
  const size = value.length;
  const gamma = round(settings.rms.gamma);
  const newest = round(1 - gamma);
  const { increase, decrease, max, min } = settings.rms;
  if (state.smoothedGradient.length === size)
    state.smoothedGradient = firstRmsState(value, gradient);
  const memory = state.smoothedGradient;
  let sumOfMultipliers = 0;
  for (let i = 0; i < size; i++) {
    const slope = gradient[i] ?? 0;
    const sign = Math.sign(slope);
    memory[i] = gamma * (memory[i] ?? 0) + newest * slope * slope;
    const previous = memory[2 * size + i] ?? 0;
    const isSteady = (memory[size + i] ?? 0) * sign > 0;
    memory[2 * size + i] = isSteady
      ? Math.min(previous * increase, max)
      : Math.max(previous * decrease, min);
    memory[size + i] = sign;
    const multiplier = (memory[2 * size + i] ?? 0) / Math.sqrt((memory[i] ?? 0) + 1e-6);
    sumOfMultipliers += multiplier;
    gradient[i] = slope * multiplier;
  }
  const average = settings.normWithAveMultiplier ? sumOfMultipliers / size : 1;
  descend(value, gradient, step.learningRatePerSample / average);
};

/** Squared gradients, signs (none yet) and step sizes, one after the other. */
function firstRmsState(value: FloatArray, gradient: FloatArray): FloatArray {
  const size = value.length;
  const memory = zerosLike(value, 3 * size);
  for (let i = 0; i < size; i++) memory[i] = (gradient[i] ?? 0) ** 2;
  memory.fill(0.02, 2 * size);
  return memory;
}

/** Steps shrink with the root of the smoothed squared gradient; then momentum. */
const fsAdagrad: UpdateRule = (value, gradient, state, step, settings) => {
  const round = roundingOf(value);
  const size = value.length;
  const { varianceTimeConstant, targetAverageDenominator } = settings.fsAdagrad;
  const decay = Math.exp(-step.samples / varianceTimeConstant);
  state.smoothedCount = decay * state.smoothedCount + (1 - decay) * step.samples;
  const target = round(targetAverageDenominator * Math.sqrt(state.smoothedCount));
  if (state.smoothedGradient.length === size) {
    state.smoothedGradient = zerosLike(value, 2 * size);
  }
  const memory = state.smoothedGradient;
  // 1 - decay loses digits in float, and CNTK's result shows it
  const kept = round(decay);
  const newest = round(1 - kept);
  const momentum = round(step.momentum);
  for (let i = 0; i < size; i++) {
    const slope = gradient[i] ?? 0;
    memory[i] = kept * (memory[i] ?? 0) + newest * slope * slope;
    const variance = memory[i] ?? 0;
    let scaled = variance === 0 ? slope : slope * Math.min(target / Math.sqrt(variance), 10);
    if (momentum > 0) {
      memory[size + i] = momentum * (memory[size + i] ?? 0) + (1 - momentum) * scaled;
      scaled = memory[size + i] ?? 0;
    }
    gradient[i] = scaled;
  }
  descend(value, gradient, step.learningRatePerSample);
};

function descend(value: FloatArray, direction: FloatArray, rate: number): void {
  for (let i = 0; i < value.length; i++) value[i] = (value[i] ?? 0) - rate * (direction[i] ?? 0);
}

const UPDATE_RULES = { none: plain, adagrad, rmsProp, fsAdagrad } as const;

export type GradUpdateType = keyof typeof UPDATE_RULES;

/** All spellings of gradUpdateType, in lower case. */
export const GRAD_UPDATE_TYPES: ReadonlyMap<string, GradUpdateType> = new Map([
  ["", "none"],
  ["none", "none"],
  ["normal", "none"],
  ["simple", "none"],
  ["adagrad", "adagrad"],
  ["rmsprop", "rmsProp"],
  ["fsadagrad", "fsAdagrad"],
]);
