/** The update rules of learners.ts as calls of kernels, for parameters that live in an engine's memory. */

import type { VectorCall } from "../engine/engine.js";
import type { KernelName } from "../kernels/table.js";
import type { GradUpdateType, LearnerState, UpdateSettings, UpdateStep } from "./learners.js";

interface Update {
  readonly value: Float32Array;
  readonly gradient: Float32Array;
  readonly state: LearnerState;
  readonly step: UpdateStep;
  readonly settings: UpdateSettings;
  /** an array in the engine's memory: the given one, or a copy of it */
  readonly adopt: (array: Float32Array) => Float32Array;
}

/** The calls that change one parameter by the gradient of one minibatch; the gradient's array is used up. */
export function updateCalls(update: Update): VectorCall[] {
  const { value, gradient, step, settings } = update;
  const count = value.length;
  const calls: VectorCall[] = [];
  const threshold = settings.clippingThresholdPerSample * step.samples;
  if (threshold !== Infinity) {
    calls.push(
      settings.gradientClippingWithTruncation
        ? elementwise("clip_elements", gradient, count, threshold)
        : whole("clip_norm", gradient, count, threshold),
    );
  }
  const L2 = settings.L2RegWeight * step.regularizationMultiplier;
  if (L2 > 0) calls.push(elementwise("weight_decay", gradient, value, count, L2 * step.samples));
  calls.push(...RULES[settings.gradUpdateType](update));
  const L1 = settings.L1RegWeight * step.regularizationMultiplier;
  if (L1 > 0) {
    const distance = step.learningRatePerSample * L1 * step.samples;
    calls.push(elementwise("shrink", value, count, distance));
  }
  // what needs the whole parameter must see it before or after all of an element-wise call
  const isElementwise = calls.every((call) => call.isElementwise);
  return calls.map((call) => ({ ...call, isElementwise }));
}

type Values = VectorCall["values"];

const elementwise = (kernel: KernelName, ...values: Values): VectorCall => ({
  kernel,
  values,
  isElementwise: true,
});

const whole = (kernel: KernelName, ...values: Values): VectorCall => ({
  kernel,
  values,
  isElementwise: false,
});

type Rule = (update: Update) => VectorCall[];

const plain: Rule = ({ value, gradient, state, step, settings, adopt }) => {
  const momentum = Math.fround(step.momentum);
  const gain = Math.fround(Math.fround(1 - momentum) * Math.fround(step.learningRatePerSample));
  const kernel = settings.useNesterovMomentum ? "nesterov_update" : "momentum_update";
  const smoothed = remembered(state, value.length, adopt);
  return [elementwise(kernel, value, gradient, smoothed, value.length, momentum, gain)];
};

const adagrad: Rule = ({ value, gradient, state, step, settings, adopt }) => {
  const squares = remembered(state, value.length, adopt);
  const averages = settings.normWithAveMultiplier ? 1 : 0;
  const rate = step.learningRatePerSample;
  return [whole("adagrad_update", value, gradient, squares, value.length, rate, averages)];
};

const rmsProp: Rule = ({ value, gradient, state, step, settings, adopt }) => {
  const count = value.length;
  const isFirst = state.smoothedGradient.length === count;
  const memory = remembered(state, 3 * count, adopt);
  const { gamma, increase, decrease, max, min } = settings.rms;
  const averages = settings.normWithAveMultiplier ? 1 : 0;
  const settled = [gamma, increase, decrease, max, min, step.learningRatePerSample, averages];
  return [
    ...(isFirst ? [whole("rms_prop_begin", gradient, memory, count)] : []),
    whole("rms_prop_update", value, gradient, memory, count, ...settled),
  ];
};

const fsAdagrad: Rule = ({ value, gradient, state, step, settings, adopt }) => {
  const count = value.length;
  const { varianceTimeConstant, targetAverageDenominator } = settings.fsAdagrad;
  const decay = Math.exp(-step.samples / varianceTimeConstant);
  state.smoothedCount = decay * state.smoothedCount + (1 - decay) * step.samples;
  const target = targetAverageDenominator * Math.sqrt(state.smoothedCount);
  const memory = remembered(state, 2 * count, adopt);
  const scalars = [decay, target, step.momentum, step.learningRatePerSample];
  return [whole("fs_adagrad_update", value, gradient, memory, count, ...scalars)];
};

const RULES: Readonly<Record<GradUpdateType, Rule>> = { none: plain, adagrad, rmsProp, fsAdagrad };

/** What the rule remembers, in the engine's memory; it gets its length with the first update. */
function remembered(state: LearnerState, length: number, adopt: Update["adopt"]): Float32Array {
  const { smoothedGradient } = state;
  const isOwn = smoothedGradient instanceof Float32Array && smoothedGradient.length === length;
  const array = adopt(isOwn ? smoothedGradient : new Float32Array(length));
  state.smoothedGradient = array;
  return array;
}
