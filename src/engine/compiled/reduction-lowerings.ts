/** Sums, means, extrema and the like by kernels, over axes of a sample or over everything. */

import { elements, type Operand } from "./broadcast.js";
import { Calculation, stored } from "./calculation.js";
import { BINARY, REDUCTION, UNARY } from "./functions.js";
import { call, tensorSizes, type Lowering, type LoweringContext, type Target } from "./lowering.js";

/** What is reduced is in the middle. */
type Layout = readonly [outer: number, middle: number, inner: number];

/** undefined for the sequence axis. */
function layoutOf({ node, columns }: LoweringContext): Layout | undefined {
  const axis = Number(node.settings.axis);
  const [input] = node.inputs;
  if (input === undefined || axis < -1) return undefined;
  const sizes = tensorSizes(input, columns);
  if (axis === -1) return [1, elements(sizes), 1];
  if (axis === 0) return [sizes[0] ?? 1, elements(sizes.slice(1)), 1];
  const position = sizes.length - axis;
  return [
    elements(sizes.slice(0, position)),
    sizes[position] ?? 1,
    elements(sizes.slice(position + 1)),
  ];
}

/** target (+)= scale * the gradient of the reduced value, repeated. */
function spread(
  context: LoweringContext,
  [outer, middle, inner]: Layout,
  { buffer, accumulate }: Target,
  scale: number,
) {
  const { gradient } = context;
  const [sizes, steps] =
    inner === 1
      ? [[1, outer, middle] as const, [0, 1, 0] as const]
      : [[outer, middle, inner] as const, [inner, 0, 1] as const];
  const layout = [...sizes, ...steps, ...steps];
  return [call("binary", BINARY.First, gradient, gradient, buffer, ...layout, scale, accumulate)];
}

function sum(context: LoweringContext, layout: Layout, scale: number): ReturnType<Lowering> {
  const { inputs, value } = context;
  const [x] = inputs;
  if (x === undefined) return undefined;
  const squares = sumOfSquares(context, layout, scale);
  if (squares !== undefined) return squares;
  return {
    forward: [call("reduce_sum", x, value, ...layout, scale, 0)],
    backward: (_, target) => spread(context, layout, target, scale),
  };
}

/** The sum along rows of a value multiplied by itself, without the product; undefined for anything else. */
function sumOfSquares(
  { node, value, gradient, valueOf, hasOneUser }: LoweringContext,
  [rows, count, inner]: Layout,
  scale: number,
): ReturnType<Lowering> {
  const [product] = node.inputs;
  if (inner !== 1 || product?.operation.name !== "ElementTimes") return undefined;
  const [factor, other] = product.inputs;
  if (factor === undefined || factor !== other || product.dynamicAxis !== factor.dynamicAxis) {
    return undefined;
  }
  // the product's one user is this node, so that nobody else needs it
  if (!hasOneUser(product)) return undefined;
  const x = valueOf(factor);
  if (x === undefined) return undefined;
  const layout = [1, rows, count, 0, 1, 0, 0, count, 1];
  return {
    forward: [call("inner_products", x, x, value, rows, count, scale, 0)],
    backward: () => undefined,
    bypass: {
      node: factor,
      backward: ({ buffer, accumulate }) => [
        call(
          ...(["binary", BINARY.ElementTimes, gradient, x, buffer] as const),
          ...[...layout, 2 * scale, accumulate],
        ),
      ],
    },
  };
}

/** The gradient of one element: from that of the result g, the result y and the element x. */
type Rule = (calculation: Calculation, x: Operand, y: Operand, g: Operand, to: Target) => void;

const toEqualElements: Rule = (calculation, x, y, g, to) => {
  const isEqual = calculation.binary(BINARY.Equal, x, y);
  calculation.binaryInto(to, BINARY.WhereNotZero, g, isEqual);
};

/** Gradients by the name of the reduction; the place of an extremum has none. */
const RULES: Readonly<Record<string, Rule>> = {
  Max: toEqualElements,
  Min: toEqualElements,
  LogSum(calculation, x, y, g, to) {
    const share = calculation.unary(UNARY.Exp, calculation.binary(BINARY.Minus, x, y));
    calculation.binaryInto(to, BINARY.ElementTimes, g, share);
  },
  Prod(calculation, x, y, g, to) {
    const product = calculation.binary(BINARY.ElementTimes, g, y);
    const inverse = calculation.unary(UNARY.Reciprocal, x);
    calculation.binaryInto(to, BINARY.ElementTimes, product, inverse);
  },
};

const isReduction = (name: unknown): name is keyof typeof REDUCTION =>
  typeof name === "string" && name in REDUCTION;

const ReduceElements: Lowering = (context) => {
  const { axis, reductionOp } = context.node.settings;
  const isSum = reductionOp === "Sum" || reductionOp === "Plus";
  const lowered = reduction(context, reductionOp);
  // over all samples only a sum can be made of partial ones
  return lowered && { ...lowered, needsWholeMinibatch: axis === -1 && !isSum };
};

function reduction(context: LoweringContext, reductionOp: unknown): ReturnType<Lowering> {
  const { inputs, value, gradient } = context;
  const layout = layoutOf(context);
  const [x] = inputs;
  if (layout === undefined || x === undefined) return undefined;
  if (reductionOp === "Sum" || reductionOp === "Plus") return sum(context, layout, 1);
  const [outer, middle, inner] = layout;
  if (reductionOp === "Mean") return sum(context, layout, Math.fround(1 / middle));
  if (!isReduction(reductionOp)) return undefined;
  const rule = RULES[reductionOp];
  const reduced = [outer, 1, inner];
  return {
    forward: [call("reduce", REDUCTION[reductionOp], x, value, ...layout)],
    backward(_, target) {
      if (rule === undefined) return undefined;
      const calculation = new Calculation(context);
      rule(
        calculation,
        { buffer: x, sizes: layout },
        { buffer: value, sizes: reduced },
        { buffer: gradient, sizes: reduced },
        target,
      );
      return calculation.calls;
    },
  };
}

const SumElements: Lowering = (context) => sum(context, [1, context.inputs[0]?.floats ?? 0, 1], 1);

const SumColumnElements: Lowering = (context) => {
  const rows = context.value.floats;
  return sum(context, [rows, (context.inputs[0]?.floats ?? 0) / rows, 1], 1);
};

const MatrixL1Reg: Lowering = (context) => {
  const [x] = context.inputs;
  if (x === undefined) return undefined;
  const flat = { buffer: x, sizes: [1, x.floats] };
  const forward = new Calculation(context);
  return {
    forward: forward.totalInto(stored(context.value), forward.unary(UNARY.Abs, flat).buffer).calls,
    backward(_, { buffer, accumulate }) {
      const repeated = context.allocate(x.floats);
      const ending = [x.floats, accumulate];
      return [
        ...spread(context, [1, x.floats, 1], stored(repeated), 1),
        call("unary_gradient", UNARY.Abs, repeated, x, x, buffer, ...ending),
      ];
    },
  };
};

const MatrixL2Reg: Lowering = (context) => {
  const { inputs, value, gradient } = context;
  const [x] = inputs;
  if (x === undefined) return undefined;
  const flat = { buffer: x, sizes: [1, x.floats] };
  const scalar = (buffer: typeof value) => ({ buffer, sizes: [1, 1] });
  const squares = context.allocate(1);
  return {
    needsWholeMinibatch: true,
    forward: [
      ...new Calculation(context).innerProductInto(stored(squares), flat, flat).calls,
      call("unary", UNARY.Sqrt, squares, value, 1),
    ],
    backward(_, target) {
      const calculation = new Calculation(context);
      const inverse = calculation.unary(UNARY.ProtectedReciprocal, scalar(value));
      const factor = calculation.binary(BINARY.ElementTimes, scalar(gradient), inverse);
      return calculation.binaryInto(target, BINARY.ElementTimes, factor, flat).calls;
    },
  };
};

export const reductionLowerings: Readonly<Record<string, Lowering>> = {
  ReduceElements,
  SumElements,
  SumColumnElements,
  MatrixL1Reg,
  MatrixL2Reg,
};
