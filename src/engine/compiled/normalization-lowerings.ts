/** Batch normalisation by kernels; ranks that share a minibatch add up their sums between two calls. */

import { elementCount } from "../../operations/shape.js";
import { stored } from "./calculation.js";
import type { Buffer } from "./buffers.js";
import {
  call,
  copyCall,
  type Call,
  type Exchange,
  type Lowering,
  type LoweringContext,
} from "./lowering.js";

/** The node's inputs, and the numbers that the host has computed. */
interface Given {
  readonly x: Buffer;
  readonly scale: Buffer;
  readonly bias: Buffer;
  readonly running: readonly [mean: Buffer, variance: Buffer, count: Buffer];
  readonly factors: Buffer;
  /** outer, groups, inner */
  readonly sizes: readonly [number, number, number];
}

function given({ node, columns, inputs, supplied }: LoweringContext): Given | undefined {
  const [x, scale, bias, runMean, runVariance, runCount] = inputs;
  if (x === undefined || scale === undefined || bias === undefined) return undefined;
  if (runMean === undefined || runVariance === undefined || runCount === undefined) {
    return undefined;
  }
  if (supplied === undefined) return undefined;
  const elements = elementCount(node.shape);
  const groups = node.settings.spatial === true ? (node.shape.at(-1) ?? 1) : elements;
  const sizes = [columns, groups, elements / groups] as const;
  const running = [runMean, runVariance, runCount] as const;
  return { x, scale, bias, running, factors: supplied, sizes };
}

/** What the forward calls leave for the others. */
interface Statistics {
  readonly mean: Buffer;
  readonly inverse: Buffer;
  readonly nextMean: Buffer;
  readonly nextVariance: Buffer;
  /** sums over the minibatch; the last one is how many numbers a group has */
  readonly totals: Exchange;
}

function normalise(
  { node, value, allocate, exchange }: LoweringContext,
  { x, scale, bias, running: [runMean, runVariance], factors, sizes }: Given,
  { mean, inverse, nextMean, nextVariance, totals }: Statistics,
): Call[] {
  const [outer, groups, inner] = sizes;
  const [means, deviations, squares] = [allocate(groups), allocate(groups), exchange(groups)];
  const epsilon = Number(node.settings.epsilon);
  return [
    call("batch_norm_moments", x, factors, means, deviations, totals.partial, ...sizes),
    ...totals.calls,
    call(
      ...(["batch_norm_deviations", means, deviations, totals.total, factors] as const),
      ...[squares.partial, groups, outer * inner],
    ),
    ...squares.calls,
    call(
      ...(["batch_norm_statistics", totals.total, squares.total, runMean] as const),
      ...[runVariance, factors],
      ...[mean, inverse, nextMean, nextVariance, groups, epsilon],
    ),
    call("batch_norm_apply", x, mean, inverse, scale, bias, value, 0, ...sizes),
  ];
}

/** Gradients of x, scale and bias: all need the same sums, which the first that is asked for computes. */
function differentiate(
  { gradient, allocate, exchange }: LoweringContext,
  { x, scale, factors, sizes }: Given,
  { mean, inverse, totals }: Statistics,
): NonNullable<ReturnType<Lowering>>["backward"] {
  const groups = sizes[1];
  const [sums, products] = [allocate(groups), allocate(groups)];
  let areSummed = false;
  return (input, target) => {
    const calls: Call[] = [];
    if (!areSummed) {
      const from = [gradient, x, mean, inverse] as const;
      calls.push(call("batch_norm_gradient_sums", ...from, sums, products, ...sizes));
    }
    areSummed = true;
    if (input === 1) return [...calls, copyCall(products, target, 1)];
    if (input === 2) return [...calls, copyCall(sums, target, 1)];
    // this rank's own sums are its share of the gradients of scale and bias
    const [allSums, allProducts] = [exchange(groups), exchange(groups)];
    return [
      ...calls,
      copyCall(sums, stored(allSums.partial), 1),
      copyCall(products, stored(allProducts.partial), 1),
      ...allSums.calls,
      ...allProducts.calls,
      call(
        ...(["batch_norm_input_gradient", gradient, x, mean, inverse, scale] as const),
        ...[allSums.total, allProducts.total, totals.total, factors, target.buffer],
        ...[...sizes, target.accumulate],
      ),
    ];
  };
}

const BatchNormalization: Lowering = (context) => {
  const known = given(context);
  if (known === undefined) return undefined;
  const { factors, running, sizes } = known;
  const groups = sizes[1];
  const statistics: Statistics = {
    mean: context.allocate(groups),
    inverse: context.allocate(groups),
    nextMean: context.allocate(groups),
    nextVariance: context.allocate(groups),
    totals: context.exchange(groups + 1),
  };
  const { nextMean, nextVariance } = statistics;
  return {
    forward: normalise(context, known, statistics),
    backward: differentiate(context, known, statistics),
    remember: [call("batch_norm_remember", nextMean, nextVariance, factors, ...running, groups)],
  };
};

export const normalizationLowerings: Readonly<Record<string, Lowering>> = { BatchNormalization };
