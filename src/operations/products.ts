/** Matrix products (nodes.md 5.1 to 5.3, 5.5, 15.3). CNTK: LinearAlgebraNodes.h, SpecialPurposeNodes.h. */

import { asSamples } from "./broadcast.js";
import { inferredOr, invalid } from "./expect.js";
import { operation, type ComputeContext } from "./operation.js";
import { inferProduct, swapAxes } from "./product-shape.js";
import { setting } from "./settings.js";
import { multiplySparse, multiplyTransposedSparse } from "./sparse-products.js";
import { elementCount, isKnown, printShape, type Shape } from "./shape.js";
import { tf, type Tensor } from "./tensors.js";

const timesSettings = {
  outputRank: setting.u64({ default: 1, since: 3, absent: 1 }),
  inferInputRankToMap: setting.i32({ default: -1, since: 12, absent: -1 }),
};

/** How a product looks as matrices: `left` [contracted x outputs], `right` [rows x contracted], rows over all samples. */
interface Matrices {
  readonly left: Tensor;
  readonly right: Tensor;
}

type Factors = Readonly<Record<"left" | "right", Tensor>>;
type ProductContext = Pick<
  ComputeContext<"left" | "right", unknown, unknown>,
  "shapes" | "shape" | "hasDynamicAxis"
>;

/** Left and right as matrices; stacks of matrices, one a sample, where the left factor has a dynamic axis. */
function asMatrices({ left, right }: Factors, context: ProductContext, outputs: number): Matrices {
  const contracted = elementCount(context.shapes.left) / outputs;
  if (context.hasDynamicAxis[0] !== true) {
    return {
      left: left.reshape([contracted, outputs]),
      right: right.reshape([-1, contracted]),
    };
  }
  return {
    left: left.reshape([left.shape[0], contracted, outputs]),
    right: right.reshape([right.shape[0], -1, contracted]),
  };
}

/** The gradient of the result in the form of `Matrices.right`, with the outputs as columns. */
function gradientMatrix(gradient: Tensor, { left }: Matrices, outputs: number): Tensor {
  if (left.rank === 2) return gradient.reshape([-1, outputs]);
  return gradient.reshape([gradient.shape[0], -1, outputs]);
}

const sizesOf = (shape: Shape) => [...shape].reverse();

const outputsOf = (left: Shape, outputRank: number) => elementCount(left.slice(0, outputRank));

/**
 * Tensor product: the first `outputRank` axes of `left` stay, the others are contracted with the first axes of `right`.
 *
 * Shapes: left [o1 .. or x k1 .. kn], right [k1 .. kn x p1 .. pq x *] -> [o1 .. or x p1 .. pq x *].
 * CNTK: TimesNode.
 */
export const Times = operation({
  inputs: ["left", "right"],
  settings: timesSettings,
  shape(context) {
    const { left, right } = context.shapes;
    const product = inferProduct(left, right, context.settings, context);
    if (isRelabelled(left, product.left)) context.relabel(0, product.left);
    const offered = inferredOr(context, 0, product.left);
    if (context.isFinal && offered.includes(0)) throw unknownDimensions(context.names[0], offered);
    return product.result;
  },
  forward(inputs, context) {
    const outputs = outputsOf(context.shapes.left, context.settings.outputRank);
    const { left, right } = asMatrices(inputs, context, outputs);
    return asSamples(tf.matMul(right, left), sizesOf(context.shape));
  },
  backward: {
    left(gradient, inputs, context) {
      const outputs = outputsOf(context.shapes.left, context.settings.outputRank);
      const matrices = asMatrices(inputs, context, outputs);
      const rows = gradientMatrix(gradient, matrices, outputs);
      return asSamples(tf.matMul(matrices.right, rows, true, false), inputs.left.shape.slice(1));
    },
    right(gradient, inputs, context) {
      const outputs = outputsOf(context.shapes.left, context.settings.outputRank);
      const matrices = asMatrices(inputs, context, outputs);
      const rows = gradientMatrix(gradient, matrices, outputs);
      return asSamples(tf.matMul(rows, matrices.left, false, true), inputs.right.shape.slice(1));
    },
  },
  sparse: {
    input: "right",
    accepts: ({ hasDynamicAxis }) => hasDynamicAxis[0] !== true,
    forward(right, { left }, { shapes, shape, settings: { outputRank } }) {
      const matrix = left.reshape([-1, outputsOf(shapes.left, outputRank)]);
      return asSamples(multiplySparse(right, matrix, 0), sizesOf(shape));
    },
    backward: {
      left(gradient, right, { left }, { shapes, settings: { outputRank } }) {
        const outputs = outputsOf(shapes.left, outputRank);
        const contracted = elementCount(shapes.left) / outputs;
        const rows = gradient.reshape([-1, outputs]);
        return multiplyTransposedSparse(right, rows, contracted, 0).reshape(left.shape);
      },
    },
  },
});

/** The same elements under other sizes, which only the patch of old models makes of a known shape. */
const isRelabelled = (before: Shape, after: Shape) =>
  isKnown(before) && before.length < after.length && elementCount(before) === elementCount(after);

function unknownDimensions(name: string | undefined, shape: Shape) {
  return invalid(
    `'${name ?? ""}' [${printShape(shape)}] has unknown dimensions`,
    "give its dimensions, or make it a parameter whose dimensions can be inferred",
  );
}

/**
 * Product with the transposed left factor, such as the inner product of two vectors.
 *
 * Shapes: left [k x o] or [k], right [k1 .. kn x p1 .. pq x *] -> [o x p1 .. pq x *]; o = 1 for a vector.
 * CNTK: TransposeTimesNode.
 */
export const TransposeTimes = operation({
  inputs: ["left", "right"],
  settings: timesSettings,
  shape(context) {
    const { left, right } = context.shapes;
    if (context.isFinal && left.length > 2) {
      throw invalid(
        `TransposeTimes: expected a left argument of rank 1 or 2, found [${printShape(left)}]`,
      );
    }
    if (context.isFinal && context.settings.outputRank !== 1) {
      throw invalid(`TransposeTimes: expected outputRank 1, found ${context.settings.outputRank}`);
    }
    const options = { ...context.settings, isTransposed: true };
    const product = inferProduct(swapAxes(left), right, options, context);
    const offered = left.length === 1 ? product.left.slice(1) : swapAxes(product.left);
    const known = inferredOr(context, 0, offered);
    if (context.isFinal && known.includes(0)) throw unknownDimensions(context.names[0], known);
    return product.result;
  },
  forward(inputs, context) {
    const { left, right } = asTransposed(inputs, context);
    return asSamples(tf.matMul(right, left, false, true), sizesOf(context.shape));
  },
  backward: {
    left(gradient, inputs, context) {
      const matrices = asTransposed(inputs, context);
      const rows = gradientMatrix(gradient, matrices, columnsOfLeft(context));
      return asSamples(tf.matMul(rows, matrices.right, true, false), inputs.left.shape.slice(1));
    },
    right(gradient, inputs, context) {
      const matrices = asTransposed(inputs, context);
      const rows = gradientMatrix(gradient, matrices, columnsOfLeft(context));
      return asSamples(tf.matMul(rows, matrices.left), inputs.right.shape.slice(1));
    },
  },
  sparse: {
    input: "right",
    accepts: ({ hasDynamicAxis }) => hasDynamicAxis[0] !== true,
    forward(right, { left }, context) {
      const matrix = left.reshape([columnsOfLeft(context), -1]);
      return asSamples(multiplySparse(right, matrix, 1), sizesOf(context.shape));
    },
    backward: {
      left(gradient, right, { left }, context) {
        const outputs = columnsOfLeft(context);
        const contracted = elementCount(context.shapes.left) / outputs;
        const rows = gradient.reshape([-1, outputs]);
        return multiplyTransposedSparse(right, rows, contracted, 1).reshape(left.shape);
      },
    },
  },
});

const columnsOfLeft = ({ shapes }: Pick<ProductContext, "shapes">) => shapes.left[1] ?? 1;

/** As `asMatrices`, but with `left` as [outputs x contracted], which is how its memory reads here. */
function asTransposed(inputs: Factors, context: ProductContext): Matrices {
  const outputs = columnsOfLeft(context);
  const { left, right } = asMatrices(inputs, context, outputs);
  const contracted = elementCount(context.shapes.left) / outputs;
  return { left: left.reshape([...left.shape.slice(0, -2), outputs, contracted]), right };
}

/** A product with operands quantised to 16 bits; not computed here. Shapes as Times. CNTK: QuantizedTimesNode. */
export const QuantizedTimes = operation({
  inputs: ["left", "right"],
  settings: {
    ...timesSettings,
    bitShiftA: setting.u64({ default: 1 }),
    bitShiftB: setting.u64({ default: 1 }),
  },
  unavailable:
    "a product of operands rounded to 16 bits, which CNTK itself cannot make from BrainScript; Times multiplies exactly",
  shape(context) {
    const { left, right } = context.shapes;
    return inferProduct(left, right, context.settings, context).result;
  },
});

/**
 * Product of a table with each of several vectors that are stacked in a sample, usually one-hot.
 *
 * Shapes: table [d x v], x [k*v x *] -> [k*d x *]. CNTK: LookupTableNode.
 */
export const LookupTable = operation({
  inputs: ["table", "x"],
  shape({ shapes: { table, x }, isFinal }) {
    const [rows = 0, columns = 1] = table;
    const parts = elementCount(x) / columns;
    if (isFinal && !Number.isInteger(parts)) {
      throw invalid(
        "Rows in input1 must be multiples of cols in input0.",
        `the table is [${printShape(table)}], the input [${printShape(x)}]`,
      );
    }
    return [Number.isInteger(parts) ? parts * rows : 0];
  },
  forward: ({ table, x }, { shape }) =>
    asSamples(tf.matMul(partsOf(x, table), tableMatrix(table)), sizesOf(shape)),
  backward: {
    table: (gradient, { table, x }) =>
      asSamples(
        tf.matMul(partsOf(x, table), gradientOfParts(gradient, table), true, false),
        table.shape.slice(1),
      ),
    x: (gradient, { table, x }) =>
      asSamples(
        tf.matMul(gradientOfParts(gradient, table), tableMatrix(table), false, true),
        x.shape.slice(1),
      ),
  },
});

const tableMatrix = (table: Tensor) => table.reshape(table.shape.slice(1));
const partsOf = (x: Tensor, table: Tensor) => x.reshape([-1, table.shape[1] ?? 1]);
const gradientOfParts = (gradient: Tensor, table: Tensor) =>
  gradient.reshape([-1, table.shape[2] ?? 1]);
