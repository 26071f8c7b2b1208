/** Element-wise operations by kernels: functions of one element, of two with broadcasting, and what is made of them. */

import { binaryCalls, sumCalls } from "./broadcast.js";
import { Calculation, gradientOperand, operandsOf, stored, valueOperand } from "./calculation.js";
import { convolutionLayer } from "./convolution-layers.js";
import { BINARY, UNARY } from "./functions.js";
import { call, copyCall, type Lowered, type Lowering } from "./lowering.js";
import { sparsePlus, sparseRectifiedLinear } from "./sparse-gradients.js";

export const noGradient = () => undefined;

const unary =
  (operation: number): Lowering =>
  (context) => {
    const { inputs, value, gradient } = context;
    const [x] = inputs;
    if (x === undefined) return undefined;
    // the gradient of a rectifier follows from its value alone, so that nobody needs what it rectifies
    const seen = operation === UNARY.RectifiedLinear ? value : x;
    return {
      backwardOfSparse:
        operation === UNARY.RectifiedLinear ? sparseRectifiedLinear(context, operation) : undefined,
      forward: (operation === UNARY.RectifiedLinear ? convolutionLayer(context) : undefined) ?? [
        call("unary", operation, x, value, value.floats),
      ],
      backward: (_, { buffer, accumulate }) => [
        call("unary_gradient", operation, gradient, seen, value, buffer, buffer.floats, accumulate),
      ],
    };
  };

/** An operation that lets no gradient through. */
const constant =
  (lowering: Lowering): Lowering =>
  (context) => {
    const lowered = lowering(context);
    return lowered && { ...lowered, backward: noGradient };
  };

/** @param signs what the gradient of each operand is multiplied by; none for comparisons */
const additive =
  (operation: number, signs: readonly [number, number] | undefined): Lowering =>
  (context) => {
    const [one, other] = operandsOf(context);
    if (one === undefined || other === undefined) return undefined;
    const { sizes } = valueOperand(context);
    const backward: Lowered["backward"] = (input, target) => {
      const own = input === 0 ? one : other;
      return (
        signs && sumCalls(gradientOperand(context), own.sizes, target, signs[input] ?? 1, context)
      );
    };
    const isPlus = operation === BINARY.Plus;
    return {
      forward:
        (isPlus ? convolutionLayer(context) : undefined) ??
        binaryCalls(operation, [one, other], sizes, stored(context.value), context),
      backward,
      backwardOfSparse: isPlus ? sparsePlus(context, backward) : undefined,
    };
  };

const ElementTimes: Lowering = (context) => {
  const [one, other] = operandsOf(context);
  if (one === undefined || other === undefined) return undefined;
  const times = BINARY.ElementTimes;
  const { sizes } = valueOperand(context);
  return {
    forward: binaryCalls(times, [one, other], sizes, stored(context.value), context),
    backward(input, target) {
      const [own, factor] = input === 0 ? [one, other] : [other, one];
      return new Calculation(context).summedInto(
        target,
        own.sizes,
        times,
        gradientOperand(context),
        factor,
      ).calls;
    },
  };
};

const LogPlus: Lowering = (context) => {
  const [one, other] = operandsOf(context);
  if (one === undefined || other === undefined) return undefined;
  const { sizes } = valueOperand(context);
  return {
    forward: binaryCalls(BINARY.LogPlus, [one, other], sizes, stored(context.value), context),
    backward(input, target) {
      const [own, second] = input === 0 ? [one, other] : [other, one];
      const calculation = new Calculation(context);
      const share = calculation.binary(BINARY.ShareOfFirst, own, second);
      const gradient = gradientOperand(context);
      return calculation.summedInto(target, own.sizes, BINARY.ElementTimes, gradient, share).calls;
    },
  };
};

const Clip: Lowering = (context) => {
  const [low, high, x] = operandsOf(context);
  if (low === undefined || high === undefined || x === undefined) return undefined;
  const value = valueOperand(context);
  const forward = new Calculation(context);
  const notAbove = forward.binary(BINARY.NotAbove, x, high);
  return {
    forward: forward.binaryInto(stored(context.value), BINARY.NotBelow, notAbove, low).calls,
    backward(input, target) {
      if (input !== 2) return undefined;
      const calculation = new Calculation(context);
      const isSame = calculation.binary(BINARY.Equal, x, value);
      const gradient = gradientOperand(context);
      return calculation.summedInto(target, x.sizes, BINARY.WhereNotZero, gradient, isSame).calls;
    },
  };
};

const If: Lowering = (context) => {
  const [condition, then, otherwise] = operandsOf(context);
  if (condition === undefined || then === undefined || otherwise === undefined) return undefined;
  const { sizes } = valueOperand(context);
  const target = stored(context.value);
  const added = { ...target, accumulate: 1 } as const;
  return {
    forward: [
      ...binaryCalls(BINARY.WhereNotZero, [then, condition], sizes, target, context),
      ...binaryCalls(BINARY.WhereZero, [otherwise, condition], sizes, added, context),
    ],
    backward(input, to) {
      if (input === 0) return undefined;
      const [own, where] =
        input === 1 ? [then, BINARY.WhereNotZero] : [otherwise, BINARY.WhereZero];
      const gradient = gradientOperand(context);
      return new Calculation(context).summedInto(to, own.sizes, where, gradient, condition).calls;
    },
  };
};

/** The same elements under another shape. */
const Reshape: Lowering = ({ inputs: [x], value, gradient }) => {
  if (x === undefined) return undefined;
  return {
    forward: [copyCall(x, stored(value), 1)],
    backward: (_, target) => [copyCall(gradient, target, 1)],
  };
};

/** What the host knows of the run. */
const EnvironmentInput: Lowering = ({ supplied, value }) =>
  supplied && { forward: [copyCall(supplied, stored(value), 1)], backward: noGradient };

/** In training the mask is drawn by the host, which has the node's generator. */
const Dropout: Lowering = (context) => {
  const [x] = operandsOf(context);
  const { supplied } = context;
  if (x === undefined || supplied === undefined) return undefined;
  if (!context.isTraining) return Reshape(context);
  const mask = { buffer: supplied, sizes: x.sizes };
  const masked = (one: typeof x, target: typeof context.value, accumulate: 0 | 1 = 0) =>
    binaryCalls(BINARY.ElementTimes, [one, mask], x.sizes, { buffer: target, accumulate }, context);
  return {
    forward: masked(x, context.value),
    backward: (_, { buffer, accumulate }) => masked(gradientOperand(context), buffer, accumulate),
  };
};

/** Normalisation by statistics of the training data; the portable engine refuses to differentiate it. */
const byStatistics =
  (first: number, second: number, isSecondFirst: boolean): Lowering =>
  (context) => {
    const [x, mean, invStdDev] = operandsOf(context);
    if (x === undefined || mean === undefined || invStdDev === undefined) return undefined;
    if (context.node.inputs.some((input) => input.needsGradient)) return undefined;
    const [one, other] = isSecondFirst ? [invStdDev, mean] : [mean, invStdDev];
    const calculation = new Calculation(context);
    const begun = calculation.binary(first, x, one);
    return {
      forward: calculation.binaryInto(stored(context.value), second, begun, other).calls,
      backward: noGradient,
    };
  };

const COMPARISONS = ["Less", "Equal", "Greater", "GreaterEqual", "NotEqual", "LessEqual"] as const;
const FUNCTIONS = [
  ...(["Abs", "Cosine", "Exp", "Log", "Negate", "Pass", "Reciprocal", "RectifiedLinear"] as const),
  ...(["Sigmoid", "Sin", "Sqrt", "Tanh"] as const),
];

export const elementwiseLowerings: Readonly<Record<string, Lowering>> = {
  ...Object.fromEntries(FUNCTIONS.map((name) => [name, unary(UNARY[name])])),
  ...Object.fromEntries(COMPARISONS.map((name) => [name, additive(BINARY[name], undefined)])),
  Floor: constant(unary(UNARY.Floor)),
  StopGradient: constant(unary(UNARY.Pass)),
  LabelsToGraph: constant(unary(UNARY.Pass)),
  Plus: additive(BINARY.Plus, [1, 1]),
  Minus: additive(BINARY.Minus, [1, -1]),
  ElementTimes,
  LogPlus,
  Clip,
  If,
  Reshape,
  Dropout,
  EnvironmentInput,
  PerDimMeanVarNormalization: byStatistics(BINARY.Minus, BINARY.ElementTimes, false),
  PerDimMeanVarDeNormalization: byStatistics(BINARY.Divide, BINARY.Plus, true),
};
