/** Softmax, losses and the counting of errors by kernels. */

import type { Operand } from "./broadcast.js";
import { Calculation, operandsOf, stored } from "./calculation.js";
import { noGradient } from "./elementwise-lowerings.js";
import { BINARY, UNARY } from "./functions.js";
import { call, type Lowering, type LoweringContext } from "./lowering.js";

/** A function of each whole sample, and its gradient from the function's value. */
const ofSamples =
  (
    forward: "softmax" | "log_softmax" | "hardmax",
    backward?: "softmax_gradient" | "log_softmax_gradient",
  ): Lowering =>
  ({ node, columns, inputs: [x], value, gradient }) => {
    if (x === undefined) return undefined;
    const samples = node.dynamicAxis === undefined ? 1 : columns;
    const sizes = [samples, value.floats / samples];
    return {
      forward: [call(forward, x, value, ...sizes)],
      backward: (_, { buffer, accumulate }) =>
        backward && [call(backward, gradient, value, buffer, ...sizes, accumulate)],
    };
  };

/** The gradient of a value that is one number. */
const scalarGradient = ({ gradient }: LoweringContext): Operand => ({
  buffer: gradient,
  sizes: [1, 1],
});

const times = BINARY.ElementTimes;

const CrossEntropyWithSoftmax: Lowering = (context) => {
  const { value, gradient, columns, allocate } = context;
  const [labels, z] = operandsOf(context);
  if (labels === undefined || z === undefined) return undefined;
  // for every sample: labels without samples have no kernel
  if (labels.buffer.floats !== z.buffer.floats || z.sizes[0] !== columns) return undefined;
  const classes = z.buffer.floats / columns;
  const softmax = allocate(z.buffer.floats);
  return {
    forward: [
      call(
        ...(["softmax_cross_entropy", labels.buffer, z.buffer, value, softmax] as const),
        ...[columns, classes],
      ),
    ],
    backward(input, target) {
      if (input === 1) {
        const { buffer, accumulate } = target;
        const from = [gradient, labels.buffer, softmax] as const;
        const ending = [buffer.floats, accumulate];
        return [call("softmax_cross_entropy_gradient", ...from, buffer, ...ending)];
      }
      const logarithms = allocate(z.buffer.floats);
      return new Calculation(context)
        .add(call("log_softmax", z.buffer, logarithms, columns, classes))
        .binaryInto(
          target,
          times,
          scalarGradient(context),
          { buffer: logarithms, sizes: z.sizes },
          -1,
        ).calls;
    },
  };
};

const CrossEntropy: Lowering = (context) => {
  const [labels, p] = operandsOf(context);
  if (labels === undefined || p === undefined) return undefined;
  const forward = new Calculation(context);
  const logarithms = forward.unary(UNARY.Log, p);
  return {
    forward: forward.innerProductInto(stored(context.value), labels, logarithms, -1).calls,
    backward(input, target) {
      const calculation = new Calculation(context);
      const gradient = scalarGradient(context);
      if (input === 0) {
        return calculation.summedInto(target, labels.sizes, times, gradient, logarithms, -1).calls;
      }
      const inverse = calculation.unary(UNARY.ProtectedReciprocal, p);
      const shares = calculation.binary(times, labels, inverse);
      return calculation.summedInto(target, p.sizes, times, gradient, shares, -1).calls;
    },
  };
};

const SquareError: Lowering = (context) => {
  const [one, other] = operandsOf(context);
  if (one === undefined || other === undefined) return undefined;
  const forward = new Calculation(context);
  const difference = forward.binary(BINARY.Minus, one, other);
  return {
    forward: forward.innerProductInto(stored(context.value), difference, difference).calls,
    backward(input, target) {
      const [own, factor] = input === 0 ? [one, 2] : [other, -2];
      const gradient = scalarGradient(context);
      return new Calculation(context).summedInto(
        target,
        own.sizes,
        times,
        gradient,
        difference,
        factor,
      ).calls;
    },
  };
};

const Logistic: Lowering = (context) => {
  const { node, columns, value, allocate } = context;
  const [y, p, weights] = operandsOf(context);
  // asked for a gradient of the labels, the portable engine refuses
  if (y === undefined || p === undefined || node.inputs[0]?.needsGradient === true) {
    return undefined;
  }
  const forward = new Calculation(context);
  const likelihood = forward.binary(BINARY.Likelihood, y, p);
  const logarithms = forward.unary(UNARY.Log, likelihood);
  if (weights === undefined) {
    forward.totalInto(stored(value), logarithms.buffer, -1);
  } else {
    const [sum, total] = [allocate(1), allocate(1)].map((buffer) => ({ buffer, sizes: [1, 1] }));
    if (sum === undefined || total === undefined) return undefined;
    forward
      .innerProductInto(stored(sum.buffer), weights, logarithms)
      .totalInto(stored(total.buffer), weights.buffer)
      .binaryInto(stored(value), BINARY.Divide, sum, total, -columns);
  }
  return {
    // the weighted loss is divided by the sum of all weights
    needsWholeMinibatch: weights !== undefined,
    forward: forward.calls,
    backward(input, target) {
      if (input !== 1) return undefined;
      const calculation = new Calculation(context);
      const inverse = calculation.unary(UNARY.ProtectedReciprocal, likelihood);
      // (1 - 2y) * inverse
      const slope = calculation.binary(times, y, inverse, -2);
      calculation.binaryInto(
        { buffer: slope.buffer, accumulate: 1 },
        BINARY.First,
        inverse,
        inverse,
      );
      const weighted = weights === undefined ? slope : calculation.binary(times, weights, slope);
      const gradient = scalarGradient(context);
      return calculation.summedInto(target, p.sizes, times, gradient, weighted).calls;
    },
  };
};

const ClassificationError: Lowering = ({ inputs, value, columns, node }) => {
  const [labels, z, topN] = inputs;
  if (labels === undefined || z === undefined) return undefined;
  if (labels.floats !== z.floats) return undefined;
  if (node.inputs[1]?.dynamicAxis === undefined) return undefined;
  const sizes = [columns, z.floats / columns];
  const counted =
    topN === undefined
      ? call("classification_error", labels, z, value, ...sizes)
      : call("top_errors", labels, z, topN, value, ...sizes);
  return { forward: [counted], backward: noGradient };
};

const DummyCriterion: Lowering = (context) => {
  const [objective, derivative] = operandsOf(context);
  if (objective === undefined || derivative === undefined) return undefined;
  return {
    forward: new Calculation(context).totalInto(stored(context.value), objective.buffer).calls,
    backward: (input, target) =>
      input === 2
        ? new Calculation(context).binaryInto(target, times, scalarGradient(context), derivative)
            .calls
        : undefined,
  };
};

export const lossLowerings: Readonly<Record<string, Lowering>> = {
  Softmax: ofSamples("softmax", "softmax_gradient"),
  LogSoftmax: ofSamples("log_softmax", "log_softmax_gradient"),
  Hardmax: ofSamples("hardmax"),
  CrossEntropyWithSoftmax,
  CrossEntropy,
  SquareError,
  Logistic,
  ClassificationError,
  DummyCriterion,
};
