/** Convolution and its transpose by kernels over planes, dense ones and such as are 0 but for one cell a window. */

import type { Buffer } from "./buffers.js";
import {
  call,
  storedOrAdded,
  type Lowering,
  type LoweringContext,
  type Sparse,
} from "./lowering.js";
import { planarArguments } from "../../operations/own-kernels.js";
import { windowsOf } from "./window-lowerings.js";

type Pass = "convolution" | "convolution_input_gradient" | "convolution_weight_gradient";

/** A cell of a sparse plane costs as much as so many of a dense one, when windows are laid over each other. */
const COST_OF_CELL = 19;

/** True if so few cells are not 0 that a sparse pass is faster than a dense one (bench/kernels.ts). */
const isSparseEnough = ({ values }: Sparse, dense: Buffer) =>
  COST_OF_CELL * values.floats < dense.floats;

/** Calls for planes that are 0 but for one cell a window. @param sizes of the convolution */
function sparsePasses({ ask, scratch }: LoweringContext, sizes: readonly number[]) {
  const pass = (
    kernel: "sparse_convolution_spread" | "sparse_convolution_weight_gradient",
    other: Buffer,
    to: Buffer,
    { values, positions, windows }: Sparse,
  ) => {
    const working = scratch(ask("sparse_convolution_scratch", ...sizes));
    return call(kernel, values, positions, other, to, working, windows, ...sizes);
  };
  // undefined where the kernel for tiles does not fit or a dense convolution is faster
  const tiles = (weights: Buffer, to: Buffer, { values, positions, tile }: Sparse) => {
    if (tile === undefined) return undefined;
    const shape = [tile.height, tile.width, ...sizes];
    const bytes = ask("tile_convolution_scratch", ...shape);
    if (bytes === 0) return undefined;
    const kernel = "tile_convolution_spread";
    return call(kernel, values, positions, weights, to, scratch(bytes), ...shape);
  };
  return {
    weightGradient: (gradient: Buffer, to: Buffer, from: Sparse) =>
      pass("sparse_convolution_weight_gradient", gradient, to, from),
    spread: (weights: Buffer, to: Buffer, from: Sparse) =>
      tiles(weights, to, from) ?? pass("sparse_convolution_spread", weights, to, from),
    /** the same if it is faster than a dense convolution over as many cells as `dense` has */
    fastSpread: (weights: Buffer, to: Buffer, from: Sparse, dense: Buffer) =>
      tiles(weights, to, from) ??
      (isSparseEnough(from, dense)
        ? pass("sparse_convolution_spread", weights, to, from)
        : undefined),
  };
}

export const Convolution: Lowering = (context) => {
  const { node, columns, inputs, value, gradient } = context;
  const windows = windowsOf(node);
  const [weights, input] = inputs;
  if (windows?.planar === undefined || weights === undefined || input === undefined) {
    return undefined;
  }
  const { planar, geometry } = windows;
  const sizes = [columns, planar.channels, geometry.maps, ...planarArguments(planar)];
  const pass = (kernel: Pass, one: Buffer, other: Buffer, to: Buffer) => {
    const bytes =
      kernel === "convolution_weight_gradient"
        ? context.ask("convolution_weight_scratch", ...sizes)
        : context.ask("convolution_scratch", kernel === "convolution" ? 0 : 1, ...sizes);
    return call(kernel, one, other, to, context.scratch(bytes), ...sizes);
  };
  const isTransposed = node.settings.transpose === true;
  const data = node.inputs[1];
  const sparse = isTransposed && data !== undefined ? context.findings.sparse.get(data) : undefined;
  const passes = sparsePasses(context, sizes);
  const [spreading, gathering] = ["convolution_input_gradient", "convolution"] as const;
  return {
    forward: [
      (sparse && passes.fastSpread(weights, value, sparse, input)) ??
        pass(isTransposed ? spreading : gathering, input, weights, value),
    ],
    backward: (position, target) =>
      storedOrAdded(target, context, (to) => {
        if (position === 1) {
          return [pass(isTransposed ? gathering : spreading, gradient, weights, to)];
        }
        if (sparse !== undefined) return [passes.weightGradient(gradient, to, sparse)];
        const [large, small] = isTransposed ? [gradient, input] : [input, gradient];
        return [pass("convolution_weight_gradient", large, small, to)];
      }),
    // a gradient lies over the result: for a transposed convolution over the large planes, which must be dense
    backwardOfSparse: isTransposed
      ? undefined
      : {
          sparse: () => undefined,
          dense: (position, from, target) =>
            storedOrAdded(target, context, (to) => [
              position === 0
                ? passes.weightGradient(input, to, from)
                : passes.spread(weights, to, from),
            ]),
        },
  };
};
