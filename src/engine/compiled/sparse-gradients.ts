/**
 * Gradients that are 0 but for one cell a window, as max pooling leaves them, on their way through a layer: its
 * activation and bias touch only those cells.
 */

import { sumCalls } from "./broadcast.js";
import type { Buffer } from "./buffers.js";
import {
  call,
  storedOrAdded,
  tensorSizes,
  type BackwardOfSparse,
  type Call,
  type Lowered,
  type LoweringContext,
  type Sparse,
} from "./lowering.js";

/** Numbers of planes, windows of a plane, cells of a plane. */
function planesOf({ value }: LoweringContext, { values, windows }: Sparse) {
  const count = values.floats / windows;
  return { count, windows, cells: value.floats / count };
}

function scatter(context: LoweringContext, gradient: Sparse, to: Buffer): Call {
  const { count, windows, cells } = planesOf(context, gradient);
  const { values, positions } = gradient;
  return call("add_to_positions", values, positions, to, count, windows, cells);
}

/** @param unaryGradient number of RectifiedLinear among the unary functions */
export function sparseRectifiedLinear(
  context: LoweringContext,
  unaryGradient: number,
): BackwardOfSparse {
  const { value, allocate, scratch } = context;
  const passOn = (gradient: Sparse) => {
    const { count, windows, cells } = planesOf(context, gradient);
    const { values, positions } = gradient;
    const [results, passed] = [allocate(values.floats), allocate(values.floats)];
    const sizes = [count, windows, cells];
    const calls = [
      call("gather_from_positions", value, positions, results, scratch(cells), 0, ...sizes),
      call("unary_gradient", unaryGradient, values, results, results, passed, values.floats, 0),
    ];
    return { calls, gradient: { ...gradient, values: passed } };
  };
  return {
    sparse: (_, gradient) => passOn(gradient),
    dense: (_, gradient, target) => {
      const passed = passOn(gradient);
      return storedOrAdded(target, context, (to) => [
        ...passed.calls,
        scatter(context, passed.gradient, to),
      ]);
    },
  };
}

/** @param dense what an operand receives where cells of a plane have different ones */
export function sparsePlus(context: LoweringContext, dense: Lowered["backward"]): BackwardOfSparse {
  const { node, columns, inputs, value } = context;
  const result = tensorSizes(node, columns);
  return {
    sparse: (position, gradient) =>
      inputs[position]?.floats === value.floats ? { calls: [], gradient } : undefined,
    dense(position, gradient, target) {
      const input = node.inputs[position];
      if (input === undefined) return undefined;
      const { cells, windows } = planesOf(context, gradient);
      const own = tensorSizes(input, columns);
      const inPlane = axesOfPlane(result, cells);
      const isSame = inPlane !== undefined && own.slice(-inPlane).every((size) => size === 1);
      if (isSame && own.length === result.length) {
        const sizes = [...result.slice(0, -inPlane), windows];
        const from = { buffer: gradient.values, sizes };
        return sumCalls(from, [...own.slice(0, -inPlane), 1], target, 1, context);
      }
      return [scatter(context, gradient, context.gradient), ...(dense(position, target) ?? [])];
    },
  };
}

/** How many of the last axes make up a plane. */
function axesOfPlane(sizes: readonly number[], cells: number): number | undefined {
  let product = 1;
  for (let axes = 1; axes < sizes.length; axes++) {
    product *= sizes.at(-axes) ?? 1;
    if (product === cells && (sizes.at(-axes - 1) ?? 0) !== 1) return axes;
  }
  return product === cells ? sizes.length - 1 : undefined;
}
