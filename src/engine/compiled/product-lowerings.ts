/** Products by kernels: of matrices, of vectors sample by sample, and of a table with one-hot vectors. */

import { elementCount } from "../../operations/shape.js";
import { binaryCalls, type Operand } from "./broadcast.js";
import { Calculation, operandsOf, stored } from "./calculation.js";
import { copyCalls, whole } from "./copies.js";
import { BINARY, UNARY } from "./functions.js";
import type { Buffer } from "./buffers.js";
import { call, type Lowering, type LoweringContext, type Target } from "./lowering.js";

const times = BINARY.ElementTimes;

/** How a product looks as matrices: left [inner x outer], or [outer x inner] where it is transposed, right [count x inner]. */
interface Factors {
  readonly outer: number;
  readonly inner: number;
  readonly isTransposed: 0 | 1;
}

/** A matrix as a factor of a product. */
interface Factor {
  readonly of: Buffer;
  readonly isTransposed: 0 | 1;
}

const asStored = (of: Buffer): Factor => ({ of, isTransposed: 0 });
const transposed = (of: Buffer): Factor => ({ of, isTransposed: 1 });

/** y [count x outer] = right * left. */
function matrixProduct(context: LoweringContext, { outer, inner, isTransposed }: Factors) {
  const { node, inputs, value, gradient, ask, scratch } = context;
  const [a, b] = inputs;
  // the same product for every sample of the left operand has no kernel
  if (a === undefined || b === undefined || node.inputs[0]?.dynamicAxis !== undefined) {
    return undefined;
  }
  const count = b.floats / inner;
  const packed = scratch(ask("gemm_scratch"));
  /** to [m x n] (+)= left [m x k] * right [k x n]; a matrix that is stored transposed has the other size as its pitch */
  const product = (
    { of: left, isTransposed: ofLeft }: Factor,
    { of: right, isTransposed: ofRight }: Factor,
    { buffer, accumulate }: Target,
    [m, n, k]: readonly [number, number, number],
  ) => {
    const pitches = [ofLeft === 0 ? k : m, ofRight === 0 ? n : k, n];
    const sizes = [m, n, k, ofLeft, ofRight, ...pitches];
    return call("gemm", left, right, buffer, packed, ...sizes, accumulate);
  };
  const weights: Factor = { of: a, isTransposed };
  const weightsBack: Factor = { of: a, isTransposed: isTransposed === 0 ? 1 : 0 };
  const [samples, slopes] = [asStored(b), asStored(gradient)];
  return {
    forward: [product(samples, weights, stored(value), [count, outer, inner])],
    backward(input: number, target: Target) {
      if (input === 1) return [product(slopes, weightsBack, target, [count, inner, outer])];
      return [
        isTransposed === 0
          ? product(transposed(b), slopes, target, [inner, outer, count])
          : product(transposed(gradient), samples, target, [outer, inner, count]),
      ];
    },
  };
}

const Times: Lowering = (context) => {
  const { node } = context;
  const shape = node.inputs[0]?.shape ?? [];
  const outputRank = Number(node.settings.outputRank ?? 1);
  const outer = elementCount(shape.slice(0, outputRank));
  const inner = elementCount(shape.slice(outputRank));
  return matrixProduct(context, { outer, inner, isTransposed: 0 });
};

const TransposeTimes: Lowering = (context) => {
  const [left, right] = context.node.inputs;
  const [inner = 1, outer = 1] = left?.shape ?? [];
  const isOfVectors = outer === 1 && elementCount(right?.shape ?? []) === inner;
  if (left?.dynamicAxis === undefined || !isOfVectors) {
    return matrixProduct(context, { outer, inner, isTransposed: 1 });
  }
  return innerProducts(context, inner);
};

/** A product of two vectors in every sample. */
function innerProducts(context: LoweringContext, length: number): ReturnType<Lowering> {
  const vectors = operandsOf(context).map(({ buffer }) => asVectors(buffer, length));
  const [one, other] = vectors;
  if (one === undefined || other === undefined) return undefined;
  if (one.buffer.floats !== other.buffer.floats) return undefined;
  const { value, columns, gradient } = context;
  return {
    forward: [call("inner_products", one.buffer, other.buffer, value, columns, length, 1, 0)],
    backward: (input, target) => {
      const factor = input === 0 ? other : one;
      const slope = { buffer: gradient, sizes: [columns, 1] };
      return new Calculation(context).binaryInto(target, times, slope, factor).calls;
    },
  };
}

const asVectors = (buffer: Operand["buffer"], length: number): Operand => ({
  buffer,
  sizes: [buffer.floats / length, length],
});

const LookupTable: Lowering = (context) => {
  const [outer = 1, inner = 1] = context.node.inputs[0]?.shape ?? [];
  return matrixProduct(context, { outer, inner, isTransposed: 0 });
};

/** Element-wise products of operands in these forms, the gradients summed where an operand is repeated. */
function broadcastProduct(
  context: LoweringContext,
  operands: readonly [Operand, Operand],
  sizes: readonly number[],
): ReturnType<Lowering> {
  const gradient = { buffer: context.gradient, sizes };
  return {
    forward: binaryCalls(times, operands, sizes, stored(context.value), context),
    backward(input, target) {
      const [own, factor] = input === 0 ? operands : [operands[1], operands[0]];
      return new Calculation(context).summedInto(target, own.sizes, times, gradient, factor).calls;
    },
  };
}

const DiagTimes: Lowering = (context) => {
  const [diagonal, x] = context.inputs;
  if (diagonal === undefined || x === undefined) return undefined;
  const length = elementCount(context.node.shape);
  const operands = [asVectors(diagonal, length), asVectors(x, length)] as const;
  return broadcastProduct(context, operands, [context.value.floats / length, length]);
};

/** Element i + m j is a[i] b[j]. */
const KhatriRaoProduct: Lowering = (context) => {
  const [a, b] = operandsOf(context);
  const [left, right] = context.node.inputs;
  if (a === undefined || b === undefined || left === undefined || right === undefined) {
    return undefined;
  }
  const [m, n] = [elementCount(left.shape), elementCount(right.shape)];
  const row = { buffer: a.buffer, sizes: [a.sizes[0] ?? 1, 1, m] };
  const column = { buffer: b.buffer, sizes: [b.sizes[0] ?? 1, n, 1] };
  return broadcastProduct(context, [row, column], [context.value.floats / (m * n), n, m]);
};

const CosDistance: Lowering = (context) => {
  const { columns, value, allocate } = context;
  const length = elementCount(context.node.inputs[0]?.shape ?? []);
  const vectors = operandsOf(context).map(({ buffer }) => asVectors(buffer, length));
  const [one, other] = vectors;
  if (one === undefined || other === undefined) return undefined;
  // one vector for all samples has no kernel
  if (vectors.some(({ sizes }) => sizes[0] !== columns)) return undefined;
  const forward = new Calculation(context);
  const products = (a: Operand, b: Operand): Operand => {
    const buffer = allocate(columns);
    forward.add(call("inner_products", a.buffer, b.buffer, buffer, columns, length, 1, 0));
    return { buffer, sizes: [columns, 1] };
  };
  const inverseNorm = (vector: Operand) =>
    forward.unary(UNARY.ProtectedReciprocal, forward.unary(UNARY.Sqrt, products(vector, vector)));
  const inverses = [inverseNorm(one), inverseNorm(other)] as const;
  const partly = forward.binary(times, products(one, other), inverses[0]);
  const cosines = { buffer: value, sizes: [columns, 1] };
  return {
    forward: forward.binaryInto(stored(value), times, partly, inverses[1]).calls,
    // g (b / (|a| |b|) - y a / |a|^2)
    backward(input, target) {
      const calculation = new Calculation(context);
      const [own, partner, inverse] =
        input === 0 ? [one, other, inverses[0]] : [other, one, inverses[1]];
      const bothInverses = calculation.binary(times, inverses[0], inverses[1]);
      const direction = calculation.binary(times, partner, bothInverses);
      const square = calculation.binary(times, inverse, inverse);
      const along = calculation.binary(times, own, calculation.binary(times, cosines, square));
      const slope = calculation.binary(BINARY.Minus, direction, along);
      const gradient = { buffer: context.gradient, sizes: [columns, 1] };
      return calculation.binaryInto(target, times, gradient, slope).calls;
    },
  };
};

const Diagonal: Lowering = (context) => {
  const { inputs, value, gradient, node } = context;
  const [x] = inputs;
  if (x === undefined) return undefined;
  const size = node.shape[1] ?? 1;
  const diagonal = { begin: 0, steps: [size + 1] };
  return {
    forward: copyCalls({ buffer: x, ...diagonal }, whole(value, [size]), [size], 0),
    backward: (_, { buffer, accumulate }) => [
      ...(accumulate === 0 ? [call("fill_with", buffer, buffer.floats, 0)] : []),
      ...copyCalls(whole(gradient, [size]), { buffer, ...diagonal }, [size], accumulate),
    ],
  };
};

export const productLowerings: Readonly<Record<string, Lowering>> = {
  Times,
  TransposeTimes,
  LookupTable,
  DiagTimes,
  KhatriRaoProduct,
  CosDistance,
  Diagonal,
};
